"""What a report says of a learner."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from whatsit.catalog import Split
from whatsit.errors import CatalogError
from whatsit.project import load_trained_on
from whatsit.report import Report, Training
from whatsit.train.exporting import versions
from whatsit.understand.interpretation import Interpretation

if TYPE_CHECKING:
    from whatsit.train.learner import Learner

REPEATS = 3  # of the learning curve


def report_of(learner: "Learner") -> Report:
    """Everything that is known of a trained learner. Raises WhatsitError before any training.

    It is judged by its test pictures where there are some, else by its validation pictures. The learning
    curve says nothing of a body that has learnt from the very pictures it is drawn with, and is left out.
    """
    findings = learner.diagnose().told()  # first: it raises untrained
    order: tuple[Split, ...] = ("test", "valid", "train")
    interpretations: dict[Split, Interpretation] = {}
    for split in order:
        with suppress(CatalogError):  # it has no pictures, or none can be read any more
            interpretations[split] = learner.interpret(split)
    training = Training(
        learner.history.to_dict(),
        findings,
        None if learner.is_fine_tuned else learner.learning_curve(REPEATS),
    )
    return Report(
        name=learner.catalog.root.name,
        interpretations=list(interpretations.values()),
        facts=_facts(learner),
        training=training,
        summary=learner.catalog.summary(),
        temperature=learner.temperature if learner.held_out.images else None,
        is_body_tuned=learner.is_fine_tuned,
        calibrated_on=learner.held_out.split,
        novelty=learner.novelty(),
        false_alarms=learner.false_alarms(next(iter(interpretations))),
        is_cross_fitted=True,
        left_out=learner.data.left_out,
    )


def _facts(learner: "Learner") -> dict[str, str]:
    rule = learner.catalog.rule
    dealt = f"{rule.valid:.0%}, {'by time' if rule.by_time else f'seed {rule.seed}'} {rule.relation}".strip()
    return {
        "backbone": f"{learner.backbone.name}{' (fine-tuned)' if learner.is_fine_tuned else ''}",
        "size": str(learner.preprocess.size),
        "resize": learner.preprocess.resize,
        "precision_of": learner.precision,
        "fits": "; ".join(_fit(fit) for fit in learner.fits),
        "views": str(learner.views),
        "seed": str(learner.seed),
        "split": dealt if learner.catalog.is_dealt else "given by folders or a column",
        "versions": ", ".join(f"{name} {number}" for name, number in versions(learner).items()),
    }


def _fit(fit: Any) -> str:
    return ", ".join(
        f"{name} {value}" for name, value in fit.items() if value is not None and name != "rates"
    )


def load_learner(run: Path, folder: Path | None, weights: Path | None = None) -> "Learner":
    """The learner that a run of `whatsit train` came to, on the pictures as they are now.

    They may be in another `folder`; `weights` is the file that it was begun with, if one was named. Only
    those that the run measured itself by are validation pictures. Raises WhatsitError where it is not
    finished, kept no weights, or was for other classes.
    """
    return _loaded(run, folder, weights)[0]


def report_of_run(run: Path, folder: Path | None, weights: Path | None = None) -> Report:
    """What a run came to, on the pictures as they are now. Raises WhatsitError as `load_learner` does."""
    learner, left_out = _loaded(run, folder, weights)
    return replace(learner.report(), left_out=left_out)


def _loaded(run: Path, folder: Path | None, weights: Path | None) -> tuple["Learner", int | None]:
    """The learner, and how many pictures that it was trained on lie among those to measure with now."""
    from whatsit.train import automatic, checkpoints, job

    asked, past = job.asked_of(run, job.Given(folder, weights=weights))
    trained_on, there = load_trained_on(run), asked.catalog(to_train=False)
    catalog = (there if trained_on is None else there.as_trained(trained_on)).measured_by(past.right)
    if not len(catalog["valid"]):
        raise CatalogError(
            f"None of the validation pictures of run {run.name} is left in {catalog.root}.",
            "Take its bundle, and other labelled pictures: whatsit report BUNDLE FOLDER.",
        )
    asked = replace(asked, precision=past.facts["precision"], seed=past.facts["seed"])
    learner = automatic.learner_of(asked, catalog, lambda: run)
    automatic.take_up(learner, checkpoints.finished(run), past.facts["views"])
    return learner, there.misplaced(trained_on)
