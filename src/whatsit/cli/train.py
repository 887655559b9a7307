"""`whatsit train`: a folder becomes a bundle."""

import math
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from whatsit.checks import require_place
from whatsit.cli.options import (
    BackboneName,
    ByTime,
    EventsFile,
    Group,
    Json,
    ProjectDir,
    Recursive,
    ResizeMode,
    Size,
    SplitSeed,
    Valid,
    WeightFile,
    config_of,
    side_of_input,
)
from whatsit.cli.running import listening
from whatsit.cli.train_result import run_and_print
from whatsit.config import (
    LARGEST_SEED,
    LR,
    Augment,
    ContinueConfig,
    Device,
    Precision,
    ResumeConfig,
    SplitConfig,
    TrainConfig,
)
from whatsit.errors import WhatsitError

if TYPE_CHECKING:
    pass

OUTPUT = {"verbose", "open_report", "events", "json"}
PLACES = OUTPUT | {"folder", "project", "out", "weights"}  # which a run does not record
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
        typer.Option(metavar="N", min=0, help="Train the backbone's late layers too, if that helps."),
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
    recursive: Recursive = False,
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
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also print every epoch and a table of the classes.")
    ] = False,
    open_report: Annotated[bool, typer.Option("--open", help="Open the report in a browser.")] = False,
    events: EventsFile = None,
    json: Json = False,
) -> None:
    """Train a classifier and write it as a bundle."""
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

    config: TrainConfig | ResumeConfig | ContinueConfig
    if resume is not None:
        config = config_of(ResumeConfig, context, run=resume)
    elif continue_run is not None:
        lr = tried[0] if _is_given(context, "rates") else None
        config = config_of(ContinueConfig, context, run=continue_run, lr=lr)
    else:
        config = config_of(
            TrainConfig,
            context,
            out=out,
            lrs=tried,
            size=side_of_input(size),
            balance=None if balance == "none" else balance,
        )
    with listening(events, json, has_epochs=verbose) as emit:
        report = run_and_print(config, emit, json, verbose)
    if open_report and report is not None:
        import webbrowser

        webbrowser.open(report.absolute().as_uri())


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
    raise WhatsitError(f"--lr {rates} is not a learning rate.", "Give a number, or several: 1e-3,3e-3,1e-2.")
