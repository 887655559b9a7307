"""What a history of training shows, in words: the rules of thumb of the lesson's author, with their chance.

Nothing here needs a model: a history, how many classes and validation pictures there are, and the confusion
matrix where it is known.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from whatsit.i18n import Message
from whatsit.project import FindingRecord, MessageRecord
from whatsit.tables import table
from whatsit.text import brief
from whatsit.training.history import Epoch
from whatsit.understand.metrics import Evaluation

Fault = Literal[
    "lr_too_high", "lr_too_low", "too_few_epochs", "too_many_epochs", "no_learning", "one_class_for_all"
]
Sign = Fault | Literal["class_never_recognized", "class_not_measured", "few_validation_pictures"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
EXPLODED = 5.0  # times log(classes), the loss of guessing; a sound training never comes near it
FAR = 3.0  # times log(classes), at the end
THROWN = 2.0  # times log(classes), the mean training loss of an epoch; the lesson's sound ones reach 1.4
SLOW = 0.75  # of log(classes): a validation loss above it is hardly better than guessing
LOW = 1e-4  # a learning rate that hardly changes a head in a few epochs
SETTLED = 0.3  # training loss below which more training is not needed
FEW = 100  # validation pictures: one is more than a point
Z = 2.33  # one-sided 1%, since the best of many epochs is partly luck


@dataclass(frozen=True)
class Finding:
    """One thing that the history shows: a language-free `sign`, and a message with what to do about it."""

    sign: Sign
    message: Message
    label: str = ""  # of the class concerned, if it is one

    @property
    def what(self) -> str:
        """What the history shows, in the user's language."""
        return self.message.what()

    @property
    def advice(self) -> str:
        """What to do, in the user's language."""
        return self.message.next_step()

    def __str__(self) -> str:
        return self.message.text()

    def __repr__(self) -> str:
        return brief(self, f"{self.sign}: {self.message.text('en')}")


@dataclass(frozen=True)
class Diagnosis:
    """All findings, the gravest first; `summary` is the result in one sentence, `overfitting` answers whether
    the model overfits.
    """

    findings: list[Finding]
    summary: Message
    overfitting: Message

    @property
    def is_healthy(self) -> bool:
        """Whether the training itself went well, whatever the findings on the pictures."""
        return not any(finding.sign in FAULTS for finding in self.findings)

    def to_record(self) -> list[FindingRecord]:
        """Sign, message, and the class concerned or "", of each finding."""
        return [
            (one.sign, MessageRecord(code=one.message.code, values=dict(one.message.values)), one.label)
            for one in self.findings
        ]

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "healthy": self.is_healthy,
            "summary": self.summary.to_dict(),
            "findings": [
                {"sign": one.sign, "message": one.message.to_dict(), "label": one.label}
                for one in self.findings
            ],
        }

    def __str__(self) -> str:
        return "\n".join([str(self.summary), *map(str, self.findings)])

    def __repr__(self) -> str:
        signs = ", ".join(dict.fromkeys(finding.sign for finding in self.findings))
        return brief(self, f"{signs or 'nothing to improve'}. {self.summary.text('en')}")

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

    `classes` is their number, `valid_images` the number of pictures that the error rate was measured on;
    `evaluation` has the confusion matrix, and `lr` is the highest learning rate, where they are known;
    `before` are the epochs of earlier fits, if this one continued them.
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
    if evaluation and (fault is None or fault.sign not in ("lr_too_high", "lr_too_low", "no_learning")):
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
    losses, is_valid = (train, False) if is_valid_sound else (valid, True)
    if not all(map(math.isfinite, losses)):
        code = "doctor.valid_loss_infinite" if is_valid else "doctor.train_loss_infinite"
        return Finding("lr_too_high", Message(code, guess=guess))
    code = "doctor.valid_loss_exploded" if is_valid else "doctor.train_loss_exploded"
    return Finding("lr_too_high", Message(code, loss=max(losses), guess=guess))


