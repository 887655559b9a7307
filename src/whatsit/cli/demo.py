"""`whatsit demo`: the whole road on real input, offline."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from whatsit.cli.evaluate import evaluate_and_print
from whatsit.cli.show import show_and_print
from whatsit.cli.train_result import run_and_print
from whatsit.config import EvaluateConfig, PredictConfig, ShowConfig, TrainConfig
from whatsit.errors import WhatsitError
from whatsit.events import Plain

PICTURES = ("pictures.png", "training.png", "predictions.png")
MADE_BY_DEMO = ".made-by-whatsit-demo"  # only such a folder is written over


def demo(
    folder: Annotated[Path, typer.Option(help="Where to put the pictures and what comes of them.")] = Path(
        "demo"
    ),
) -> None:
    """Watch the whole job on handwritten digits."""
    from whatsit.demo import draw_results, write_digits
    from whatsit.tasks import run
    from whatsit.training.task import REPORT

    digits, bundle = folder / "digits", folder / "digits.whatsit"
    if digits.exists():
        if not (digits / MADE_BY_DEMO).exists():
            what = f"{digits} is there already and not from a demo."
            raise WhatsitError(what, "Name another place with --folder DIR.")
        shutil.rmtree(digits)
    digits.mkdir(parents=True)
    (digits / MADE_BY_DEMO).touch()
    faults = write_digits(digits)
    _step(f"1,797 handwritten digits are in {digits}, with faults on purpose: {faults}")
    _step(f"whatsit show {digits} --save {folder / 'pictures.png'}")
    show_and_print(ShowConfig(str(digits), str(folder / "pictures.png")))
    _step(f"whatsit train {digits} --out {bundle}")
    run_and_print(TrainConfig(str(digits), str(bundle)))
    _step(f"whatsit evaluate {bundle} {digits} --split valid")
    evaluate_and_print(EvaluateConfig(str(bundle), str(digits), "valid"))
    some = [str(min(folder.glob("0000*7.png"))) for folder in sorted(digits.glob("[0-9]"))[::2]]
    _step(f"whatsit predict {bundle} {some[0]} ...")
    run(PredictConfig(str(bundle), some), Plain())
    draw_results(digits, bundle, folder)
    _step("look at what came of it:")
    for path in (*(folder / name for name in PICTURES), folder / f"digits-{REPORT}"):
        print(f"  {path}")


def _step(text: str) -> None:
    print(f"\n$ {text}" if text.startswith("whatsit") else f"\n{text}")
