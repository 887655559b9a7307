"""The options of a call of `whatsit train`, kept in the first of its runs, so that it can go on.

A run may come from a stranger. So its record only holds how to train: which pictures, which weight file, and
where the bundle is written come from the command line, or are where they are by default.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypedDict

from filelock import FileLock, Timeout

from whatsit.bundle import default_path
from whatsit.catalog import Catalog
from whatsit.commands import command_line, quoted
from whatsit.config import ShowConfig, TrainConfig
from whatsit.errors import WhatsitError
from whatsit.events import warn, written
from whatsit.i18n import Message
from whatsit.project import (
    CONTINUATION,
    FEATURES,
    HISTORY,
    JOB,
    LOCK,
    SIDECAR,
    FeatureStore,
    FinishedRun,
    Project,
    check_run,
    load_run,
    run_named,
    write_whole,
)
from whatsit.project.paths import plain_name
from whatsit.project.records import read_json, shaped
from whatsit.training import checkpoints
from whatsit.training.checks import require_options

VERSION = 1  # of the records of a job


class Record(TypedDict):
    """A job in its run."""

    version: int
    config: dict[str, Any]
    runs: list[str]
    pictures: str
    tuning_epochs: int | None
    size: int | None
    continues: int
    views: int
    is_finished: bool


class Part(TypedDict):
    """A job in its further runs."""

    version: int
    part_of: str
    config: dict[str, Any]
    pictures: str


RECORDED = tuple(name for name in Record.__annotations__ if name not in ("config", "version"))  # of a job


@dataclass
class Job:
    """One call of `whatsit train` and the runs it has started so far, the first of which keeps this record.

    `pictures` is what it is trained on, by `Catalog.identity`; `size` the side of the input that was chosen;
    `tuning_epochs`, how many were found to fit into a time budget. `continues` is 0, or the number of
    trainings that its run had before it is trained further, on `views` views of each picture.
    """

    config: TrainConfig
    runs: list[str] = field(default_factory=list)
    pictures: str = ""
    tuning_epochs: int | None = None
    size: int | None = None
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

    def resuming(self) -> list[str]:
        """What to type after `train` to go on with it: also the places that are not taken from a record."""
        words = [self.config.folder] if self.config.project else []
        words += ["--resume", str(self.place)]
        if self.config.out != str(default_path(Path(self.config.folder)).absolute()):
            words += ["--out", self.config.out]
        return words + (["--weights", self.config.weights] if self.config.weights else [])

    def new_run(self, project: Project) -> Path:
        """The folder of the next run: of a resumed job those that it has started, then new ones.

        Raises WhatsitError where the job belongs to another project.
        """
        folder = project.folder / "runs"
        if self._folder is not None and not _is_same(self._folder, folder):
            message = Message("job.other_pictures", run=self.place, folder=project.images)
            raise WhatsitError(message)
        self._folder = folder
        place, self._taken = self._taken, self._taken + 1
        if place < len(self.runs) and self._is_own(place):
            run = check_run(folder / self.runs[place])
        else:  # or it was deleted meanwhile, and another training may have its number
            run = project.new_run()
            self.runs[place : place + 1] = [run.name]
            if place:
                record = {"part_of": self.runs[0], "config": asdict(self.config), "pictures": self.pictures}
                write_whole(run / JOB, _to_json({"version": VERSION, **record}))
        self.hold()
        self.write()
        written("run", run)
        return run

    def _is_own(self, place: int) -> bool:
        """Whether a run that was started before still exists."""
        if not place or not self._folder:
            return True
        with suppress(OSError, ValueError, AttributeError):
            record = read_json(self._folder / self.runs[place] / JOB)
            return bool(record.get("part_of") == self.runs[0])
        return False

    def check(self, catalog: Catalog) -> None:
        """Raise WhatsitError where it would go on with other pictures than it started with."""
        if self.pictures and self.pictures != catalog.identity:
            run = self.runs[0]
            if self.continues:
                raise WhatsitError(Message("job.pictures_changed", run=run))
            raise WhatsitError(Message("job.pictures_changed_in", run=run, place=self.place))
        self.pictures = catalog.identity

    def finish(self, kept: Path) -> None:
        """Note that all is done. Of fine-tuned backbones only that of the `kept` run stays."""
        for name in self.runs:
            if self._folder and name != kept.name and (self._folder / name).is_dir():
                features = FeatureStore(self._folder.parent / FEATURES)
                checkpoints.forget_backbone(check_run(self._folder / name), features)
        self.is_finished = True
        self.write()
        self.release()

    def hold(self) -> None:
        """Be the only one that carries it out, until this process ends. Raises WhatsitError."""
        if self._lock is None and self.place is not None:
            if not check_run(self.place).is_dir():  # or the lock would make it anew
                raise WhatsitError(Message("job.gone", place=self.place))
            self._lock = FileLock(self.place / LOCK)
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                raise WhatsitError(Message("job.running", place=self.place)) from None

    def release(self) -> None:
        """Let others carry it out."""
        if self._lock is not None:
            self._lock.release()

    def write(self) -> None:
        """Keep the record in the first run's folder."""
        if self.place is not None:
            record = {name: getattr(self, name) for name in RECORDED} | {"config": asdict(self.config)}
            record = {"version": VERSION, **record}
            write_whole(self.place / (CONTINUATION if self.continues else JOB), _to_json(record))


