"""Every long task: `run(config, emit)` gives a result that has `to_dict()`."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from whatsit import events
from whatsit.checks import config_with, meant
from whatsit.commands import command_line
from whatsit.config import (
    CollectConfig,
    Config,
    ContinueConfig,
    EvaluateConfig,
    PredictConfig,
    ReportConfig,
    ResumeConfig,
    ShowConfig,
    TrainConfig,
    VerifyConfig,
)
from whatsit.errors import CollectError, WhatsitError
from whatsit.events import Emit, written
from whatsit.i18n import Message
from whatsit.outputs import require_output

if TYPE_CHECKING:
    from whatsit.catalog import Catalog
    from whatsit.catalog.summary import Summary
    from whatsit.collection import Collection
    from whatsit.predicting import PredictResult
    from whatsit.report import Headline, Report
    from whatsit.understand.metrics import Evaluation
    from whatsit.verification import Verification

# What a task needs is imported when it runs: `whatsit predict` would wait for the modules of all the others.
PICTURES = "pictures.png"
Place = str | Path


class Result(Protocol):
    """What came of a task."""

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain JSON values."""
        ...


@dataclass(frozen=True)
class ShowResult:
    """A summary of a catalog, and the figure that was drawn, if any."""

    catalog: "Catalog"
    summary: "Summary"
    figure: Path | None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**self.summary.to_dict(), "figure": self.figure and str(self.figure)}


@dataclass(frozen=True)
class EvaluateResult:
    """How good a bundle is on pictures; `trained_on` are left out, None where that can't be known.

    `near_training` of the others are nearly the same as pictures that it was trained on. `headline` is None
    for answers that are not numbers.
    """

    evaluation: "Evaluation"
    catalog: "Catalog"
    split: str
    trained_on: int | None
    near_training: int = 0
    headline: "Headline | None" = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        counts: dict[str, Any] = {"trained_on": self.trained_on, "near_training": self.near_training}
        if self.headline:
            counts["headline"] = [one.to_dict() for one in self.headline.messages]
            counts["novel"] = self.headline.of.outcomes.novel
        return {**self.evaluation.to_dict(), "split": self.split, **counts}


@dataclass(frozen=True)
class ReportResult:
    """A report and the page it was written to."""

    report: "Report"
    path: Path

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        main = self.report.interpretations[0].reliability
        return {
            "report": str(self.path),
            "splits": {one.split: one.evaluation.to_dict() for one in self.report.interpretations},
            "trained_on": self.report.left_out,
            "calibration_error": main.ece,
            "calibration_error_by_chance": main.chance[0],
        }


def run(config: Config, emit: Emit | None = None) -> Result:
    """Carry out a task. `emit` gets all events; without it they go to the terminal or the notebook.

    Raises WhatsitError.
    """
    if isinstance(config, TrainConfig | ResumeConfig | ContinueConfig):
        from whatsit.training.task import run_training

        return run_training(config, emit)
    with events.task(emit) as finish:
        result = _OTHERS[type(config)](config)
        finish(result.to_dict())
    return result


def collect(*classes: str, emit: Emit | None = None, **options: Any) -> "Collection":
    """Do what `whatsit collect WORDS...` does; `options` are the fields of CollectConfig."""
    return cast("Collection", run(config_with(CollectConfig, {"classes": classes, **options}), emit))


def verify(folder: Place, emit: Emit | None = None, **options: Any) -> "Verification":
    """Do what `whatsit verify FOLDER` does; `options` are the fields of VerifyConfig."""
    return cast("Verification", run(config_with(VerifyConfig, {"folder": folder, **options}), emit))


def show(folder: Place, emit: Emit | None = None, **options: Any) -> ShowResult:
    """Do what `whatsit show FOLDER` does; `options` are the fields of ShowConfig."""
    return cast(ShowResult, run(config_with(ShowConfig, {"folder": folder, **options}), emit))


def evaluate(bundle: Place, folder: Place, emit: Emit | None = None, **options: Any) -> EvaluateResult:
    """Do what `whatsit evaluate BUNDLE FOLDER` does; `options` are the fields of EvaluateConfig."""
    config = config_with(EvaluateConfig, {"bundle": bundle, "folder": folder, **options})
    return cast(EvaluateResult, run(config, emit))


def report(
    subject: Place, folder: Place | None = None, emit: Emit | None = None, **options: Any
) -> ReportResult:
    """Do what `whatsit report` does with a bundle or run; `options` are the fields of ReportConfig."""
    config = config_with(ReportConfig, {"subject": subject, "folder": folder, **options})
    return cast(ReportResult, run(config, emit))


