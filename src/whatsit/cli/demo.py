"""`whatsit demo`: all the steps on real input, offline."""

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
from whatsit.i18n import Message, say

PICTURES = ("pictures.png", "training.png", "predictions.png")
MADE_BY_DEMO = ".made-by-whatsit-demo"  # only such a folder is written over


def demo(
    folder: Annotated[Path, typer.Option(help=say("help.demo_folder"))] = Path("demo"),
) -> None:
    """Go through all the steps with handwritten digits."""
    from whatsit.demo import draw_results, write_digits
    from whatsit.tasks import run
    from whatsit.training.task import REPORT

    digits, bundle = folder / "digits", folder / "digits.whatsit"
    if digits.exists():
        if not (digits / MADE_BY_DEMO).exists():
            raise WhatsitError(Message("demo.not_from_demo", folder=digits))
        shutil.rmtree(digits)
    digits.mkdir(parents=True)
    (digits / MADE_BY_DEMO).touch()
    print(f"\n{say('demo.written', folder=digits, faults=write_digits(digits))}")
    _step("show", digits, "--save", folder / "pictures.png")
    show_and_print(ShowConfig(str(digits), str(folder / "pictures.png")))
    _step("train", digits, "--out", bundle)
    run_and_print(TrainConfig(str(digits), str(bundle)))
    _step("evaluate", bundle, digits, "--split", "valid")
    evaluate_and_print(EvaluateConfig(str(bundle), str(digits), "valid"))
    some = [str(min(folder.glob("0000*7.png"))) for folder in sorted(digits.glob("[0-9]"))[::2]]
    _step("predict", bundle, some[0], "...")
    run(PredictConfig(str(bundle), some), Plain())
    draw_results(digits, bundle, folder)
    print(f"\n{say('demo.look')}")
    for path in (*(folder / name for name in PICTURES), folder / f"digits-{REPORT}"):
        print(f"  {path}")


def _step(*words: object) -> None:
    print("\n$ whatsit", *words)