def _to_json(record: Mapping[str, object]) -> bytes:
    return json.dumps(record, indent=1, ensure_ascii=False).encode("utf-8", "backslashreplace")


def catalog_of(config: TrainConfig | ShowConfig, to_train: bool = True) -> Catalog:
    """The pictures. Raises CatalogError, where they are `to_train` also if nothing can be trained on them."""
    return Catalog.read(
        config.folder,
        valid=config.valid,
        seed=config.split_seed,
        group=config.group,
        by_time=config.by_time,
        project=config.project,
        to_train=to_train,
        recursive=config.recursive,
    )


def find_run(name: str, folder: Path | None, project: Path | None) -> Path:
    """A run by its number in the project of an image folder, or by its path. Raises WhatsitError."""
    if name.isdecimal() and (folder or project):
        runs = (project or Project.existing(folder or ".").folder) / "runs"
        if (runs / f"{int(name[-9:]):04}").is_dir():
            return check_run((runs / f"{int(name[-9:]):04}").absolute())
    elif name and any((Path(name) / file).is_file() for file in (JOB, HISTORY)):
        run = check_run(Path(name).absolute())
        if project is None or _is_same(project / "runs", run.parent):
            return run
    raise WhatsitError(Message("job.no_run", name=name))


@dataclass(frozen=True)
class Given:
    """Places that the command line gives, since a run's own record can't be trusted with them."""

    folder: Path | None = None
    out: Path | None = None
    weights: Path | None = None


def resume(run: Path, given: Given = Given()) -> Job:
    """The job that was stopped in a run, for pictures that may be in another folder now.

    Raises WhatsitError where there is none, or it still goes on.
    """
    held = _stopped(run)
    with _holding(held):
        job = _stopped(run)  # another process may have finished it just before
        job._lock = held._lock
        job.config = _located(job.config, run, given)
        return job


@contextmanager
def _holding(job: Job) -> Iterator[None]:
    """Hold a job on, unless an error ends the block."""
    job.hold()
    try:
        yield
    except BaseException:
        job.release()
        raise


def _stopped(run: Path) -> Job:
    job = _read(run, CONTINUATION) if (run / CONTINUATION).exists() else None
    if job is None or job.is_finished:
        job = _read(run, JOB)
    if job.is_finished:
        raise WhatsitError(Message("job.finished", run=run.name))
    return job


def further(run: Path, given: Given = Given(), epochs: int | None = None, lr: float | None = None) -> Job:
    """The job of training a finished run further. Raises WhatsitError."""
    new_job = Job(_read(run, JOB).config, [run.name], _folder=run.parent)
    with _holding(new_job):
        job = _read(run, JOB)
        past, new_job.continues = _finished_run(run, job.is_finished)
        last = past.record.fits[-1]
        new_job.config = replace(
            _located(job.config, run, given),
            epochs=epochs or last["epochs"],
            lrs=[lr or last["lr"]],
            balance=last["balance"],
            seed=past.record.seed,
            repeat=1,
            fine_tune=0,
            time_budget=None,
            what_if=False,
        )
        new_job.pictures, new_job.views, new_job.size = job.pictures, past.record.views, job.size
        if (run / CONTINUATION).exists() and not _read(run, CONTINUATION).is_finished:
            warn(Message("job.dropped", run=run.name))
    return new_job


