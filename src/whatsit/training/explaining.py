"""Heat maps of a learner: exact ones, and by gradients where the backbone gives no exact ones."""

import numpy as np

from whatsit.checks import require_class
from whatsit.extras import needing
from whatsit.heat_map import HeatMap, scaled
from whatsit.i18n import Message
from whatsit.images import Picture
from whatsit.model import Model
from whatsit.training.layers import Layers


def explain(model: Model, layers: Layers, image: Picture, label: str | None) -> HeatMap:
    """What of a picture speaks for a class, by default the likeliest."""
    if model.has_heat_maps:
        return model.explain(image, label)[1]
    with needing(Message("training.gradient_heat_map")):
        from whatsit.finetune.gradients import gradient_maps  # captum takes a second to import
        from whatsit.finetune.head import Head

    pixels = model.preprocess.load(image)
    prediction = model.from_pixels(pixels[None]).prediction(0)
    label = prediction.label if label is None else label
    require_class(label, model.classes)
    number = np.array([model.classes.index(label)])
    values = gradient_maps(layers.module, Head.of(layers.head.weights()), pixels[None], number)[0]
    return prediction.explained(HeatMap(label, pixels, values, scaled(values)))
