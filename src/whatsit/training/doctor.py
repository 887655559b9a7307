"""What a history of training tells, in words: the rules of thumb of the lesson's author, with their chance.

Nothing here needs a model: a history, how many classes and validation pictures there are, and the confusion
matrix where it is known.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from whatsit.tables import table
from whatsit.text import brief
from whatsit.training.history import Epoch
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
EXPLODED = 5.0  # times log(classes), which is what guessing costs; a sound training never comes near it
FAR = 3.0  # times log(classes), at the end
THROWN = 2.0  # times log(classes), the mean training loss of an epoch; the lesson's sound ones reach 1.4
SLOW = 0.75  # of log(classes): a validation loss above it is hardly better than guessing
LOW = 1e-4  # a rate with which a head learns nothing in a few epochs
SETTLED = 0.3  # training loss below which nobody needs to train on
FEW = 100  # validation pictures: one is more than a point
Z = 2.33  # one-sided 1 %, since the best of many epochs is partly luck


@dataclass(frozen=True)
class Finding:
    """One thing that the history shows, and what to do."""

    sign: Sign
    what: str
    advice: str
    label: str = ""  # of the class concerned, if it is one

    def __str__(self) -> str:
        return f"{self.what} {self.advice}".strip()

    def __repr__(self) -> str:
        return brief(self, f"{self.sign}. {self}")


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

    def in_words(self) -> list[tuple[str, str, str]]:
        """Sign, words, and the class concerned or "", of each finding."""
        return [(finding.sign, str(finding), finding.label) for finding in self.findings]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "healthy": self.is_healthy,
            "summary": self.summary,
            "findings": [asdict(finding) for finding in self.findings],
        }

    def __str__(self) -> str:
        return "\n".join([self.summary, *map(str, self.findings)])

    def __repr__(self) -> str:
        signs = ", ".join(dict.fromkeys(finding.sign for finding in self.findings))
        return brief(self, f"{signs or 'nothing to improve'}. {self.summary}")

    def _repr_html_(self) -> str:
        rows = [(one.sign, one.what, one.advice) for one in self.findings]
        return table({"sign": "", "what it shows": "", "what to do": ""}, rows, self.summary)


def diagnose(
    epochs: Sequence[Epoch],
    classes: int,
    valid_images: int,
    evaluation: Evaluation | None = None,
    lr: float | None = None,
    before: Sequence[Epoch] = (),
) -> Diagnosis:
    """What happened in training, from the epochs of one fit, and what to do.

    `classes` is how many there are, `valid_images` how many pictures the error rate was measured on;
    `evaluation` what was taken for what, and `lr` the highest learning rate, where they are known; `before`
    are the epochs of earlier fits, if this one trained on.
    Raises ValueError where there is no epoch.
    """
    if not epochs:
        raise ValueError("nothing was trained yet")
    guess = math.log(max(2, classes))
    fault = (
        _too_high(epochs, guess)
        or _too_many(epochs, valid_images)
        or _too_little(epochs, max(2, classes), valid_images, lr)
        or _too_few([*before[-1:], *epochs], valid_images)
    )
    findings = [fault] if fault else []
    if evaluation and (
        fault is None or fault.sign not in ("rate too high", "rate too low", "nothing learnt")
    ):
        findings += _of_classes(evaluation)
    if valid_images < FEW:
        findings.append(_too_small(valid_images))
    summary = _summary(epochs, valid_images, before)
    return Diagnosis(findings, summary, _overfitting(epochs, valid_images))


def _too_high(epochs: Sequence[Epoch], guess: float) -> Finding | None:
    train, valid = ([getattr(epoch, name) for epoch in epochs] for name in ("train_loss", "valid_loss"))
    is_train_sound = all(loss <= THROWN * guess for loss in train)  # no comparison with NaN holds
    is_valid_sound = all(loss <= EXPLODED * guess for loss in valid) and valid[-1] <= FAR * guess
    if is_train_sound and is_valid_sound:
        return None
    which, losses = ("training", train) if is_valid_sound else ("validation", valid)
    came_to = f"{max(losses):,.2f}" if all(map(math.isfinite, losses)) else "infinity"
    return Finding(
        "rate too high",
        f"The learning rate was too high: the {which} loss came to {came_to}; guessing costs {guess:.2f}.",
        "Begin again with a new learner and a tenth of the rate; the number of epochs doesn't matter.",
    )


def _too_little(epochs: Sequence[Epoch], classes: int, images: int, lr: float | None) -> Finding | None:
    """After several epochs the predictions are hardly better than guessing: too slow, or not at all."""
    first, last, guess = epochs[0], epochs[-1], math.log(classes)
    is_poor = last.valid_loss >= SLOW * guess and last.error_rate > 0.5 * (1 - 1 / classes)
    if len(epochs) < 3 or not is_poor:
        return None
    compared = f"the validation loss is {last.valid_loss:.2f}, where guessing costs {guess:.2f}"
    if last.train_loss < 0.5 * last.valid_loss:
        return Finding(
            "nothing learnt",
            f"It learns the training pictures by heart and nothing that helps with others: {compared}.",
            "Are the labels right? Look at some with whatsit show.",
        )
    falls = last.valid_loss < 0.97 * first.valid_loss
    if (
        falls
        or _is_beyond_chance(last.error_rate, first.error_rate, images)
        or (lr is not None and lr <= LOW)
    ):
        return Finding(
            "rate too low",
            f"The learning rate is too low: in {len(epochs)} epochs the error rate came from "
            f"{first.error_rate:.1%} to {last.error_rate:.1%}, and {compared}.",
            "Train with ten times the rate, and if that is still slow, with a hundred times.",
        )
    return Finding(
        "nothing learnt",
        f"Nothing was learnt: {compared}.",
        "Train with ten times the rate; if that changes nothing, look at the labels: whatsit show.",
    )


def _too_few(epochs: Sequence[Epoch], images: int) -> Finding | None:
    """A single epoch that left a high loss, or a training loss above the validation loss while the error rate
    still falls.
    """
    last = epochs[-1]
    if len(epochs) == 1:
        why = f"after a single epoch the training loss is still {last.train_loss:.2f}"
        are_few = last.train_loss >= SETTLED
    else:
        why = (
            f"the training loss {last.train_loss:.2f} is still above the validation loss "
            f"{last.valid_loss:.2f}, and the error rate still falls"
        )
        are_few = last.train_loss >= max(SETTLED, last.valid_loss) and _is_beyond_chance(
            last.error_rate, epochs[-2].error_rate, images
        )
    advice = "Train on for more epochs; raise the rate only if that does not help."
    return Finding("too few epochs", f"Too few epochs: {why}.", advice) if are_few else None


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
                evaluation.classes[top],
            )
        ]
    for number, label in enumerate(evaluation.classes):
        if not actual[number]:
            found.append(
                Finding(
                    "class not measured",
                    f"There is no validation picture of {label}, so nobody knows how well it is recognised.",
                    "Add pictures of it.",
                    label,
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
                    label,
                )
            )
    return found


def _too_small(images: int) -> Finding:
    pictures = "picture is" if images == 1 else "pictures are"
    return Finding(
        "few validation pictures",
        f"{images} validation {pictures} few: one of them is {100 / max(1, images):.1f} points.",
        "Don't make much of small differences.",
    )


def _summary(epochs: Sequence[Epoch], images: int, before: Sequence[Epoch]) -> str:
    best = min(epoch.error_rate for epoch in (*before, *epochs))
    last = epochs[-1].error_rate
    times = f"{'more ' if before else ''}{'epoch' if len(epochs) == 1 else 'epochs'}"
    rate = f"came from {before[-1].error_rate:.1%} to {last:.1%}" if before else f"is {last:.1%}"
    ended = f"After {len(epochs)} {times} the error rate {rate} on {images} validation pictures"
    return f"{ended}; the lowest was {best:.1%}." if best < last else f"{ended}, the lowest of this training."


def _overfitting(epochs: Sequence[Epoch], images: int) -> str:
    """What to say when asked whether it overfits."""
    last = epochs[-1]
    losses = f"the training loss {last.train_loss:.3f}", f"the validation loss {last.valid_loss:.3f}"
    if (found := _too_many(epochs, images)) is not None:
        return f"Yes: {found.what}"
    if not math.isfinite(last.train_loss + last.valid_loss):
        return "Nobody can say: the losses are no numbers any more."
    if last.train_loss < last.valid_loss:
        return (
            f"No. That {losses[0]} is below {losses[1]} is how a properly trained model looks; overfitting "
            "is an error rate that gets worse."
        )
    return f"No: {losses[0]} is still above {losses[1]}, a hint that it could train on."