def config_of(run: Path, given: Given = Given()) -> tuple[TrainConfig, FinishedRun]:
    """The options of a finished run, for pictures that may be in another folder now, and what came of it.

    Raises WhatsitError where it is not finished, or kept no weights.
    """
    config = _located(_read(run, JOB).config, run, given, writes=False)
    return config, _finished_run(run, True, to_measure=True)[0]


def _finished_run(run: Path, is_finished: bool, to_measure: bool = False) -> tuple[FinishedRun, int]:
    """What came of a run, and how many trainings it had. Raises WhatsitError where its weights are not there.

    `is_finished` is its job; it is `to_measure`, or to train further.
    """
    past, trainings = load_run(run), checkpoints.finished(run)
    if not is_finished or past is None:
        command = command_line("train", "--resume", run)
        raise WhatsitError(Message("job.unfinished", run=run.name, command=command))
    if not trainings:
        code = "job.no_weights_to_measure" if to_measure else "job.no_weights"
        raise WhatsitError(Message(code, run=run.name))
    return past, trainings


def _read(run: Path, name: str) -> Job:
    """The job that a run is the first or another one of, or its continuation."""
    file = check_run(run) / name
    try:
        record = _record(file, run)
        if "part_of" not in record:
            return _first(run, file, record)
        part = shaped(record, Part)
        first = check_run(run_named(run.parent, part["part_of"], file))
        if (first / name).exists():
            return _first(first, first / name, _record(first / name, first))
        return Job(
            _config(part["config"]), [run.name], part["pictures"], is_finished=True, _folder=run.parent
        )
    except FileNotFoundError:
        raise WhatsitError(Message("job.foreign", run=run)) from None
    except (OSError, TypeError, ValueError, AttributeError) as error:
        raise WhatsitError(Message("job.damaged", file=file, run=run)) from error


def _record(file: Path, run: Path) -> Any:
    """The content of a record. Raises WhatsitError where another version of Whatsit wrote it."""
    record = read_json(file)
    if record.get("version") != VERSION:
        raise WhatsitError(Message("job.other_version", file=file, run=run))
    return record


def _first(run: Path, file: Path, record: object) -> Job:
    """The job whose record is in its first run. Raises ValueError where it is odd."""
    job: Record = shaped(record, Record)
    names = [run_named(run.parent, name, file).name for name in job["runs"]]
    if names[:1] != [run.name] or len(set(names)) < len(names):
        raise ValueError("its runs are others")
    counts = (job["continues"], job["tuning_epochs"] or 0, job["size"] or 0)
    if not (all(0 <= count < 10**6 for count in counts) and job["views"] > 0):
        raise ValueError("its numbers are odd")
    return Job(_config(job["config"]), **{name: job[name] for name in RECORDED}, _folder=run.parent)  # type: ignore[literal-required]


def _config(record: Mapping[str, Any]) -> TrainConfig:
    """The options in a record. Raises ValueError for impossible ones."""
    known = {one.name for one in fields(TrainConfig)}
    config: TrainConfig = shaped(
        {name: value for name, value in record.items() if name in known}, TrainConfig
    )
    try:
        require_options(config)
    except WhatsitError as error:
        raise ValueError(str(error)) from error
    return config


def _located(config: TrainConfig, run: Path, given: Given, writes: bool = True) -> TrainConfig:
    """The same with the places that are `given`, or else those by default, never those of the record.

    Raises WhatsitError where a place has to be given. Warns where the job `writes` a bundle elsewhere than
    the record says.
    """
    sidecar = run.parent.parent
    is_beside = sidecar.name == SIDECAR
    folder = given.folder
    if folder is None and not is_beside:
        raise WhatsitError(Message("job.not_beside", run=run))
    if folder is None:
        is_table = Path(config.folder).suffix.lower() == ".csv"
        folder = sidecar.parent / plain_name(Path(config.folder).name, run) if is_table else sidecar.parent
    if config.weights and given.weights is None:
        raise WhatsitError(Message("job.weights", run=run.name, weights=config.weights))
    out = (given.out or default_path(folder)).absolute()
    if writes and given.out is None and str(out) != config.out:
        option = quoted("--out", config.out)
        warn(Message("job.bundle_place", place=out, before=config.out, option=option))
    return replace(
        config,
        folder=str(folder.absolute()),
        out=str(out),
        project=None if is_beside else str(sidecar),
        weights=str(given.weights.absolute()) if given.weights else None,
    )


def _is_same(one: Path, other: Path) -> bool:
    return one.resolve() == other.resolve()
