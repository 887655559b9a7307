"""What to do next: at most three things, the one that helps most first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from whatsit.catalog.summary import Summary
from whatsit.i18n import Message
from whatsit.report.headline import WHOLE, Headline
from whatsit.report.sections import WORST
from whatsit.report.suspects import Suspect
from whatsit.report.training import Training
from whatsit.report.words import Words
from whatsit.text import printable
from whatsit.understand.label_errors import LabelNoise

MOST = 3
SEVERAL = 2  # mistakes of a kind: a single one may be chance
OF_PICTURES = ("few_validation_pictures", "class_not_measured", "class_never_recognized")  # not of training
OF_LABELS = ("no_learning",)  # leads to the labels, as guesses do


@dataclass(frozen=True)
class Step:
    """What to do and why, and the section of the page that shows it, "" for none.

    A doctor's `message` has the reason first, which is for people who know what a loss is.
    """

    message: Message
    section: str = ""
    is_of_doctor: bool = False


def steps(
    headline: Headline,
    suspects: Sequence[Suspect],
    training: Training | None,
    summary: Summary | None,
    noise: LabelNoise | None = None,
) -> list[Step]:
    """The first of all that could be done."""
    return list(_all(headline, suspects, training, summary, noise))[:MOST]


def lopsided(noise: LabelNoise | None) -> Message | None:
    """What to do about labels that are wrong in one direction; None where they are not."""
    for one in noise.directions() if noise else ():
        if one.is_lopsided:
            names = {"label": printable(one.label), "shows": printable(one.shows)}
            return Message("next_steps.lopsided", count=one.count, back=one.back, **names)
    return None


def in_words(step: Step, words: Words) -> dict[str, str]:
    """A step for the page."""
    what, why = step.message.what(words.lang), step.message.next_step(words.lang)
    if step.is_of_doctor:
        what, why = why, words("training_why")
    return {"what": what, "why": why, "section": step.section}


def _all(
    headline: Headline,
    suspects: Sequence[Suspect],
    training: Training | None,
    summary: Summary | None,
    noise: LabelNoise | None,
) -> Iterator[Step]:
    main = headline.of
    if headline.is_few:
        yield _more(headline)
    if headline.is_guessing:
        yield Step(Message("next_steps.by_eye"), "data" if summary else "worst")
    for sign, record, _ in (training and training.findings) or ():
        if sign not in OF_PICTURES and not (headline.is_guessing and sign in OF_LABELS):
            yield Step(Message.from_dict(record), "training", is_of_doctor=True)
    if (message := lopsided(noise)) is not None:
        yield Step(message, "suspects" if suspects else "confusion")
    if suspects:
        count = len(suspects)
        found = Message("next_steps.suspects", count=count) if count > 1 else Message("next_steps.suspect")
        yield Step(found, "suspects")
    if not headline.is_few and (label := _weakest(headline, training)):
        yield _collect(headline, label, summary)
    for actual, predicted, count in main.most_confused(SEVERAL)[:1]:
        names = {"actual": printable(actual), "predicted": printable(predicted)}
        yield Step(Message("next_steps.confused", count=count, **names), "confusion")
    if mistakes := main.evaluation.images - main.evaluation.right:
        yield _mistakes(mistakes, bool(main.paths))
    if main.split == "valid":
        yield Step(Message("next_steps.test"), "data" if summary else "")
    yield Step(Message("next_steps.other_pictures"))


def _mistakes(count: int, has_pictures: bool) -> Step:
    """As many as the section shows."""
    if not has_pictures:
        return Step(Message("next_steps.worst", count=count), "confusion")
    code = "next_steps.worst" if count <= WORST else "next_steps.worst_some"
    return Step(Message(code, count=min(count, WORST)), "worst")


def _more(headline: Headline) -> Step:
    start = headline.start
    return Step(Message("next_steps.start", **start.values) if start else Message("next_steps.more"))


def _weakest(headline: Headline, training: Training | None) -> str | None:
    """The class that more pictures would help most, as far as anything shows that."""
    curve = training.curve if training else None
    if curve is not None and curve.can_tell:
        if curve.helps is False:
            return None
        if curve.helped_most:
            return str(curve.helped_most[0])
    found = headline.of.evaluation
    missed = found.actual - np.diag(found.confusion)
    shares = np.where(missed >= SEVERAL, missed / np.maximum(1, found.actual), 0.0)
    return found.classes[int(shares.argmax())] if shares.any() else None


def _collect(headline: Headline, label: str, summary: Summary | None) -> Step:
    found = headline.of.evaluation
    place = found.classes.index(label)
    values = {
        "label": printable(label),
        "right": int(found.confusion[place, place]),
        "images": int(found.actual[place]),
    }
    trained = summary.counts.get(label, {}).get("train") if summary else None
    if trained is None or headline.of.split in WHOLE:
        return Step(Message("next_steps.collect", **values), "classes")
    return Step(Message("next_steps.collect_more", train=trained, **values), "classes")