def predict(bundle: Place, *images: Place, emit: Emit | None = None, **options: Any) -> "PredictResult":
    """Do what `whatsit predict BUNDLE IMAGE...` does; `options` are the fields of PredictConfig."""
    config = config_with(PredictConfig, {"bundle": bundle, "images": images, **options})
    return cast("PredictResult", run(config, emit))


def _collect(config: CollectConfig) -> "Collection":
    from whatsit import collection

    project, into = config.project, config.into
    if config.urls:
        if config.source != CollectConfig.source or config.license != CollectConfig.license:
            raise CollectError(Message("tasks.only_searching"))
        # The shell makes several words of urls_*.txt, of which only the first is the option's.
        lists = collection.label_lists([Path(one) for one in (*config.urls, *config.classes)], config.label)
        return collection.collect_lists(
            lists, into, config.max_pics, config.retry, config.allow_private, project
        )
    if config.label:
        raise CollectError(Message("tasks.only_lists"))
    most = {} if config.max_pics is None else {"max_pics": config.max_pics}
    return collection.collect(
        *config.classes,
        into=into,
        source=config.source,
        license=config.license,
        retry=config.retry,
        allow_private=config.allow_private,
        project=project,
        **most,
    )


def _verify(config: VerifyConfig) -> "Verification":
    from whatsit.verification import verify_images

    changes = not config.dry_run
    max_size = config.max_size if changes else None
    return verify_images(config.folder, changes, max_size, config.fix and changes, project=config.project)


def _show(config: ShowConfig) -> ShowResult:
    from whatsit.training.job import catalog_of

    catalog = catalog_of(config, to_train=False)
    figure = Path(config.save) if config.save else None
    if figure is not None:
        require_output("figure", figure)
    if figure is None and catalog.project.is_lasting and find_spec("matplotlib"):
        figure = catalog.project.folder / PICTURES
    if figure is not None:
        catalog.show().write(figure)
        written("figure", figure)
    return ShowResult(catalog, catalog.summary(), figure)


def _evaluate(config: EvaluateConfig) -> EvaluateResult:
    from whatsit.classifier import Classifier
    from whatsit.evaluation import evaluate_folder

    classifier = Classifier(config.bundle, precision=config.precision)
    found = evaluate_folder(
        classifier,
        Path(config.folder),
        config.split,
        valid=config.valid,
        seed=config.split_seed,
        by_time=config.by_time,
        group=config.group,
        project=Path(config.project) if config.project else None,
    )
    return EvaluateResult(
        found.evaluation, found.catalog, config.split or "all", found.trained_on, found.near, found.headline
    )


def _report(config: ReportConfig) -> ReportResult:
    from whatsit.classifier import Classifier
    from whatsit.evaluation import report_folder
    from whatsit.training.finished import report_of_run
    from whatsit.training.job import find_run
    from whatsit.training.task import REPORT

    subject = Path(config.subject)
    folder, out, weights, project = (
        Path(place) if place else None
        for place in (config.folder, config.out, config.weights, config.project)
    )
    if subject.is_file():
        if folder is None:
            raise WhatsitError(
                Message("tasks.bundle_alone", command=command_line("report", subject, "FOLDER"))
            )
        out = out or Path(REPORT)
        require_page(out)
        report = report_folder(Classifier(subject), folder, project)
    else:
        if subject.suffix == ".whatsit":
            advice = meant(subject, Message("bundle.make_one"), ".whatsit")
            raise WhatsitError(Message("bundle.none", path=subject, advice=advice))
        place = find_run(config.subject, folder, project)
        out = out or place / REPORT
        require_page(out)
        report = report_of_run(place, folder, weights)
    report.write(out, config.lang)
    written("report", out)
    return ReportResult(report, out)


def _predict(config: PredictConfig) -> "PredictResult":
    from whatsit.predicting import predict_files

    return predict_files(config)


def require_page(out: Path) -> None:
    """Raise WhatsitError before any work where a page can't be written, or would overwrite something else."""
    if out.suffix.lower() not in (".html", ".htm") or (out.exists() and not out.is_file()):
        raise WhatsitError(Message("tasks.no_page", out=out))
    require_output("report", out)


_OTHERS: dict[type, Callable[[Any], Result]] = {
    CollectConfig: _collect,
    VerifyConfig: _verify,
    ShowConfig: _show,
    EvaluateConfig: _evaluate,
    ReportConfig: _report,
    PredictConfig: _predict,
}
