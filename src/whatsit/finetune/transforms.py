"""Augmentation: what a photo may look like and still show the same, a batch at a time, on any device."""

import math

import torch
from torch import nn
from torch.nn.functional import affine_grid, grid_sample

from whatsit.checks import described, is_number
from whatsit.errors import WhatsitError
from whatsit.i18n import Message

ASPECT = 4 / 3  # of a random part of the picture, at most, either way


def transforms(
    flip: bool = True,
    flip_vert: bool = False,
    max_rotate: float = 10.0,
    max_zoom: float = 1.1,
    max_lighting: float = 0.2,
    max_warp: float = 0.2,
    p_affine: float = 0.75,
    p_lighting: float = 0.75,
    min_area: float = 1.0,
) -> nn.Module:
    """What is done to each picture at random while it is trained on, with the names of the lesson's library.

    `flip` mirrors every other picture; `flip_vert` also turns them upside down and by 90 degrees, as for
    satellite and microscope pictures. `max_rotate` is in degrees, `max_zoom` a factor, `max_warp` how far the
    camera may be moved aside (0 to 1); each happens with probability `p_affine`. `max_lighting` (0 to 1)
    changes brightness and contrast with probability `p_lighting`. `min_area` below 1 takes a random part of
    the picture with at least that share of its area (random resized crop). Raises WhatsitError.
    """
    ranges = {
        "max_rotate": (max_rotate, 0, 180),
        "max_zoom": (max_zoom, 1, 10),
        "max_lighting": (max_lighting, 0, 0.9),
        "max_warp": (max_warp, 0, 0.9),
        "p_affine": (p_affine, 0, 1),
        "p_lighting": (p_lighting, 0, 1),
        "min_area": (min_area, 0.01, 1),
    }
    for name, (value, least, most) in ranges.items():
        if not is_number(value, least, most):
            raise WhatsitError(
                Message("backbone.augmentation", name=name, given=described(value), least=least, most=most)
            )
    geometry = Geometry(flip, flip_vert, max_rotate, max_zoom, max_warp, p_affine, min_area)
    return nn.Sequential(geometry, Lighting(max_lighting, p_lighting))


class _Shown(nn.Module):
    """A module that shows what it was made with."""

    def extra_repr(self) -> str:
        """The numbers, by name."""
        named = ((name, value) for name, value in vars(self).items() if name != "training")
        return ", ".join(f"{name}={value}" for name, value in named if isinstance(value, int | float))


class Geometry(_Shown):
    """Mirror, turn, zoom, warp and crop in one step, each picture of a batch (n, 3, h, w) in its own way."""

    def __init__(
        self,
        flip: bool,
        flip_vert: bool,
        max_rotate: float,
        max_zoom: float,
        max_warp: float,
        p_affine: float,
        min_area: float,
    ) -> None:
        super().__init__()
        self.flip, self.flip_vert = flip, flip_vert
        self.max_rotate, self.max_zoom, self.max_warp = max_rotate, max_zoom, max_warp
        self.p_affine, self.min_area = p_affine, min_area

    def homographies(self, count: int) -> torch.Tensor:
        """One of (count, 3, 3) for each: from places in the new picture to places in the old, -1 to 1."""

        def between(low: float, high: float, p: float = 1.0, otherwise: float = 0.0) -> torch.Tensor:
            value = torch.rand(count) * (high - low) + low
            return torch.where(torch.rand(count) < p, value, otherwise)

        def sign(wanted: bool) -> torch.Tensor:
            return torch.where(torch.rand(count) < 0.5 * wanted, -1.0, 1.0)

        angle = between(-self.max_rotate, self.max_rotate, self.p_affine) * math.pi / 180
        if self.flip_vert:
            angle = angle + torch.randint(4, (count,)) * math.pi / 2
        zoom = 1 / between(1, self.max_zoom, self.p_affine, 1.0)
        side = torch.sqrt(between(self.min_area, 1)) * zoom
        aspect = torch.exp(between(-1, 1) * math.log(ASPECT) / 2) if self.min_area < 1 else torch.ones(count)
        wide, high = (side * aspect).clamp(max=1), (side / aspect).clamp(max=1)
        part = torch.zeros(count, 3, 3)
        part[:, 0, 0], part[:, 0, 2] = wide * sign(self.flip), between(-1, 1) * (1 - wide)
        part[:, 1, 1], part[:, 1, 2] = high * sign(self.flip_vert), between(-1, 1) * (1 - high)
        part[:, 2, 2] = 1
        turn = torch.zeros(count, 3, 3)
        turn[:, 0, 0] = turn[:, 1, 1] = torch.cos(angle)
        turn[:, 1, 0], turn[:, 0, 1] = torch.sin(angle), -torch.sin(angle)
        turn[:, 2, 2] = 1
        warp = torch.eye(3).repeat(count, 1, 1)
        warp[:, 2, 0] = between(-self.max_warp, self.max_warp, self.p_affine) / 2
        warp[:, 2, 1] = between(-self.max_warp, self.max_warp, self.p_affine) / 2
        return part @ turn @ warp

    def forward(self, inpt: torch.Tensor) -> torch.Tensor:
        """The batch, sampled once; what lies outside a picture is its reflection."""
        matrix = self.homographies(len(inpt)).to(inpt.device, non_blocking=True)
        only_mirrors = not (self.max_rotate or self.flip_vert or self.max_warp) and self.max_zoom == 1
        if only_mirrors and self.min_area == 1:
            return torch.where((matrix[:, 0, 0] < 0).view(-1, 1, 1, 1), inpt.flip(3), inpt)
        flat = affine_grid(
            torch.eye(2, 3, device=inpt.device)[None], [1, *inpt.shape[1:]], align_corners=False
        )
        places = torch.cat([flat, torch.ones_like(flat[..., :1])], 3).view(1, -1, 3) @ matrix.transpose(1, 2)
        grid = (places[..., :2] / places[..., 2:]).view(len(inpt), *inpt.shape[2:], 2)
        return grid_sample(inpt, grid, padding_mode="reflection", align_corners=False)


class Lighting(_Shown):
    """Brightness and contrast as torchvision means them; a batch is (n, 3, h, w), from 0 to 255."""

    def __init__(self, most: float, p: float) -> None:
        super().__init__()
        self.most, self.p = most, p

    def forward(self, inpt: torch.Tensor) -> torch.Tensor:
        """The batch in another light: a factor for the brightness of each, and one for its contrast."""
        brightness, contrast = (self._factors(len(inpt)).to(inpt.device, non_blocking=True) for _ in range(2))
        if not self.most:
            return inpt
        bright = inpt * brightness
        mean = bright.mean((1, 2, 3), keepdim=True)
        return torch.lerp(mean, bright, contrast).clamp(0, 255)

    def _factors(self, count: int) -> torch.Tensor:
        changed = torch.rand(count) < self.p
        return torch.where(changed, 1 + (torch.rand(count) * 2 - 1) * self.most, 1.0).view(-1, 1, 1, 1)
