"""Carry out what `whatsit train` was asked, and print what came of it: the answer first."""

from pathlib import Path
from typing import TYPE_CHECKING

from whatsit.cli.printing import command_line, named, print_evaluation, print_json, print_notes
from whatsit.events import Emit, warn
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.config import ContinueConfig, ResumeConfig, TrainConfig
    from whatsit.training.task import TrainResult


def run_and_print(
    config: "TrainConfig | ResumeConfig | ContinueConfig",
    emit: Emit | None = None,
    json: bool = False,
    verbose: bool = False,
) -> Path | None:
    """Carry out what was asked, and print how it went; the report, if there is one."""
    from whatsit.training import task

    result = task.run_training(config, emit)
    catalog = result.learner.catalog
    print_notes(catalog)
    if result.is_replaced:
        place = named(catalog.root, Path(result.config.project) if result.config.project else None)
        warn(f"the bundle that was there is in the trash: {command_line('trash', *place)}")
    if json:
        print_json(result.to_dict())
    else:
        _print(result, verbose)
    return result.report


def _print(result: "TrainResult", verbose: bool) -> None:
    from whatsit.report import Words
    from whatsit.training.automatic import summary
    from whatsit.training.task import shortest

    learner, words = result.learner, Words("en")
    print("validation: ", end="")
    print_evaluation(learner.evaluate(), verbose, most=5 if verbose else 3)
    if result.left_out:
        count = f"{result.left_out} pictures set aside for measuring"
        print(f"{count} were left out: they are training pictures too")
    if len(result.accuracies) > 1:
        is_tuned = result.config.fine_tune or result.config.time_budget
        print(f"{'frozen, ' if is_tuned else ''}{summary(result.accuracies)}")
    for one in result.suspects():
        what = f"{printable(shortest(one.path))} is labeled {printable(one.label)}"
        print(f"worth a look: {what} and looks like {printable(one.predicted)} ({one.probability:.0%})")
    for line in str(learner.diagnose()).splitlines():
        print(printable(line))
    for name, phrase in result.cost().items():
        print(f"{words(name)}: {words.of(phrase)}")
    if verbose:
        print(f"views of each training picture: {learner.views}; precision: {learner.precision}")
    if result.figure:
        print(f"experiments: {printable(result.figure)}")
    if result.report:
        print(f"report: {printable(shortest(result.report))} (open it in a browser)")
    bundle = shortest(result.bundle)
    print(f"bundle: {printable(bundle)} ({result.seconds:.1f} s)")
    print(f"next: {command_line('predict', bundle, 'PICTURE')}")
