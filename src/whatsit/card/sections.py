"""A card for people: Markdown, a terminal and a page show the same sections."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from whatsit.card.facts import SPLITS
from whatsit.i18n import Message, say
from whatsit.text import printable, shortened

MOST_NAMED = 12  # classes in a sentence
MOST_ROWS = 1000  # classes in a table
LONGEST_NAME = 80  # characters
FEW, FEW_OF_A_CLASS = 100, 10  # validation pictures
COLUMNS = ("card.class", "card.train", "card.valid", "card.test", "card.right", "card.interval")
OF_SOURCES = ("card.provider", "card.its_license", "card.count_of_pictures")


@dataclass(frozen=True)
class Table:
    """Cells as text; the columns after the first `texts` are numbers."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: int = 1


@dataclass(frozen=True)
class Section:
    """A heading, paragraphs and tables under it, and a list at its end."""

    title: str
    parts: Sequence[str | Table] = ()
    items: Sequence[str] = ()


def sections(card: dict[str, Any]) -> list[Section]:
    """The sections of a card, as `Card.to_dict` gives it, in the language of this block."""
    names = [_name(one["name"]) for one in card["classes"]]
    more = len(names) - MOST_NAMED
    named = [*names[:MOST_NAMED], *([Message("printed.more", count=more)] if more > 0 else [])]
    versions = [f"{_name(name)} {_name(number)}" for name, number in card["versions"].items()]
    return [
        Section(say("card.title"), [say("card.lead", count=len(names), names=named)]),
        Section(say("card.accuracy"), _accuracy(card)),
        Section(say("card.limits"), _limits(card)),
        Section(say("card.training"), items=_training(card["training"])),
        Section(say("card.pictures"), _pictures(card)),
        Section(say("card.license"), [_license(card)]),
        Section(say("card.versions"), items=versions),
    ]


def _accuracy(card: dict[str, Any]) -> list[str | Table]:
    accuracy, classes = card["accuracy"], card["classes"]
    if accuracy is None or not accuracy["images"]:
        return [say("card.not_measured")]
    images, share = accuracy["images"], accuracy["accuracy"]
    if accuracy["right"] is None:
        return [say("card.measured_once", images=images, accuracy=share)]
    right, interval = accuracy["right"], _interval(accuracy["interval"], accuracy["groups"])
    parts: list[str | Table] = [
        say("card.measured", right=right, images=images, accuracy=share, range=interval)
    ]
    if images < FEW:
        parts.append(say("card.few", images=images))
    if few := sum(one["valid"] < FEW_OF_A_CLASS for one in classes):
        parts.append(say("card.few_of_a_class", count=few, least=FEW_OF_A_CLASS))
    if valid := card["cleaned"].get("valid"):
        parts.append(say("card.cleaned", **valid))
    if card["training"]["is_fine_tuned"]:
        parts.append(say("card.chosen_on_valid"))
    parts.append(Table(list(map(say, COLUMNS)), list(map(_row, classes[:MOST_ROWS]))))
    if len(classes) > MOST_ROWS:
        parts.append(say("printed.more", count=len(classes) - MOST_ROWS))
    return parts


def _interval(interval: Sequence[float] | None, groups: int | None) -> Message:
    if interval is None:
        return Message("card.no_interval")
    low, high = interval
    if groups is None:
        return Message("understand.interval", low=low, high=high)
    return Message("understand.interval_groups", low=low, high=high, groups=groups)


def _row(one: dict[str, Any]) -> list[str]:
    counts = [f"{one[name]:,}" for name in (*SPLITS, "right")]
    interval = "-" if one["interval"] is None else "{:.0%} - {:.0%}".format(*one["interval"])
    return [_name(one["name"]), *counts, interval if one["valid"] else "-"]


def _limits(card: dict[str, Any]) -> list[str]:
    parts = [say("card.only_these")]
    if card["novelty"] is None:
        parts.append(say("card.no_novelty"))
    else:
        share = card["novelty"]["false_alarms"]
        by_mistake = Message("card.false_alarms", share=share) if share is not None else ""
        parts += [say("card.novelty", by_mistake=by_mistake), say("card.relatives")]
    return [*parts, say("card.elsewhere")]


def _training(training: dict[str, Any]) -> list[str]:
    used = {name: training[name] for name in ("size", "resize", "precision")}
    items = [say("card.backbone", backbone=_name(training["backbone"]), how=_how(training))]
    items.append(say("card.input", **used))
    if training["epochs"] is not None:
        numbers = {name: training[name] for name in ("epochs", "views", "seed")}
        items.append(say("card.epochs", **numbers))
    if training["temperature"] is not None:
        items.append(say("card.temperature", temperature=training["temperature"]))
    return items


def _how(training: dict[str, Any]) -> Message | str:
    if training["is_fine_tuned"] is None:
        return ""
    if not training["is_pretrained"]:
        return Message("card.from_scratch")
    return Message("card.fine_tuned" if training["is_fine_tuned"] else "card.frozen")


def _pictures(card: dict[str, Any]) -> list[str | Table]:
    pictures, sources = card["pictures"], card["sources"]
    parts: list[str | Table] = []
    if pictures is not None:
        parts.append(say("card.count", train=pictures["train"], valid=pictures["valid"]))
        if pictures["test"]:
            parts.append(say("card.count_for_test", test=pictures["test"]))
        if test := card["cleaned"].get("test"):
            parts.append(say("card.cleaned_test", **test))
    parts.append(_split(card["split"]))
    if pictures is None or sources is None:
        return [*parts, say("card.no_sources")]
    known = sum(one["pictures"] for one in sources)
    rows = [
        [_name(one["provider"]) or "-", _name(one["license"]) or "-", f"{one['pictures']:,}"]
        for one in sources
    ]
    unknown = sum(pictures.values()) - known
    if unknown > 0:
        rows.append([say("card.not_recorded"), "-", f"{unknown:,}"])
    return [*parts, say("card.sources"), Table(list(map(say, OF_SOURCES)), rows, texts=2)]


def _split(split: dict[str, Any]) -> str:
    share, seed, relation = split["valid"], split["seed"], split["relation"]
    if split["is_assigned"] is None:
        return say("card.split_unknown")
    if not split["is_assigned"] or share is None:
        return say("card.split_given")
    how = Message("card.split_by_time") if split["by_time"] else Message("card.split_by_content", seed=seed)
    together = Message("card.split_groups", relation=_name(relation)) if relation else ""
    return say("card.split", valid=share, how=how, together=together)


def _license(card: dict[str, Any]) -> str:
    name = card["training"]["backbone"]
    known, other = Message("card.weights_lite0"), Message("card.weights", backbone=_name(name))
    weights = known if name == "lite0" else other
    is_own = card["training"]["is_pretrained"] is False
    return say("card.license_own") if is_own else say("card.license_note", weights=weights)


def _name(text: str) -> str:
    return shortened(printable(text), LONGEST_NAME)