def _too_little(epochs: Sequence[Epoch], classes: int, images: int, lr: float | None) -> Finding | None:
    """After several epochs the predictions are hardly better than guessing: too slow, or not at all."""
    first, last, guess = epochs[0], epochs[-1], math.log(classes)
    is_poor = last.valid_loss >= SLOW * guess and last.error_rate > 0.5 * (1 - 1 / classes)
    if len(epochs) < 3 or not is_poor:
        return None
    compared = {"loss": last.valid_loss, "guess": guess}
    if last.train_loss < 0.5 * last.valid_loss:
        return Finding("no_learning", Message("doctor.memorized", **compared))
    falls = last.valid_loss < 0.97 * first.valid_loss
    if (
        falls
        or _is_beyond_chance(last.error_rate, first.error_rate, images)
        or (lr is not None and lr <= LOW)
    ):
        rates = {"first": first.error_rate, "last": last.error_rate}
        return Finding("lr_too_low", Message("doctor.lr_too_low", epochs=len(epochs), **rates, **compared))
    return Finding("no_learning", Message("doctor.no_learning", **compared))


def _too_few(epochs: Sequence[Epoch], images: int) -> Finding | None:
    """A single epoch that left a high loss, or a training loss above the validation loss while the error rate
    still falls.
    """
    last = epochs[-1]
    if len(epochs) == 1:
        message = Message("doctor.single_epoch", train=last.train_loss)
        are_few = last.train_loss >= SETTLED
    else:
        message = Message("doctor.too_few_epochs", train=last.train_loss, valid=last.valid_loss)
        are_few = last.train_loss >= max(SETTLED, last.valid_loss) and _is_beyond_chance(
            last.error_rate, epochs[-2].error_rate, images
        )
    return Finding("too_few_epochs", message) if are_few else None


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
    found = {"best": means[best], "epoch": epochs[best].epoch, "last": means[-1], "images": images}
    return Finding("too_many_epochs", Message("doctor.too_many_epochs", **found))


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
        label = evaluation.classes[top]
        return [Finding("one_class_for_all", Message("doctor.one_class_for_all", label=label), label)]
    for number, label in enumerate(evaluation.classes):
        images = int(actual[number])
        if not images:
            message = Message("doctor.class_not_measured", label=label)
            found.append(Finding("class_not_measured", message, label))
        elif images >= 5 and confusion[number, number] <= 0.1 * images:
            other = int(confusion[number].argmax())
            wrong, predicted_as = int(confusion[number, other]), evaluation.classes[other]
            counts = {"wrong": wrong, "images": images, "other": predicted_as}
            message = Message("doctor.class_never_recognized", label=label, **counts)
            found.append(Finding("class_never_recognized", message, label))
    return found


def _too_small(images: int) -> Finding:
    message = Message("doctor.few_validation_pictures", images=images, points=100 / max(1, images))
    return Finding("few_validation_pictures", message)


def _summary(epochs: Sequence[Epoch], images: int, before: Sequence[Epoch]) -> Message:
    best = min(epoch.error_rate for epoch in (*before, *epochs))
    last = epochs[-1].error_rate
    if before:
        counts = {"epochs": len(epochs), "images": images, "first": before[-1].error_rate, "last": last}
        if best < last:
            return Message("doctor.after_more", best=best, **counts)
        return Message("doctor.after_more_lowest", **counts)
    counts = {"epochs": len(epochs), "images": images, "last": last}
    if best < last:
        return Message("doctor.after", best=best, **counts)
    return Message("doctor.after_lowest", **counts)


def _overfitting(epochs: Sequence[Epoch], images: int) -> Message:
    """Whether it overfits."""
    train, valid = epochs[-1].train_loss, epochs[-1].valid_loss
    if (found := _too_many(epochs, images)) is not None:
        return Message("doctor.overfits", found=found.message)
    if not math.isfinite(train + valid):
        return Message("doctor.overfitting_unknown")
    code = "doctor.overfits_not" if train < valid else "doctor.overfits_not_yet"
    return Message(code, train=train, valid=valid)
