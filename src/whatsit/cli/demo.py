"""`whatsit demo`: all the steps on drawings, then on real digits, offline."""

import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from whatsit.cli.running import event_sink
from whatsit.cli.show import show_and_print
from whatsit.cli.train_result import run_and_print
from whatsit.cli.verify import verify_and_print
from whatsit.commands import command_line
from whatsit.config import PredictConfig, ShowConfig, TrainConfig, VerifyConfig
from whatsit.errors import WhatsitError
from whatsit.events import Plain, without_epochs
from whatsit.extras import is_installed, is_there
from whatsit.i18n import Message, say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.training.task import TrainResult

MADE_BY_DEMO = ".made-by-whatsit-demo"  # only such a folder is written over
EACH, DIGITS = 60, 600  # drawings of a class, and digits in all: enough, and trained on in half a minute
NEW = ("bird", "cat", "fish", "rocket")  # drawn after the training


def demo(
    folder: Annotated[Path, typer.Option(metavar=say("metavar.folder"), help=say("help.demo_folder"))] = Path(
        "demo"
    ),
) -> None:
    """Go through all the steps with drawings and handwritten digits."""
    from whatsit.training.task import REPORT

    drawings, digits = _fresh(folder / "drawings"), _fresh(folder / "digits")
    if not (has_digits := is_installed("sklearn")):
        shutil.rmtree(digits)
    findings = _drawings(folder, drawings)
    if has_digits:
        findings += _digits(digits)
    else:
        print(f"\n{say('demo.no_digits')}")
    print(f"\n{say('demo.found')}")
    for line in findings:
        print(f"  {printable(line)}")
    print(f"\n{say('demo.look')}")
    pages = [folder / f"{one.name}-{REPORT}" for one in (drawings, digits)]
    for path in (*pages, folder / "pictures.png", folder / "predictions.png"):
        if path.exists():
            print(f"  {path}")
    print(say("demo.next_own", command=command_line("train", "YOUR-FOLDER")))


def _fresh(place: Path) -> Path:
    """An empty folder. Raises WhatsitError where somebody else's is there."""
    if place.exists():
        if not (place / MADE_BY_DEMO).exists():
            raise WhatsitError(Message("demo.not_from_demo", folder=place))
        shutil.rmtree(place)
    place.mkdir(parents=True)
    (place / MADE_BY_DEMO).touch()
    return place


def _drawings(folder: Path, drawings: Path) -> list[Message]:
    """All steps with drawings, and what was found of their faults."""
    from whatsit.demo import about_rocket, draw_answers, found_labels, suspicious
    from whatsit.drawings import CLASSES, draw, write_drawings
    from whatsit.tasks import run

    print(say("demo.drawn", folder=drawings, count=EACH * len(CLASSES)))
    faults = write_drawings(drawings, EACH)
    _step("verify", drawings)
    verified = verify_and_print(VerifyConfig(str(drawings)))
    if is_there("plot"):
        _step("show", drawings, "--save", folder / "pictures.png")
        show_and_print(ShowConfig(str(drawings), str(folder / "pictures.png")))
    bundle, new = drawings.with_suffix(".whatsit"), _fresh(folder / "new")
    result = _train(drawings)
    chance = random.Random(1)
    for kind in NEW:
        draw(kind, chance).save(new / f"{kind}.jpg", quality=90)
    _step("predict", bundle, new)
    run(PredictConfig(str(bundle), [str(new)]), Plain())
    if is_there("plot"):
        draw_answers(result, folder / "predictions.png")
    lines = [*found_labels(suspicious(result), faults.mislabeled), about_rocket(result, faults.odd)]
    if verified.copies(verified.same) and verified.unreadable:
        lines.append(Message("demo.found_files"))
    return lines


def _digits(digits: Path) -> list[Message]:
    """A training on digits, and what was found of their faults."""
    from whatsit.demo import found_labels, suspicious, write_digits

    planted = write_digits(digits, DIGITS)
    print(f"\n{say('demo.digits', folder=digits, count=DIGITS)}")
    return found_labels(suspicious(_train(digits)), planted)


def _train(folder: Path) -> "TrainResult":
    """Train, and print what came of it instead of every epoch."""
    _step("train", folder)
    bundle = folder.with_suffix(".whatsit")
    bundle.unlink(missing_ok=True)  # of an earlier demo
    config = TrainConfig(str(folder), str(bundle))
    return run_and_print(config, without_epochs(event_sink(json=False)))


def _step(*words: object) -> None:
    print("\n$ whatsit", *words)
