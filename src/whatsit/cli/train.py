"""`whatsit train`: a folder becomes a bundle."""

import math
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Literal

import typer

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
from whatsit.cli.running import listening, taking_up_jobs
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
from whatsit.i18n import Message, say
from whatsit.text import printable

OUTPUT = {"verbose", "open_report", "events", "json"}
PLACES = OUTPUT | {"folder", "project", "out", "weights"}  # which a run does not record
WITH_RESUME = PLACES | {"resume"}
WITH_CONTINUE = PLACES | {"continue_run", "epochs", "rates"}


def train(
    context: typer.Context,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar=say("metavar.folder"), help=say("help.pictures")),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar=say("metavar.file"), help=say("help_train.out"))] = None,
    backbone: BackboneName = TrainConfig.backbone,
    weights: WeightFile = None,
    rates: Annotated[
        str,
        typer.Option(
            "--lr",
            metavar=say("metavar.rates"),
            help=say("help_train.lr"),
        ),
    ] = f"{LR:g}",
    balance: Annotated[
        Literal["none", "oversample", "loss"],
        typer.Option(help=say("help_train.balance")),
    ] = "none",
    epochs: Annotated[
        int | None, typer.Option(metavar=say("metavar.number"), min=1, help=say("help_train.epochs"))
    ] = None,
    fine_tune: Annotated[
        int,
        typer.Option(metavar=say("metavar.number"), min=0, help=say("help_train.fine_tune")),
    ] = 0,
    time_budget: Annotated[
        float | None,
        typer.Option(metavar=say("metavar.minutes"), min=0.0, help=say("help_train.time_budget")),
    ] = None,
    augment: Annotated[
        Augment,
        typer.Option(help=say("help_train.augment")),
    ] = TrainConfig.augment,
    device: Annotated[Device, typer.Option(help=say("help_train.device"))] = "auto",
    valid: Valid = SplitConfig.valid,
    seed: Annotated[
        int, typer.Option(metavar=say("metavar.number"), min=0, max=LARGEST_SEED, help=say("help_train.seed"))
    ] = 0,
    split_seed: SplitSeed = SplitConfig.seed,
    group: Group = None,
    by_time: ByTime = False,
    recursive: Recursive = False,
    size: Size = str(TrainConfig.size),
    precision: Annotated[Precision | None, typer.Option(help=say("help_train.precision"))] = None,
    resize: ResizeMode = TrainConfig.resize,
    repeat: Annotated[
        int, typer.Option(metavar=say("metavar.number"), min=1, help=say("help_train.repeat"))
    ] = 1,
    what_if: Annotated[bool, typer.Option("--what-if", help=say("help_train.what_if"))] = False,
    resume: Annotated[
        str | None, typer.Option(metavar=say("metavar.run"), help=say("help_train.resume"))
    ] = None,
    continue_run: Annotated[
        str | None,
        typer.Option("--continue", metavar=say("metavar.run"), help=say("help_train.continue")),
    ] = None,
    project: ProjectDir = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help=say("help_train.verbose"))] = False,
    open_report: Annotated[bool, typer.Option("--open", help=say("help_train.open"))] = False,
    events: EventsFile = None,
    json: Json = False,
) -> None:
    """Train a classifier and write it as a bundle."""
    goes_on = resume is not None or continue_run is not None
    if resume is not None and continue_run is not None:
        raise WhatsitError(Message("cli_train.resume_and_continue"))
    if goes_on:
        _refuse_others(context, WITH_CONTINUE if resume is None else WITH_RESUME)
    tried = _numbers(rates)
    if continue_run is not None and len(tried) > 1:
        raise WhatsitError(Message("cli_train.rates_on_run"))
    if time_budget is not None and not 0 < time_budget < math.inf:
        raise WhatsitError(Message("cli_train.time_budget", minutes=f"{time_budget:g}"))
    if not goes_on:
        if folder is None:
            raise WhatsitError(Message("cli_train.no_folder"))
        from whatsit.bundle import default_path

        out = out or default_path(folder)

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
    with listening(events, json, has_epochs=verbose) as emit, taking_up_jobs(config):
        report = run_and_print(config, emit, json, verbose).report
    if open_report and report is not None:
        import webbrowser

        webbrowser.open(report.absolute().as_uri())


def _is_given(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _refuse_others(context: typer.Context, allowed: set[str]) -> None:
    """Raise WhatsitError where an option is given that the run's record has already."""
    for parameter in context.command.params:
        if parameter.name and parameter.name not in allowed and _is_given(context, parameter.name):
            raise WhatsitError(Message("cli_train.fixed_option", option=parameter.opts[0]))


def _numbers(rates: str) -> list[float]:
    with suppress(ValueError):
        numbers = [float(rate) for rate in rates.split(",")]
        if all(0 < rate < math.inf for rate in numbers):
            return numbers
    raise WhatsitError(Message("cli_train.rates", rates=printable(rates)))
