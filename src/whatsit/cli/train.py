"""`whatsit train`: a folder becomes a bundle."""

import math
import time
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from whatsit.cli.options import (
    BackboneName,
    ByTime,
    Group,
    Json,
    ProjectDir,
    ResizeMode,
    Size,
    SplitSeed,
    Valid,
    WeightFile,
    named,
    print_evaluation,
    print_json,
    print_notes,
    program,
    require_place,
    resuming,
    side_of_input,
)
from whatsit.cli.report import REPORT
from whatsit.config import LARGEST_SEED, LR, Augment, Device, Precision, SplitConfig, TrainConfig
from whatsit.errors import DivergedError, WhatsitError
from whatsit.events import emitting, results_only, warn
from whatsit.extras import MissingError
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.training.automatic import Trained
    from whatsit.training.job import Job
    from whatsit.training.learner import Learner
    from whatsit.training.what_if import Experiment

PLACES = {"folder", "project", "json", "out", "weights"}  # which a run's own record is not asked for
WITH_RESUME = PLACES | {"resume"}
WITH_CONTINUE = PLACES | {"continue_run", "epochs", "rates"}


def train(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER", help="One sub-folder of pictures per class; or a CSV file: path,label."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The bundle to write; FOLDER's name by default.")] = None,
    backbone: BackboneName = TrainConfig.backbone,
    weights: WeightFile = None,
    rates: Annotated[
        str,
        typer.Option(
            "--lr",
            metavar="RATE[,RATE...]",
            help="The highest learning rate, or several to try; `whatsit lr` draws what it does.",
        ),
    ] = f"{LR:g}",
    balance: Annotated[
        Literal["none", "oversample", "loss"],
        typer.Option(help="Show the pictures of small classes more often, or let them count more."),
    ] = "none",
    epochs: Annotated[int | None, typer.Option(min=1, help="By default, as many as the head needs.")] = None,
    fine_tune: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="Train the body's late layers too, N epochs, if that helps."),
    ] = 0,
    time_budget: Annotated[
        float | None,
        typer.Option(metavar="MINUTES", min=0.0, help="Fine-tune for as many epochs as fit, if that helps."),
    ] = None,
    augment: Annotated[
        Augment,
        typer.Option(
            help="Change pictures while learning: what mostly helps; also turn, zoom, warp, relight; nothing."
        ),
    ] = TrainConfig.augment,
    device: Annotated[Device, typer.Option(help="Where --fine-tune learns.")] = "auto",
    valid: Valid = SplitConfig.valid,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST_SEED, help="Moves the training, never the split.")
    ] = 0,
    split_seed: SplitSeed = SplitConfig.seed,
    group: Group = None,
    by_time: ByTime = False,
    size: Size = str(TrainConfig.size),
    precision: Annotated[
        Precision | None, typer.Option(help="By default bf16 where the processor has it.")
    ] = None,
    resize: ResizeMode = TrainConfig.resize,
    repeat: Annotated[int, typer.Option(min=1, help="Train the head this often: mean and range.")] = 1,
    what_if: Annotated[
        bool, typer.Option("--what-if", help="Show what wrong rates and epochs would do here (minutes).")
    ] = False,
    resume: Annotated[
        str | None, typer.Option(metavar="RUN", help="Go on with a training that was stopped.")
    ] = None,
    continue_run: Annotated[
        str | None,
        typer.Option("--continue", metavar="RUN", help="Train a finished run further, for --epochs more."),
    ] = None,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """Train a classifier and write it as a bundle."""
    started = time.perf_counter()
    goes_on = resume is not None or continue_run is not None
    if resume is not None and continue_run is not None:
        raise WhatsitError("A run can't be resumed and trained further at once.", "Give one of the two.")
    if goes_on:
        _refuse_others(context, WITH_CONTINUE if resume is None else WITH_RESUME)
    tried = _numbers(rates)
    if continue_run is not None and len(tried) > 1:
        raise WhatsitError("Several rates can't be tried on a run that goes on.", "Give --lr one.")
    if time_budget is not None and not 0 < time_budget < math.inf:
        raise WhatsitError(
            f"A time budget of {time_budget} minutes is impossible.", "Give a positive number."
        )
    if not goes_on:
        if folder is None:
            raise WhatsitError(
                "There is nothing to train on.", "Name a folder with one sub-folder per class."
            )
        from whatsit.bundle import default_path

        out = out or default_path(folder)
    if out:
        require_place("bundle", out)

    from whatsit.training import job as jobs

    given = jobs.Given(folder, out, weights)
    if resume is not None:
        job = jobs.resume(jobs.find_run(resume, folder, project), given)
    elif continue_run is not None:
        run = jobs.find_run(continue_run, folder, project)
        job = jobs.further(run, given, epochs, tried[0] if _is_given(context, "rates") else None)
    else:
        assert folder is not None
        assert out is not None
        job = jobs.Job(
            TrainConfig(
                folder=str(folder.absolute()),
                out=str(out.absolute()),
                backbone=backbone,
                weights=str(weights.absolute()) if weights else None,
                lrs=tried,
                balance=None if balance == "none" else balance,
                epochs=epochs,
                fine_tune=fine_tune,
                time_budget=time_budget,
                augment=augment,
                device=device,
                valid=valid,
                seed=seed,
                split_seed=split_seed,
                group=group,
                by_time=by_time,
                size=side_of_input(size),
                precision=precision,
                resize=resize,
                repeat=repeat,
                what_if=what_if,
                project=str(project.absolute()) if project else None,
            )
        )
    with emitting(results_only()) if json else nullcontext():
        train_and_tell(job, started, json)


