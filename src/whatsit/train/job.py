"""What `whatsit train` was asked, kept in the first of its runs, so that it can go on."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Literal

from whatsit.catalog import Catalog
from whatsit.engine import Precision
from whatsit.errors import WhatsitError
from whatsit.preprocess import Resize
from whatsit.project import JOB, Project, load_run, write_whole
from whatsit.train.checkpoints import finished
from whatsit.train.head import LR, Balance
from whatsit.train.network import Device

Augment = Literal["auto", "full", "none"]


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

    def catalog(self) -> Catalog:
        """The pictures. Raises CatalogError."""
        return Catalog.read(
            self.folder,
            valid=self.valid,
            seed=self.split_seed,
            group=self.group,
            by_time=self.by_time,
            project=self.project,
        )


@dataclass
class Job:
    """One call of `whatsit train` and the runs it has begun so far, the first of which keeps this record.

    `pictures` is what it learns from, as `Catalog.identity` tells. `continues` is 0, or the number of
    trainings that its run had before it is trained further, on `views` views of each picture.
    """

    asked: Asked
    runs: list[str] = field(default_factory=list)
    pictures: str = ""
    continues: int = 0
    views: int = 1
    is_finished: bool = False
    _taken: int = 0  # of the runs that there were already
    _folder: Path | None = None

    @property
    def place(self) -> Path | None:
        """The folder of the first run, once there is one."""
        return self._folder / self.runs[0] if self._folder and self.runs else None

    def new_run(self, project: Project) -> Path:
        """The folder of the next run: of a resumed job those that it has begun, then new ones."""
        self._folder = project.folder / "runs"
        self._taken += 1
        if self._taken > len(self.runs):
            run = project.new_run()
            self.runs.append(run.name)
            if len(self.runs) > 1:
                write_whole(run / JOB, json.dumps({"part_of": self.runs[0]}).encode())
            self.write()
        return self._folder / self.runs[self._taken - 1]

    def check(self, catalog: Catalog) -> None:
        """Raise WhatsitError where a resumed job would learn from other pictures than it began with."""
        if self.pictures and self.pictures != catalog.identity:
            raise WhatsitError(
                f"The pictures, or their split, have changed since run {self.runs[0]} was begun.",
                f"Train anew: whatsit train {self.asked.folder}",
            )
        self.pictures = catalog.identity

    def finish(self) -> None:
        """Note that all is done."""
        self.is_finished = True
        self.write()

    def write(self) -> None:
        """Keep the record in the first run's folder."""
        if self.place is not None:
            record = {
                "asked": asdict(self.asked),
                "runs": self.runs,
                "pictures": self.pictures,
                "continues": self.continues,
                "views": self.views,
                "finished": self.is_finished,
            }
            text = json.dumps(record, indent=1, ensure_ascii=False)
            write_whole(self.place / JOB, text.encode("utf-8", "backslashreplace"))


def find_run(name: str, folder: Path | None, project: Path | None) -> Path:
    """A run by its path, or by its number in the project of an image folder. Raises WhatsitError."""
    place = Path(name)
    if place.is_dir():
        return place.absolute()
    if (folder or project) and name.isdecimal():
        runs = Path(project or Project.existing(folder or ".").folder) / "runs"
        if (runs / f"{int(name):04}").is_dir():
            return (runs / f"{int(name):04}").absolute()
    raise WhatsitError(f"There is no run {name}.", "Give its path: FOLDER/.whatsit/runs/0001.")


def load_job(run: Path) -> Job:
    """The job that began a run. Raises WhatsitError."""
    record = _read(run)
    if "part_of" in record:
        run = run.parent / str(record["part_of"])
        record = _read(run)
    try:
        known = {one.name for one in fields(Asked)}
        asked = Asked(**{name: value for name, value in record["asked"].items() if name in known})
        return Job(
            asked,
            list(record["runs"]),
            record["pictures"],
            int(record["continues"]),
            int(record["views"]),
            bool(record["finished"]),
            _folder=run.parent,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _damaged(run) from error


def further(run: Path, epochs: int | None, lr: float | None, out: Path | None) -> Job:
    """The job of training a finished run further. Raises WhatsitError."""
    job, past = load_job(run), load_run(run)
    if not job.is_finished or past is None:
        raise WhatsitError(f"Run {run} did not come to its end.", f"Go on with it first: --resume {run}")
    last = past.facts["fits"][-1]
    asked = replace(
        job.asked,
        epochs=epochs or last["epochs"],
        rates=[lr or last["lr"]],
        balance=last["balance"],
        seed=past.facts["seed"],
        out=str(out.absolute()) if out else job.asked.out,
        repeat=1,
        fine_tune=0,
        time_budget=None,
        what_if=False,
    )
    begun = Job(asked, [run.name], "", finished(run), past.facts["views"], _folder=run.parent)
    begun.write()
    return begun


def _read(run: Path) -> dict[str, Any]:
    try:
        record = json.loads((run / JOB).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise WhatsitError(
            f"Run {run} was not begun by whatsit train.", "In Python, load a stage that the learner saved."
        ) from None
    except (OSError, ValueError) as error:
        raise _damaged(run) from error
    if not isinstance(record, dict):
        raise _damaged(run)
    return record


def _damaged(run: Path) -> WhatsitError:
    return WhatsitError(f"{run / JOB} is damaged.", "Train anew.")
