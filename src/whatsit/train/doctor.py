"""What a history of training tells, in words: the rules of thumb of the lesson's author, with their chance.

Nothing here needs a model: a history, how many classes and validation pictures there are, and the confusion
matrix where it is known.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from whatsit.train.history import Epoch
from whatsit.understand.metrics import Evaluation

Sign = Literal[
    "rate too high",
    "rate too low",
    "too few epochs",
    "too many epochs",
    "nothing learnt",
    "one class for all",
    "class never recognised",
    "class not measured",
    "few validation pictures",
]
FAULTS: tuple[Sign, ...] = (
    "rate too high",
    "rate too low",
    "too few epochs",
    "too many epochs",
    "nothing learnt",
    "one class for all",
)
EXPLODED = 3.0  # times log(classes), which is what guessing costs
SLOW = 0.75  # of log(classes): validation loss above it after several epochs is hardly better than guessing
STUCK = 0.97  # of log(classes)
ABOVE = 1.5  # training loss over validation loss, that says train on
SETTLED = 0.3  # training loss below which nobody needs to train on
FEW = 100  # validation pictures: one is more than a point
Z = 2.33  # one-sided 1 %, since the best of many epochs is partly luck


@dataclass(frozen=True)
class Finding:
    """One thing that the history shows, and what to do."""

    sign: Sign
    what: str
    advice: str

    def __str__(self) -> str:
        return f"{self.what} {self.advice}".strip()


@dataclass(frozen=True)
class Diagnosis:
    """All findings, the gravest first; `summary` says how it went in one sentence."""

    findings: list[Finding]
    summary: str
    overfitting: str

    @property
    def is_healthy(self) -> bool:
        """Whether training itself went well, whatever there is to say of the pictures."""
        return not any(finding.sign in FAULTS for finding in self.findings)

    def __str__(self) -> str:
        return "\n".join([self.summary, *map(str, self.findings)])


def diagnose(
    epochs: Sequence[Epoch], classes: int, valid_images: int, evaluation: Evaluation | None = None
) -> Diagnosis:
    """What happened in training, from the epochs of one fit, and what to do.

    `classes` is how many there are, `valid_images` how many pictures the error rate was measured on, and
    `evaluation` what was taken for what, where that is known.
    """
    guess = math.log(max(2, classes))
    findings = [
        finding
        for finding in (
            _too_high(epochs, guess)
            or _stuck(epochs, guess)
            or _too_low(epochs, guess)
            or _too_few(epochs, valid_images)
            or _too_many(epochs, valid_images),
            *(_of_classes(evaluation) if evaluation else ()),
            _too_small(valid_images),
        )
        if finding is not None
    ]
    return Diagnosis(findings, _summary(epochs, valid_images), _overfitting(epochs, valid_images))


def _too_high(epochs: Sequence[Epoch], guess: float) -> Finding | None:
    last = epochs[-1]
    losses = (last.train_loss, last.valid_loss)
    if all(math.isfinite(loss) and loss <= EXPLODED * guess for loss in losses):
        return None
    return Finding(
        "rate too high",
        f"The learning rate was too high: the validation loss is {_number(last.valid_loss)}, and guessing "
        f"alone would give {guess:.2f}.",
        "Begin again with a new learner and a tenth of the rate; the number of epochs doesn't matter.",
    )


def _stuck(epochs: Sequence[Epoch], guess: float) -> Finding | None:
    best = min(epoch.valid_loss for epoch in epochs)
    falls = epochs[0].error_rate - epochs[-1].error_rate > 0.05
    if best < STUCK * guess or falls or len(epochs) < 3:
        return None
    learns_by_heart = epochs[-1].train_loss < 0.5 * guess
    advice = (
        "It learns the training pictures by heart, and that does not help with others: are the labels right?"
        if learns_by_heart
        else "Train with ten times the rate; if that changes nothing, look at the labels: whatsit show."
    )
    return Finding(
        "nothing learnt",
        f"Nothing was learnt: the validation loss stays at {best:.2f}, and guessing alone gives {guess:.2f}.",
        advice,
    )


def _too_low(epochs: Sequence[Epoch], guess: float) -> Finding | None:
    """Error and loss fall slowly and steadily, and are still far from anything."""
    if len(epochs) < 3 or epochs[-1].valid_loss < SLOW * guess:
        return None
    losses = [epoch.valid_loss for epoch in epochs]
    falls = sum(after < before for before, after in itertools.pairwise(losses))
    if falls < 0.8 * (len(losses) - 1) or epochs[-1].train_loss < losses[-1]:
        return None
    return Finding(
        "rate too low",
        f"The learning rate is too low: after {len(epochs)} epochs the error rate has come down from "
        f"{epochs[0].error_rate:.1%} to {epochs[-1].error_rate:.1%}, slowly and steadily.",
        "Train with ten times the rate, and if that is still slow, with a hundred times.",
    )


def _too_few(epochs: Sequence[Epoch], images: int) -> Finding | None:
    """Training loss well above validation loss, and the error rate still falls or was seen only once."""
    last = epochs[-1]
    if last.train_loss < max(SETTLED, ABOVE * last.valid_loss):
        return None
    if len(epochs) > 1 and not _is_beyond_chance(last.error_rate, epochs[-2].error_rate, images):
        return None
    return Finding(
        "too few epochs",
        f"Too few epochs: the training loss {last.train_loss:.2f} is still well above the validation loss "
        f"{last.valid_loss:.2f}"
        + (", and the error rate still falls." if len(epochs) > 1 else ", after a single epoch."),
        "Train on for more epochs; raise the rate only if that does not help.",
    )


def _too_many(epochs: Sequence[Epoch], images: int) -> Finding | None:
    """The error rate got better and then worse, by more than chance."""
    if len(epochs) < 4:
        return None
    window = min(3, len(epochs) // 4 + 1)  # a single epoch is partly luck
    errors = [epoch.error_rate for epoch in epochs]
    means = [sum(errors[n : n + window]) / window for n in range(len(errors) - window + 1)]
    best = min(range(len(means)), key=means.__getitem__)
    if not _is_beyond_chance(means[best], means[-1], images):
        return None
    return Finding(
        "too many epochs",
        f"Too many epochs: the error rate was {means[best]:.1%} around epoch {epochs[best].epoch} and is "
        f"{means[-1]:.1%} now, which is more than chance on {images} pictures.",
        "Stop earlier, or give it more pictures or more augmentation.",
    )


def _is_beyond_chance(lower: float, higher: float, images: int) -> bool:
    """Whether two error rates on so many pictures differ by more than chance (two proportions, one-sided)."""
    if images < 1 or higher <= lower:
        return False
    spread = math.sqrt((lower * (1 - lower) + higher * (1 - higher)) / images)
    return higher - lower > max(Z * spread, 1.5 / images)


def _of_classes(evaluation: Evaluation) -> list[Finding]:
    found = []
    confusion = evaluation.confusion
    predicted, actual = confusion.sum(0), confusion.sum(1)
    present = [label for label, count in zip(evaluation.classes, actual, strict=True) if count]
    top = int(predicted.argmax())
    if len(present) > 1 and evaluation.images >= 10 and predicted[top] > 0.97 * evaluation.images:
        return [
            Finding(
                "one class for all",
                f"It takes nearly everything for {evaluation.classes[top]}.",
                "Balance the classes, or train longer or with a higher rate.",
            )
        ]
    for number, label in enumerate(evaluation.classes):
        if not actual[number]:
            found.append(
                Finding(
                    "class not measured",
                    f"There is no validation picture of {label}, so nobody knows how well it is recognised.",
                    "Add pictures of it.",
                )
            )
        elif actual[number] >= 5 and confusion[number, number] <= 0.1 * actual[number]:
            other = int(confusion[number].argmax())
            found.append(
                Finding(
                    "class never recognised",
                    f"{label} is hardly ever recognised: {int(confusion[number, other])} of "
                    f"{int(actual[number])} are taken for {evaluation.classes[other]}.",
                    "Are these two different to the eye? Look at their labels, or add pictures.",
                )
            )
    return found


def _too_small(images: int) -> Finding | None:
    if images >= FEW:
        return None
    pictures = "picture is" if images == 1 else "pictures are"
    return Finding(
        "few validation pictures",
        f"{images} validation {pictures} few: one of them is {100 / max(1, images):.1f} points.",
        "Don't make much of small differences.",
    )


def _summary(epochs: Sequence[Epoch], images: int) -> str:
    best = min(epoch.error_rate for epoch in epochs)
    last = epochs[-1].error_rate
    times = "epoch" if len(epochs) == 1 else "epochs"
    ended = f"After {len(epochs)} {times} the error rate is {last:.1%} on {images} validation pictures"
    return f"{ended}; the lowest was {best:.1%}." if best < last else f"{ended}, the lowest so far."


def _overfitting(epochs: Sequence[Epoch], images: int) -> str:
    """What to say when asked whether it overfits."""
    last = epochs[-1]
    losses = f"the training loss {last.train_loss:.3f}", f"the validation loss {last.valid_loss:.3f}"
    if (found := _too_many(epochs, images)) is not None:
        return f"Yes: {found.what}"
    if last.train_loss < last.valid_loss:
        return (
            f"No. That {losses[0]} is below {losses[1]} is how a properly trained model looks; overfitting "
            "is an error rate that gets worse."
        )
    return f"No: {losses[0]} is still above {losses[1]}, a hint that it could train on."


def _number(value: float) -> str:
    return f"{value:,.2f}" if math.isfinite(value) else "not a number"