def train_and_tell(job: "Job", started: float, json: bool = False) -> None:
    """Carry out what was asked, write the bundle, and print how it went."""
    from whatsit.training import automatic
    from whatsit.training.what_if import draw, what_if

    try:
        trained = automatic.carry_out(job)
        learner = trained.learner
        is_replaced = _export(learner, job)
        experiments = []
        if job.config.what_if:
            experiments = what_if(learner, learner.run / "what-if")
            try:
                draw(experiments).write(learner.run / "what-if.png")
            except MissingError as error:
                warn(f"what-if.png is not drawn: {error}")
        job.finish(learner.run)
    except KeyboardInterrupt:
        if job.place is not None:
            warn(f"go on with: {resuming(job.resuming())}")
        raise
    report = _report(learner)
    print_notes(learner.catalog)
    if is_replaced:
        place = named(learner.catalog.root, Path(job.config.project) if job.config.project else None)
        warn(f"the bundle that was there is in the trash: {program()} trash {place}")
    seconds = time.perf_counter() - started
    if json:
        print_json({**_document(job, trained, experiments, seconds), "report": report and str(report)})
    else:
        _print(job, trained, bool(experiments), seconds, report)


def _export(learner: "Learner", job: "Job") -> bool:
    """Write the bundle; whether it replaced another one."""
    out = Path(job.config.out)
    before = out.read_bytes() if out.is_file() else None
    try:
        learner.export(out)
        return before not in (None, out.read_bytes())
    except DivergedError:
        job.finish(learner.run)  # to go on with it would end the same way
        raise


def _document(
    job: "Job", trained: "Trained", experiments: "list[Experiment]", seconds: float
) -> dict[str, Any]:
    from whatsit.training.records import prediction_seconds
    from whatsit.understand.guessing import warning

    learner = trained.learner
    evaluation = learner.evaluate()
    document: dict[str, Any] = {
        **evaluation.to_dict(),
        "classes": learner.classes,
        "images": len(learner.catalog),
        "valid_images": evaluation.images,
        "seconds": round(seconds, 3),
        "bundle": _named(job),
        "epochs": len(learner.history),
        "views": learner.views,
        "fine_tuned": learner.is_fine_tuned,
        "precision": learner.precision,
        "size": learner.input_size.pixels,
        "size_reason": learner.input_size.why,
        "prediction_seconds": prediction_seconds(learner._state, learner.model()),
        "unreadable": [str(path) for path, _ in learner.catalog.unreadable],
        "warnings": [*learner.catalog.warnings, *filter(None, [warning(evaluation)])],
        "run": str(learner.run),
        "diagnosis": learner.diagnose().to_dict(),
    }
    if len(trained.accuracies) > 1:
        document["repeats"] = trained.accuracies
    if experiments:
        document["what_if"] = [experiment.to_dict() for experiment in experiments]
    return document


def _report(learner: "Learner") -> Path | None:
    """Write the page; what was learnt is worth keeping without it too."""
    try:
        learner.report().write(learner.run / REPORT)
    except WhatsitError as error:
        warn(f"there is no report: {error}")
        return None
    return learner.run / REPORT


def _print(
    job: "Job",
    trained: "Trained",
    has_experiments: bool,
    seconds: float,
    report: Path | None,
) -> None:
    from whatsit.report import Words
    from whatsit.training.automatic import summary
    from whatsit.training.records import cost

    learner = trained.learner
    evaluation = learner.evaluate()
    print("validation: ", end="")
    print_evaluation(evaluation)
    if left_out := learner._state.data.left_out:
        print(f"{left_out} pictures set aside for measuring were left out: they are training pictures too")
    if len(trained.accuracies) > 1:
        is_tuned = job.config.fine_tune or job.config.time_budget
        print(f"{'frozen, ' if is_tuned else ''}{summary(trained.accuracies)}")
    words = Words("en")
    for name, phrase in cost(learner._state, learner.model()).items():
        print(f"{words(name)}: {words.of(phrase)}")
    print(f"views of each training picture: {learner.views}; precision: {learner.precision}")
    for line in str(learner.diagnose()).splitlines():
        print(printable(line))
    if has_experiments and (learner.run / "what-if.png").exists():
        print(f"experiments: {printable(learner.run / 'what-if.png')}")
    if report:
        print(f"report: {printable(report)} (open it in a browser)")
    bundle = printable(_named(job))
    print(f"bundle: {bundle} ({seconds:.1f} s)")
    print(f"next: {program()} predict {bundle} PICTURE")


def _named(job: "Job") -> str:
    """The bundle's path, as short as it can be from here."""
    out = Path(job.config.out)
    return str(out.relative_to(Path.cwd()) if out.is_relative_to(Path.cwd()) else out)


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _refuse_others(context: typer.Context, allowed: set[str]) -> None:
    """Raise WhatsitError where an option is given that the run itself has said already."""
    for parameter in context.command.params:
        if parameter.name and parameter.name not in allowed and _is_given(context, parameter.name):
            raise WhatsitError(
                f"{parameter.opts[0]} can't be changed in a training that goes on.", "Leave it out."
            )


def _numbers(rates: str) -> list[float]:
    with suppress(ValueError):
        numbers = [float(rate) for rate in rates.split(",")]
        if all(0 < rate < math.inf for rate in numbers):
            return numbers
    raise WhatsitError(f"--lr {rates} is no learning rate.", "Give a number, or several: 1e-3,3e-3,1e-2.")
