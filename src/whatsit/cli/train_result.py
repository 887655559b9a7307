"""Run a training and print its result: the answer first."""

from pathlib import Path
from typing import TYPE_CHECKING

from whatsit.cli.printing import named, print_evaluation, print_headline, print_json, print_notes
from whatsit.commands import command_line
from whatsit.events import Emit, warn
from whatsit.i18n import Message, language, say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.config import ContinueConfig, ResumeConfig, TrainConfig
    from whatsit.training.task import TrainResult
    from whatsit.understand.interpretation import Interpretation

MOST_SUSPECTS = 3  # the report shows more


def run_and_print(
    config: "TrainConfig | ResumeConfig | ContinueConfig",
    emit: Emit | None = None,
    json: bool = False,
    verbose: bool = False,
) -> "TrainResult":
    """Run a job and print its result."""
    from whatsit.training import task
    from whatsit.training.task import shortest

    result = task.run_training(config, emit)
    catalog = result.learner.catalog
    print_notes(catalog)
    if result.replaced is not None:
        place = named(catalog.root, Path(result.config.project) if result.config.project else None)
        command = command_line("trash", *place)
        kept, bundle = shortest(result.replaced), shortest(result.bundle)
        warn(Message("cli_train.replaced", kept=kept, bundle=bundle, command=command))
    if json:
        print_json(result.to_dict())
    else:
        _print(result, verbose)
    return result


def _mistaken(answers: "Interpretation") -> dict[tuple[str, str], list[str]]:
    """The pictures that were taken for another class, by that and their own."""
    from whatsit.training.task import shortest

    files: dict[tuple[str, str], list[str]] = {}
    for one in answers:
        if one.path is not None and not one.is_right:
            files.setdefault((one.label, one.prediction), []).append(printable(shortest(one.path)))
    return files


def _print(result: "TrainResult", verbose: bool) -> None:
    from whatsit.report import Words
    from whatsit.report.steps import lopsided
    from whatsit.report.suspects import MOST
    from whatsit.training.automatic import summary
    from whatsit.training.task import shortest

    learner, words = result.learner, Words(language())
    headline = result.headline
    print_headline(headline)
    found, most = headline.of, 5 if verbose else 3
    print_evaluation(found.evaluation, verbose, most, _mistaken(found), found.novel_mistakes)
    if len(result.accuracies) > 1:
        of_all = summary(result.accuracies)
        is_tuned = result.config.fine_tune or result.config.time_budget
        print(say("cli_train.frozen", summary=of_all) if is_tuned else of_all)
    for message in result.previous.messages() if result.previous else ():
        print(message)
    suspects = result.suspects()
    for one in suspects[:MOST_SUSPECTS]:
        print(
            say(
                "cli_train.suspect",
                path=printable(shortest(one.path)),
                label=printable(one.label),
                predicted=printable(one.predicted),
                probability=one.probability,
            )
        )
    if result.report and (more := min(len(suspects), MOST) - MOST_SUSPECTS) > 0:
        print(say("cli_train.more_suspects", count=more))
    if suspects:
        command = learner.catalog.project.command("review", shortest(Path(result.config.folder)))
        print(say("cli_train.review", command=command))
    if (warning := lopsided(result.noise())) is not None:
        print(warning)
    diagnosis = learner.diagnose()
    said = ("few_validation_pictures",) if headline.promises else ()  # its range shows that
    for sentence in (diagnosis.summary, *(one for one in diagnosis.findings if one.sign not in said)):
        print(printable(sentence))
    for name, phrase in result.cost().items():
        print(say("cli_train.cost", name=words(name), value=words.of(phrase)))
    if verbose:
        print(say("cli_train.views", views=learner.views, precision=learner.precision))
    if result.figure:
        print(say("cli_train.experiments", path=printable(result.figure)))
    if result.report:
        print(say("cli_train.report", path=printable(shortest(result.report))))
    bundle = shortest(result.bundle)
    print(say("cli_train.bundle", path=printable(bundle), seconds=result.seconds))
    print(say("printed.next", command=command_line("predict", bundle, "PICTURE")))
