"""How the trainings of a project stand today, beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from whatsit.bundle import network_hash
from whatsit.catalog.today import Labels, labels_today
from whatsit.errors import WhatsitError
from whatsit.events import warn
from whatsit.i18n import Message
from whatsit.project import BY_TABLE, Project, Training, load_trainings
from whatsit.project.paths import inside
from whatsit.text import brief
from whatsit.understand.scoring import Scored, score


@dataclass(frozen=True)
class Standing:
    """A `training`, how it is `scored` today, and whether its bundle was replaced since."""

    training: Training
    scored: Scored
    is_replaced: bool

    def __repr__(self) -> str:
        rate, pictures = self.error_rate, len(self.scored.right)
        found = "no picture is left" if rate is None else f"error rate {rate:.1%} on {pictures} pictures"
        return brief(self, f"run {self.training.run.name}, {found}")

    @property
    def error_rate(self) -> float | None:
        """None where no picture is left to measure it by."""
        right = self.scored.right
        return 1 - sum(right.values()) / len(right) if right else None

    @property
    def changes(self) -> list[Message]:
        """What is not as it was when it was trained."""
        scored, found = self.scored, []
        if scored.changed:
            found.append(Message("understand.changed_labels", count=scored.changed))
        if scored.gone:
            found.append(Message("understand.gone_pictures", count=scored.gone))
        if not scored.is_today:
            found.append(Message("understand.old_labels"))
        return found


def standings(project: Project, folder: Path) -> list[Standing]:
    """Every training, the oldest first, on the labels that its pictures have today.

    `folder` is the image folder or CSV file that was named. Where the labels can't be read, it warns, and
    takes those that the runs kept.
    """
    trainings = load_trainings(project.folder)
    read: dict[Path, Labels | None] = {}
    found = []
    for training in trainings:
        source = _source(training, project, folder)
        if source is not None and source not in read:
            read[source] = _labels(source, project)
        scored = score(training.run, None if source is None else read[source])
        is_replaced = _is_replaced(training, trainings) or _is_another_now(training, project)
        found.append(Standing(training, scored, is_replaced))
    return found


def _is_replaced(training: Training, trainings: Sequence[Training]) -> bool:
    """Whether another training wrote its bundle to the same place after this one did for the last time."""
    own, others = training.export, (one for one in trainings if one is not training)
    return own is not None and any(
        export.path == own.path and export.at > own.at
        for one in others
        for export in one.run.bundles.values()
    )


def _is_another_now(training: Training, project: Project) -> bool:
    """Whether a bundle lies where its own was written that this training did not write.

    A stranger may have recorded that place: only files beside the pictures or in the current folder are read.
    """
    if training.export is None:
        return False
    place = Path(training.export.path)
    if place.parent not in (project.images.parent, Path.cwd()) or place.is_symlink():
        return False
    found = network_hash(place)
    return found is not None and found not in training.run.bundles


def groups_of(found: Sequence[Standing]) -> Mapping[str, int] | None:
    """The group of every picture that these are measured on, as the latest run kept them; None without."""
    for one in reversed(found):
        answers = one.training.run.answers
        groups = {content: answers[content].group for content in one.scored.right if content in answers}
        known = {content: group for content, group in groups.items() if group is not None}
        if known and len(known) == len(one.scored.right):
            return known
    return None


def _source(training: Training, project: Project, folder: Path) -> Path | None:
    """Where the labels of a training are: a CSV file or the folder; None where nobody knows."""
    folder = Path(str(training.config.get("folder", "")))
    if folder.suffix.lower() != ".csv":
        is_known = bool(training.config) or bool(training.run.labeled_by)
        return project.images if is_known and training.run.labeled_by != BY_TABLE else None
    if folder.suffix.lower() == ".csv":
        return folder
    table = inside(project.images, folder.name, project.folder / "runs" / training.runs[0])
    return table if table.is_file() else None


def _labels(source: Path, project: Project) -> Labels | None:
    try:
        return labels_today(source, project.database)
    except WhatsitError as error:
        warn(Message("understand.no_labels_today", reason=error))
        return None
