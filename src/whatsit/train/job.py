"""What `whatsit train` was asked, kept in the first of its runs, so that it can go on."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from whatsit.bundle import default_path
from whatsit.catalog import Catalog
from whatsit.engine import Precision
from whatsit.errors import WhatsitError
from whatsit.preprocess import Resize
from whatsit.progress import say
from whatsit.project import CONTINUATION, HISTORY, JOB, LOCK, Project, Run, load_run, write_whole
from whatsit.train import checkpoints
from whatsit.train.head import LR, Balance
from whatsit.train.network import Device

Augment = Literal["auto", "full", "none"]
RECORDED = ("runs", "pictures", "tuning_epochs", "continues", "views", "is_finished")  # of a job


@dataclass(frozen=True)
class Asked:
    """The options of `whatsit train`; paths are absolute."""

    folder: str
    out: str
    backbone: str = "lite0"
    weights: str | None = None
    rates: Sequence[float] = (LR,)
    balance: Balance | None = None
    epochs: int | None = None
    fine_tune: int = 0
    time_budget: float | None = None
    augment: Augment = "auto"
    device: Device = "auto"
    valid: float = 0.2
    seed: int = 0
    split_seed: int = 42
    group: str | None = None
    by_time: bool = False
    size: int = 224
    precision: Precision | None = None
    resize: Resize = "crop"
    repeat: int = 1
    what_if: bool = False
    project: str | None = None

    def catalog(self, to_train: bool = True) -> Catalog:
        """The pictures. Raises CatalogError, where they are `to_train` also if nothing can be learnt."""
        return Catalog.read(
            self.folder,
            valid=self.valid,
            seed=self.split_seed,
            group=self.group,
            by_time=self.by_time,
            project=self.project,
            to_train=to_train,
        )


@dataclass
class Job:
    """One call of `whatsit train` and the runs it has begun so far, the first of which keeps this record.

    `pictures` is what it learns from, as `Catalog.identity` tells; `tuning_epochs`, how many were found to
    fit into a time budget. `continues` is 0, or the number of trainings that its run had before it is trained
    further, on `views` views of each picture.
    """

    asked: Asked
    runs: list[str] = field(default_factory=list)
    pictures: str = ""
    tuning_epochs: int | None = None
    continues: int = 0
    views: int = 1
    is_finished: bool = False
    _folder: Path | None = None  # where the runs are
    _taken: int = 0  # of the runs that there were already
    _lock: FileLock | None = None

    @property
    def place(self) -> Path | None:
        """The folder of the first run, once there is one."""
        return self._folder / self.runs[0] if self._folder and self.runs else None

    def new_run(self, project: Project) -> Path:
        """The folder of the next run: of a resumed job those that it has begun, then new ones.

        Raises WhatsitError where the job belongs to another project.
        """
        folder = project.folder / "runs"
        if self._folder is not None and not _is_same(self._folder, folder):
            raise WhatsitError(
                f"Run {self.place} does not belong to the pictures in {project.images}.",
                "Name their own folder, or none.",
            )
        self._folder = folder
        place, self._taken = self._taken, self._taken + 1
        if place < len(self.runs) and self._is_own(place):
            run = folder / self.runs[place]
        else:  # or somebody has deleted it meanwhile, and another training may have its number
            run = project.new_run()
            self.runs[place : place + 1] = [run.name]
            if place:
                record = {"part_of": self.runs[0], "asked": asdict(self.asked), "pictures": self.pictures}
                write_whole(run / JOB, _to_json(record))
        self.hold()
        self.write()
        return run

    def _is_own(self, place: int) -> bool:
        """Whether a run that was begun before is still there."""
        if not place or not self._folder:
            return True
        with suppress(OSError, ValueError, AttributeError):
            record = json.loads((self._folder / self.runs[place] / JOB).read_text(encoding="utf-8"))
            return bool(record.get("part_of") == self.runs[0])
        return False

    def check(self, catalog: Catalog) -> None:
        """Raise WhatsitError where it would go on with other pictures than it began with."""
        if self.pictures and self.pictures != catalog.identity:
            raise WhatsitError(
                f"The pictures, or their split, have changed since run {self.runs[0]} was begun.",
                "Train anew." if self.continues else f"Train anew; {self.place} may be deleted.",
            )
        self.pictures = catalog.identity

    def finish(self, kept: Path) -> None:
        """Note that all is done. Of bodies that learnt, only that of the run that was `kept` stays."""
        for name in self.runs:
            if self._folder and name != kept.name:
                checkpoints.forget_body(self._folder / name)
        self.is_finished = True
        self.write()
        if self._lock is not None:
            self._lock.release()

    def hold(self) -> None:
        """Be the only one that carries it out, until this process ends. Raises WhatsitError."""
        if self._lock is None and self.place is not None:
            self._lock = FileLock(self.place / LOCK)
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                raise WhatsitError(
                    f"The training {self.place} still goes on in another process.", "Wait for it, or stop it."
                ) from None

    def write(self) -> None:
        """Keep the record in the first run's folder."""
        if self.place is not None:
            record = {name: getattr(self, name) for name in RECORDED} | {"asked": asdict(self.asked)}
            write_whole(self.place / (CONTINUATION if self.continues else JOB), _to_json(record))


