"""Training pictures whose labels held-out answers contradict."""

import numpy as np

from whatsit.report.suspects import Suspect
from whatsit.training.calibration import Calibration
from whatsit.training.state import State
from whatsit.understand.label_errors import LabelNoise, estimate_noise

SURE = 0.9  # of another class than the label


def noise_of(state: State, calibration: Calibration) -> LabelNoise | None:
    """How many labels of the training pictures are wrong, by heads that were not trained on them.

    None where the backbone was trained: it has memorized wrong labels too.
    """
    found, classes = calibration.held_out(), state.data.classes
    if found.split != "train" or not found.images:
        return None
    numbers = {label: number for number, label in enumerate(classes)}
    labels = {item.content: numbers[item.label] for item in state.catalog["train"]}
    places = np.array([labels.get(content.tobytes().hex(), -1) for content in found.contents])
    is_there = places >= 0
    probabilities = found.probabilities[is_there].astype(np.float64)
    return estimate_noise(places[is_there], probabilities, tuple(classes))


def suspects_of(state: State, calibration: Calibration) -> list[Suspect]:
    """Training pictures that a head not trained on them surely classifies as another class, surest first.

    Those whose label somebody decided on in a review are left out.
    """
    found, classes = calibration.held_out(), state.data.classes
    if found.split != "train":
        return []
    answers = dict(zip(map(bytes, found.contents), found.probabilities, strict=True))
    decided = {one.content: one for one in state.project.decided.holding()}
    suspects = []
    for item in state.catalog["train"]:
        answer = answers.get(bytes.fromhex(item.content))
        if (one := decided.get(item.content)) and one.settles(item.label):
            continue
        if answer is not None and answer.max() >= SURE and classes[answer.argmax()] != item.label:
            suspects.append(Suspect(item.path, item.label, classes[answer.argmax()], float(answer.max())))
    return sorted(suspects, key=lambda one: (-one.probability, one.path))
