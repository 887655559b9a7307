"""Heat maps of a learner: exact where the head follows an average of places, by gradients elsewhere."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from torch import nn

from whatsit.engine import Engine, Precision
from whatsit.parallel import in_parallel
from whatsit.preprocess import Preprocess
from whatsit.train import head as heads
from whatsit.train.backbones import Backbone
from whatsit.train.export import with_head
from whatsit.understand.heat_maps import HeatMap, scaled


def explain(
    paths: Sequence[Path],
    numbers: Sequence[int],
    classes: Sequence[str],
    head: heads.Head,
    backbone: Backbone,
    body: Callable[[], nn.Module],
    preprocess: Preprocess,
    precision: Precision,
) -> list[HeatMap]:
    """What of each picture speaks for its class, of which `numbers` are the places in `classes`.

    `body` gives the backbone in PyTorch, which gradients need. Raises ImageError and BackboneError.
    """
    pixels = list(in_parallel(preprocess.load, paths))
    network = Engine(with_head(backbone.network, *heads.as_linear(head)), precision)
    labels = [classes[number] for number in numbers]
    asked = list(zip(labels, numbers, pixels, strict=True))
    if "heat_map" in network.first:
        return [
            HeatMap.exact(label, number, picture, network(picture[None])["heat_map"][0])
            for label, number, picture in asked
        ]
    if not asked:
        return []
    from whatsit.train.gradients import gradient_maps  # captum takes a second to import

    maps = gradient_maps(body(), head, np.stack(pixels), np.array(numbers))
    return [
        HeatMap(label, picture, values, scaled(values))
        for (label, _, picture), values in zip(asked, maps, strict=True)
    ]
