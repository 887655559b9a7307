"""Runs that were measured before, on the labels that their pictures have today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from whatsit.project import Answered, FinishedRun
from whatsit.text import brief


@dataclass(frozen=True)
class Scored:
    """By the content of each picture, whether a run is `right`.

    `changed` pictures have another label today than then, `gone` ones are not there any more and left out.
    Without `is_today` the labels are those of then.
    """

    right: Mapping[str, bool]
    changed: int = 0
    gone: int = 0
    is_today: bool = True

    def __repr__(self) -> str:
        summary = f"right on {sum(self.right.values())} of {len(self.right)} pictures"
        return brief(self, f"{summary}, {self.changed} have another label today, {self.gone} are gone")


def score(run: FinishedRun, today: Mapping[str, Sequence[str]] | None) -> Scored:
    """Score a run on the labels of `today` by content, or where they are not known on those it kept.

    A run that kept no predictions has its hits, of the pictures that are still there.
    """
    if today is None:
        return Scored(run.right, is_today=False)
    if not run.answers:
        there = {content: hit for content, hit in run.right.items() if content in today}
        return Scored(there, gone=len(run.right) - len(there), is_today=False)
    names = _renamed(run.answers, today)
    right, changed = {}, 0
    for content, answer in run.answers.items():
        if content in today:
            label = names.get(answer.label, answer.label)
            is_same = label in today[content]
            label = label if is_same else today[content][0]
            right[content] = names.get(answer.predicted, answer.predicted) == label
            changed += not is_same
    return Scored(right, changed, len(run.answers) - len(right))


def _renamed(answers: Mapping[str, Answered], today: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Classes that have another name today: all of their pictures do, and it was none of the names then."""
    then = {answer.label for answer in answers.values()} | {answer.predicted for answer in answers.values()}
    now: dict[str, set[str]] = {}
    for content, answer in answers.items():
        now.setdefault(answer.label, set()).update(today.get(content, ()))
    return {label: names.copy().pop() for label, names in now.items() if len(names) == 1 and not names & then}
