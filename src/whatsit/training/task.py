"""A whole training as a task: a config in; a bundle, a report and a result out."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from whatsit import events
from whatsit.bundle import default_path
from whatsit.checks import config_with, path_of
from whatsit.commands import command_line
from whatsit.config import ContinueConfig, ResumeConfig, TrainConfig, absolute
from whatsit.errors import DivergedError, WhatsitError
from whatsit.events import Emit, note, warn, written
from whatsit.extras import MissingError
from whatsit.i18n import Message
from whatsit.outputs import is_ours
from whatsit.project import find_replaced, write_whole
from whatsit.report import Headline, Phrase
from whatsit.report.suspects import Suspect
from whatsit.text import brief
from whatsit.training import automatic
from whatsit.training import job as jobs
from whatsit.training.checks import require_config
from whatsit.training.cleaned import cleanings
from whatsit.training.job import Job
from whatsit.training.learner import Learner
from whatsit.training.previous import compared
from whatsit.training.records import cost, prediction_seconds
from whatsit.training.reporting import interpretations
from whatsit.training.suspects import noise_of, suspects_of
from whatsit.training.what_if import Experiment, draw, what_if
from whatsit.understand import guessing
from whatsit.understand.cleaned import Cleaning
from whatsit.understand.label_errors import LabelNoise
from whatsit.understand.previous import Compared

REPORT, WHAT_IF = "report.html", "what-if.png"
Training = TrainConfig | ResumeConfig | ContinueConfig


@dataclass(frozen=True, eq=False, repr=False)
class TrainResult:
    """What a training came to: the `learner`, its `bundle` and the `report` beside it, None without one.

    `config` is what was to be done. `accuracies` are those of all seeds, if several were wanted;
    `experiments` those of `what_if`, and `figure` their picture. `replaced` is where the bundle is kept that
    was there before, if it was another one.
    """

    learner: Learner
    bundle: Path
    report: Path | None
    seconds: float
    config: TrainConfig
    replaced: Path | None = None
    accuracies: tuple[float, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    figure: Path | None = None

    def __repr__(self) -> str:
        return brief(self, f"{self.bundle.name}: {self.learner.evaluate().accuracy:.1%} right on validation")

    @property
    def left_out(self) -> int:
        """How many pictures were set aside for measuring, and are training pictures too."""
        return self.learner._state.data.left_out

    @property
    def headline(self) -> Headline:
        """How good it is, in the words of the report."""
        learner, catalog = self.learner, self.learner.catalog
        share = catalog.rule.valid if catalog.is_assigned else None
        found = next(interpretations(learner.interpret))
        return Headline(found, self.left_out, share, cleaned=self.cleaned.get(found.split))

    @cached_property
    def previous(self) -> Compared | None:
        """Whether it is better than the training before it; None without one that can be compared."""
        return compared(self.learner._state, self.learner._calibration)

    @cached_property
    def cleaned(self) -> dict[str, Cleaning]:
        """What a review did to test and validation pictures, with the accuracy before and after."""
        return cleanings(self.learner._state, self.learner._calibration)

    def suspects(self) -> list[Suspect]:
        """The training pictures whose labels held-out answers surely contradict, the surest first."""
        return suspects_of(self.learner._state, self.learner._calibration)

    def noise(self) -> LabelNoise | None:
        """How many labels of the training pictures are wrong, as estimated; None of a backbone that was
        trained, which has memorized them.
        """
        return noise_of(self.learner._state, self.learner._calibration)

    def cost(self) -> dict[str, Phrase]:
        """The size of the input and why it was taken, and how long a prediction takes with it, in words."""
        return cost(self.learner._state, self.learner.model())

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        learner, evaluation = self.learner, self.learner.evaluate()
        doubt = guessing.warning(evaluation)
        found: dict[str, Any] = {
            **evaluation.to_dict(),
            "headline": [one.to_dict() for one in self.headline.messages],
            "classes": learner.classes,
            "images": len(learner.catalog),
            "valid_images": evaluation.images,
            "seconds": round(self.seconds, 3),
            "bundle": shortest(self.bundle),
            "epochs": len(learner.history),
            "views": learner.views,
            "fine_tuned": learner.is_fine_tuned,
            "precision": learner.precision,
            "size": learner.input_size.pixels,
            "size_reason": learner.input_size.why,
            "prediction_seconds": prediction_seconds(learner._state, learner.model()),
            "unreadable": [str(path) for path, _ in learner.catalog.unreadable],
            "warnings": [one.to_dict() for one in (*learner.catalog.warnings, *([doubt] if doubt else []))],
            "run": str(learner.run),
            "diagnosis": learner.diagnose().to_dict(),
            "report": self.report and str(self.report),
            "replaced": self.replaced and str(self.replaced),
            "cleaned": {split: one.to_dict() for split, one in self.cleaned.items()},
            "previous": self.previous and self.previous.to_dict(),
            "suspects": [{**asdict(one), "path": str(one.path)} for one in self.suspects()[:20]],
        }
        if (noise := self.noise()) is not None:
            found["noise"] = noise.to_dict()
        if len(self.accuracies) > 1:
            found["repeats"] = list(self.accuracies)
        if self.experiments:
            found["what_if"] = [experiment.to_dict() for experiment in self.experiments]
        return found


def train(
    folder: str | Path, out: str | Path | None = None, emit: Emit | None = None, **options: Any
) -> TrainResult:
    """Train a classifier on an image folder (or a CSV file) and write its bundle: what `whatsit train` does.

    `out` is FOLDER.whatsit by default; `options` are the other fields of TrainConfig. `emit` gets all events:
    without it they go to the terminal or the notebook. Raises WhatsitError.
    """
    folder = path_of(folder, Message("training.image_folder"), WhatsitError).absolute()
    places = {"folder": folder, "out": out or default_path(folder)}
    return run_training(config_with(TrainConfig, {**places, **options}), emit)


def resume(
    run: str | Path,
    folder: str | Path | None = None,
    out: str | Path | None = None,
    weights: str | Path | None = None,
    emit: Emit | None = None,
) -> TrainResult:
    """Go on with a training that was stopped, in its run: FOLDER/.whatsit/runs/0001.

    The same as `whatsit train --resume`: a run does not decide where files are. So name `out` and `weights`
    if you named them before, and the pictures' `folder` if that is not beside the run. Raises WhatsitError.
    """
    places = (str(place) if place else None for place in (run, folder, out, weights))
    return run_training(ResumeConfig(*places), emit)  # type: ignore[arg-type]


def run_training(
    config: TrainConfig | ResumeConfig | ContinueConfig, emit: Emit | None = None
) -> TrainResult:
    """Carry out a training that is new or goes on. Raises WhatsitError.

    Where it is stopped, a warning gives the command that goes on with it.
    """
    started = time.perf_counter()
    with events.task(emit) as finish, _job_of(absolute(config)) as job:
        require_config(job.config)
        trained = automatic.carry_out(job)
        learner, out = trained.learner, Path(job.config.out)
        replaced = _export(learner, job, out)
        written("bundle", out)
        experiments = what_if(learner, learner.run / "what-if") if job.config.what_if else []
        figure = _draw(experiments, learner.run / WHAT_IF)
        job.finish(learner.run)
        report, accuracies = _report(learner, out), tuple(trained.accuracies)
        seconds = time.perf_counter() - started
        result = TrainResult(
            learner, out, report, seconds, job.config, replaced, accuracies, tuple(experiments), figure
        )
        finish(result.to_dict())
    return result


@contextmanager
def _job_of(config: Training) -> Iterator[Job]:
    """The job of a config, held until the end of the block. Raises WhatsitError."""
    if isinstance(config, TrainConfig):
        job = Job(config)
    else:
        folder, out, weights, project = (
            Path(place) if place else None
            for place in (config.folder, config.out, config.weights, config.project)
        )
        given, place = jobs.Given(folder, out, weights), jobs.find_run(config.run, folder, project)
        if isinstance(config, ResumeConfig):
            job = jobs.resume(place, given)
            code = "training.resuming" if any(place.glob("fit-*")) else "training.resuming_anew"
            note(Message(code, run=place.name))
        else:
            job = jobs.further(place, given, config.epochs, config.lr)
    try:
        yield job
    except KeyboardInterrupt:
        if not job.is_finished:
            with suppress(KeyboardInterrupt):  # of a listener that has had enough
                warn(_advice(job))
        raise
    finally:
        job.release()


def _advice(job: Job) -> Message:
    """How to go on after a job was stopped."""
    if job.place is None:
        return Message("training.start_again")
    return Message("training.resume_with", command=command_line("train", *job.resuming()))


def _export(learner: Learner, job: Job, out: Path) -> Path | None:
    """Write the bundle; where another one is kept that was there before."""
    before = out.read_bytes() if out.is_file() else b""
    try:
        learner.export(out)
        if before in (b"", out.read_bytes()):
            return None
        return find_replaced(learner._state.project.folder, hashlib.sha256(before).hexdigest())
    except DivergedError:
        job.finish(learner.run)  # to go on with it would end the same way
        raise


def _draw(experiments: list[Experiment], place: Path) -> Path | None:
    if not experiments:
        return None
    try:
        draw(experiments).write(place)
    except MissingError as error:
        warn(Message("training.no_figure", name=place.name, reason=error))
        return None
    written("figure", place)
    return place


def _report(learner: Learner, out: Path) -> Path | None:
    """Write the page into the run and beside the bundle; what was trained is worth keeping without it too."""
    page, beside = learner.run / REPORT, out.with_name(f"{out.stem}-{REPORT}")
    try:
        text = learner.report().render().encode("utf-8", "backslashreplace")
        write_whole(page, text)
    except WhatsitError as error:
        warn(Message("training.no_report", reason=error))
        return None
    if not is_ours("report", beside):
        warn(Message("training.foreign_page", path=beside))
    else:
        with suppress(WhatsitError):  # then the one in the run has to do
            write_whole(beside, text)
            page = beside
    written("report", page)
    return page


def shortest(path: Path) -> str:
    """A path as short as it can be from here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