def _to_json(record: Mapping[str, object]) -> bytes:
    return json.dumps(record, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")


def find_run(name: str, folder: Path | None, project: Path | None) -> Path:
    """A run by its number in the project of an image folder, or by its path. Raises WhatsitError."""
    if name.isdecimal() and (folder or project):
        runs = (project or Project.existing(folder or ".").folder) / "runs"
        if (runs / f"{int(name):04}").is_dir():
            return (runs / f"{int(name):04}").absolute()
    elif name and any((Path(name) / file).is_file() for file in (JOB, HISTORY)):
        run = Path(name).absolute()
        if project is None or _is_same(project / "runs", run.parent):
            return run
    raise WhatsitError(f"There is no run {name!r}.", "Give its path: FOLDER/.whatsit/runs/0001.")


def resume(run: Path, folder: Path | None) -> Job:
    """The job that was stopped in a run, for pictures that may be in another `folder` now.

    Raises WhatsitError where there is none, or it still goes on.
    """
    held = _stopped(run)
    held.hold()
    job = _stopped(run)  # another process may have finished it just before
    job._lock = held._lock
    job.asked = _located(job.asked, run, folder)
    return job


def _stopped(run: Path) -> Job:
    job = _read(run, CONTINUATION) if (run / CONTINUATION).exists() else None
    if job is None or job.is_finished:
        job = _read(run, JOB)
    if job.is_finished:
        raise WhatsitError(f"Run {run.name} came to its end.", "Train it further with --continue.")
    return job


def further(run: Path, folder: Path | None, epochs: int | None, lr: float | None, out: Path | None) -> Job:
    """The job of training a finished run further. Raises WhatsitError."""
    begun = Job(_read(run, JOB).asked, [run.name], _folder=run.parent)
    begun.hold()
    job = _read(run, JOB)
    past, before = _learnt(run, job.is_finished, "Continue that one.")
    last = past.facts["fits"][-1]
    asked = replace(
        _located(job.asked, run, folder),
        epochs=epochs or last["epochs"],
        rates=[lr or last["lr"]],
        balance=last["balance"],
        seed=past.facts["seed"],
        repeat=1,
        fine_tune=0,
        time_budget=None,
        what_if=False,
    )
    if out is not None:
        asked = replace(asked, out=str(out.absolute()))
    if (run / CONTINUATION).exists() and not _read(run, CONTINUATION).is_finished:
        say(f"what was trained further of run {run.name}, and stopped, is dropped.")
    begun.asked, begun.pictures = asked, job.pictures
    begun.continues, begun.views = before, past.facts["views"]
    return begun


def asked_of(run: Path, folder: Path | None) -> tuple[Asked, Run]:
    """What a finished run was asked, for pictures that may be in another `folder` now, and what came of it.

    Raises WhatsitError where it is not finished, or kept no weights.
    """
    asked = _located(_read(run, JOB).asked, run, folder)
    return asked, _learnt(run, True, "Take the other one.")[0]


def _learnt(run: Path, is_finished: bool, other: str) -> tuple[Run, int]:
    """What came of a run, and how many trainings it had. Raises WhatsitError where its weights are not there.

    `is_finished` is its job; `other` advises to take the run that was kept instead.
    """
    past, trainings = load_run(run), checkpoints.finished(run)
    if not is_finished or past is None:
        raise WhatsitError(f"Run {run.name} did not come to its end.", f"Go on with it first: --resume {run}")
    if not trainings:
        raise WhatsitError(f"Run {run.name} kept no weights, since it was not the better one.", other)
    return past, trainings


def _read(run: Path, name: str) -> Job:
    """The job that a run is the first or another one of, or its continuation."""
    try:
        record = json.loads((run / name).read_text(encoding="utf-8"))
        known = {one.name for one in fields(Asked)}
        asked = Asked(**{name: value for name, value in record["asked"].items() if name in known})
        if "part_of" in record:
            first = run.parent / str(record["part_of"])
            if (first / name).exists():
                return _read(first, name)
            return Job(asked, [run.name], record["pictures"], is_finished=True, _folder=run.parent)
        job = Job(asked, **{name: record[name] for name in RECORDED}, _folder=run.parent)
        if not job.runs:
            raise ValueError("it has no runs")
        return job
    except FileNotFoundError:
        raise WhatsitError(
            f"{run} was not begun by whatsit train, or is not there any more.",
            "In Python, load a stage that the learner saved.",
        ) from None
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise WhatsitError(f"{run / name} is damaged.", f"Train anew; {run} may be deleted.") from error


def _located(asked: Asked, run: Path, folder: Path | None) -> Asked:
    """The same for pictures and a project that may have moved since; the bundle is then written here."""
    sidecar = run.parent.parent
    if asked.project:
        asked = replace(asked, project=str(sidecar))
    elif folder is None:
        was = Path(asked.folder)
        folder = sidecar.parent / was.name if was.suffix.lower() == ".csv" else sidecar.parent
    if folder is None or _is_same(folder, Path(asked.folder)):
        return asked
    return replace(asked, folder=str(folder.absolute()), out=str(default_path(folder).absolute()))


def _is_same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()
