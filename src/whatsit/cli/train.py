"""`whatsit train`: a folder becomes a bundle."""

import math
import time
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from whatsit.cli.options import (
    SPLIT_SEED,
    VALID,
    BackboneName,
    ByTime,
    Folder,
    Group,
    Json,
    Precision,
    ProjectDir,
    ResizeMode,
    Size,
    SplitSeed,
    Valid,
    WeightFile,
    print_evaluation,
    print_json,
    program,
    warn,
)
from whatsit.errors import WhatsitError
from whatsit.text import printable

LARGEST_SEED = 2**32


def train(
    folder: Folder,
    out: Annotated[Path | None, typer.Option(help="The bundle to write; FOLDER's name by default.")] = None,
    backbone: BackboneName = "lite0",
    weights: WeightFile = None,
    rates: Annotated[
        str,
        typer.Option(
            "--lr",
            metavar="RATE[,RATE...]",
            help="The highest learning rate, or several to try; `whatsit lr` draws what it does.",
        ),
    ] = "3e-3",
    balance: Annotated[
        Literal["none", "oversample", "loss"],
        typer.Option(help="Show the pictures of small classes more often, or let them count more."),
    ] = "none",
    epochs: Annotated[int | None, typer.Option(min=1, help="By default, as many as the head needs.")] = None,
    fine_tune: Annotated[
        int,
        typer.Option(metavar="N", min=0, help="Train the body's late layers too, N epochs, if that helps."),
    ] = 0,
    device: Annotated[
        Literal["auto", "cpu", "cuda"], typer.Option(help="Where --fine-tune learns.")
    ] = "auto",
    valid: Valid = VALID,
    seed: Annotated[
        int, typer.Option(min=0, max=LARGEST_SEED, help="Moves the training, never the split.")
    ] = 0,
    split_seed: SplitSeed = SPLIT_SEED,
    group: Group = None,
    by_time: ByTime = False,
    size: Size = 224,
    precision: Annotated[
        Precision | None, typer.Option(help="By default bf16 where the processor has it.")
    ] = None,
    resize: ResizeMode = "crop",
    repeat: Annotated[int, typer.Option(min=1, help="Train the head this often: mean and range.")] = 1,
    project: ProjectDir = None,
    json: Json = False,
) -> None:
    """Train a classifier and write it as a bundle."""
    started = time.perf_counter()
    out = out or Path(f"{folder.resolve().name.removesuffix('.csv')}.whatsit")
    if out.is_dir() or not out.absolute().parent.is_dir():
        what = f"The bundle can't be written to {out}."
        raise WhatsitError(what, "Name a file in an existing folder with --out.")

    tried = _numbers(rates)
    balanced = None if balance == "none" else balance

    from whatsit.catalog import Catalog

    catalog = Catalog.read(
        folder, valid=valid, seed=split_seed, group=group, by_time=by_time, project=project
    )

    from whatsit.train import Learner, automatic
    from whatsit.train.learner import FEW_PICTURES

    learner = Learner(
        catalog,
        backbone,
        size,
        weights=weights,
        resize=resize,
        precision=precision,
        seed=seed,
        device=device,
    )
    tell = _quiet if json else _live
    learner = automatic.fit_best(learner, tried, epochs, tell, balanced)
    accuracies = automatic.repeat(learner, repeat)
    if fine_tune:
        learner = automatic.fine_tune(learner, fine_tune, tell, balanced)
    figure = learner.run / "learning.png"
    learner.history.plot().write(figure)
    agreement = learner.export(out).metrics["fp32_agreement"]
    evaluation = learner.evaluate()
    warn(learner.catalog)
    if json:
        document: dict[str, Any] = {
            **evaluation.to_dict(),
            "classes": learner.classes,
            "images": len(learner.catalog),
            "valid_images": evaluation.images,
            "seconds": round(time.perf_counter() - started, 3),
            "bundle": str(out),
            "epochs": len(learner.history),
            "views": learner.views,
            "fine_tuned": learner.is_fine_tuned,
            "precision": learner.precision,
            "fp32_agreement": agreement,
            "unreadable": [str(path) for path, _ in learner.catalog.unreadable],
            "warnings": list(learner.catalog.warnings),
            "run": str(learner.run),
            "figure": str(figure),
            "diagnosis": learner.diagnose().to_dict(),
        }
        if repeat > 1:
            document["repeats"] = accuracies
        print_json(document)
        return
    print("validation: ", end="")
    print_evaluation(evaluation)
    if repeat > 1:
        print(f"{'frozen, ' if fine_tune else ''}{automatic.summary(accuracies)}")
    print(f"views of each training picture: {learner.views}; precision: {learner.precision}", end="")
    few = min(FEW_PICTURES, evaluation.images)
    print("" if learner.precision == "fp32" else f" ({agreement:.1%} of {few} labels are the same at fp32)")
    for line in str(learner.diagnose()).splitlines():
        print(printable(line))
    print(f"history: {printable(learner.run / 'history.json')}, drawn in learning.png beside it")
    print(f"bundle: {printable(out)} ({time.perf_counter() - started:.1f} s)")
    print(f"next: {program()} predict {printable(out)} PICTURE")


def _numbers(rates: str) -> list[float]:
    with suppress(ValueError):
        numbers = [float(rate) for rate in rates.split(",")]
        if all(0 < rate < math.inf for rate in numbers):
            return numbers
    raise WhatsitError(f"--lr {rates} is no learning rate.", "Give a number, or several: 1e-3,3e-3,1e-2.")


def _live(line: str) -> None:
    print(line, flush=True)


def _quiet(line: str) -> None:
    pass
