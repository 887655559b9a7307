"""Run a training and print its result: the answer first."""

from pathlib import Path
from typing import TYPE_CHECKING

from whatsit.cli.printing import accuracy_of, command_line, named, print_evaluation, print_json, print_notes
from whatsit.events import Emit, warn
from whatsit.i18n import Message, language, say
from whatsit.text import printable

if TYPE_CHECKING:
    from whatsit.training.job import Job
    from whatsit.training.task import TrainResult


def run_and_print(
    job: "Job", emit: Emit | None = None, json: bool = False, verbose: bool = False
) -> Path | None:
    """Run a job and print its result; the path of the report, if there is one."""
    from whatsit.training import task

    try:
        result = task.run_job(job, emit)
    except KeyboardInterrupt:
        if job.place is not None and not job.is_finished:
            warn(Message("cli_train.resume", command=command_line("train", *job.resuming())))
        raise
    catalog = result.learner.catalog
    print_notes(catalog)
    if result.is_replaced:
        place = named(catalog.root, Path(job.config.project) if job.config.project else None)
        warn(Message("cli_train.replaced", command=command_line("trash", *place)))
    if json:
        print_json(result.to_dict())
    else:
        _print(job, result, verbose)
    return result.report


def _print(job: "Job", result: "TrainResult", verbose: bool) -> None:
    from whatsit.report import Words
    from whatsit.training.automatic import summary
    from whatsit.training.task import shortest

    learner, words = result.learner, Words(language())
    evaluation = learner.evaluate()
    print(say("cli_train.validation", accuracy=accuracy_of(evaluation)))
    print_evaluation(evaluation, verbose, most=5 if verbose else 3)
    if result.left_out:
        print(say("cli_train.left_out", count=result.left_out))
    if len(result.accuracies) > 1:
        of_all = summary(result.accuracies)
        is_tuned = job.config.fine_tune or job.config.time_budget
        print(say("cli_train.frozen", summary=of_all) if is_tuned else of_all)
    for one in result.suspects():
        print(
            say(
                "cli_train.suspect",
                path=printable(shortest(one.path)),
                label=printable(one.label),
                predicted=printable(one.predicted),
                probability=one.probability,
            )
        )
    for line in str(learner.diagnose()).splitlines():
        print(printable(line))
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
