"""How pictures are changed while they are trained on."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import nn

from whatsit.checks import is_number
from whatsit.fastai1.explained import explained
from whatsit.finetune.transforms import transforms
from whatsit.i18n import say
from whatsit.tables import paragraph
from whatsit.text import brief

HALF_TURN = 180.0  # degrees to either side: any rotation there is
imagenet_stats = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


@dataclass(frozen=True, repr=False)
class Transforms:
    """Random changes of training pictures: `module` makes them, `settings` are what they were asked for with.

    They are made from `unfreeze` on. While the backbone is frozen, its features of each picture are computed
    once, of one view: the middle of the picture as it is.
    """

    module: nn.Module
    settings: Mapping[str, float]

    def __repr__(self) -> str:
        return brief(self, ", ".join(f"{name}={value}" for name, value in self.settings.items()))

    def _repr_html_(self) -> str:
        return paragraph(f"{repr(self)[1:-1]}. {say('lesson_data.while_frozen')}")


@explained
def get_transforms(
    do_flip: bool = True,
    flip_vert: bool = False,
    max_rotate: float = 10.0,
    max_zoom: float = 1.1,
    max_lighting: float = 0.2,
    max_warp: float = 0.2,
    p_affine: float = 0.75,
    p_lighting: float = 0.75,
) -> Transforms:
    """Random changes, by the names and values of fastai 1; `whatsit.transforms` says what each of them means.

    They change pictures from `unfreeze` on: while the backbone is frozen, each picture has one view.
    """
    settings = {
        "max_rotate": min(max_rotate, HALF_TURN) if is_number(max_rotate) else max_rotate,
        "max_zoom": max_zoom,
        "max_lighting": max_lighting,
        "max_warp": max_warp,
        "p_affine": p_affine,
        "p_lighting": p_lighting,
    }
    module = transforms(do_flip, flip_vert, **settings)
    return Transforms(module, {"do_flip": do_flip, "flip_vert": flip_vert, **settings})
