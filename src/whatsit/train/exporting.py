"""A learner as a bundle."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from whatsit import engine, trial
from whatsit.bundle import Bundle
from whatsit.errors import BundleError, NetworkError
from whatsit.train import head as heads
from whatsit.train.export import with_head
from whatsit.version import version_of

if TYPE_CHECKING:
    from whatsit.train.learner import Learner

MOST_COMPARED = 128  # pictures: enough to tell how often two precisions agree


def bundle_of(learner: "Learner") -> Bundle:
    """What is deployed of a learner; the same training gives the same.

    Raises BundleError for a network that no bundle may hold.
    """
    weight, bias = heads.as_linear(learner.head)
    network = with_head(learner.backbone.network, weight, bias)
    try:
        trial.require_exportable(network)
    except NetworkError as error:
        what = f"A bundle can't hold {learner.backbone.name}: its network {error.what}"
        raise BundleError(what, "Take another backbone, or a smaller --size.") from error
    trial.trust(network, learner.precision)
    valid, novelty = learner.data.of("valid"), learner.novelty()
    metrics: dict[str, Any] = {
        "split": "valid",
        "images": len(valid.labels),
        "accuracy": round(learner.evaluate("valid").accuracy, 6),
        "fp32_agreement": round(_fp32_agreement(learner), 6),
    }
    called_new, images = learner.false_alarms() or (0, 0)
    if images:
        metrics["false_alarms"] = round(called_new / images, 6)
    metrics["calibrated_on"] = learner.held_out.split
    if learner.is_fine_tuned:
        metrics["fine_tuned"] = True
    return Bundle(
        classes=learner.classes,
        preprocess=learner.preprocess,
        precision=learner.precision,
        network=network,
        split=asdict(learner.catalog.rule),
        metrics=metrics,
        versions=versions(learner),
        temperature=round(learner.temperature, 6) if learner.held_out.images else None,
        novelty=None if novelty is None else novelty.to_bytes(),
    )


def versions(learner: "Learner") -> dict[str, str]:
    """Of what it was made with."""
    packages = ("whatsit", "torch", "timm")
    return {
        **{package: version_of(package) for package in packages},
        "backbone": learner.backbone.name,
        "openvino": engine.version(),
    }


def _fp32_agreement(learner: "Learner") -> float:
    """The share of up to MOST_COMPARED validation pictures that get the same label at fp32, 0..1."""
    if learner.precision == "fp32":
        return 1.0
    valid = learner.catalog["valid"]
    few = valid.select(np.argsort(valid.rows["content"])[:MOST_COMPARED])
    served, exact = (
        heads.logits_of(learner.head, torch.from_numpy(learner.data.features(few, precision).vectors))
        for precision in (learner.precision, "fp32")
    )
    return (served.argmax(1) == exact.argmax(1)).float().mean().item()
