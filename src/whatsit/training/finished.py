"""The learner that a finished run came to."""

from dataclasses import replace
from pathlib import Path

from whatsit.errors import CatalogError
from whatsit.i18n import Message
from whatsit.project import load_trained_on
from whatsit.report import Report
from whatsit.training import automatic, checkpoints, job, variants
from whatsit.training.input_size import input_size
from whatsit.training.learner import Learner


def load_learner(run: Path, folder: Path | None, weights: Path | None = None) -> Learner:
    """The learner that a run of `whatsit train` came to, on the pictures as they are now.

    They may be in another `folder`; `weights` is the file that it started from, if one was named. Only
    those that the run measured itself by are validation pictures. Raises WhatsitError where it is not
    finished, kept no weights, or was for other classes.
    """
    return _loaded(run, folder, weights)[0]


def report_of_run(run: Path, folder: Path | None, weights: Path | None = None) -> Report:
    """What a run came to, on the pictures as they are now. Raises WhatsitError as `load_learner` does."""
    learner, left_out = _loaded(run, folder, weights)
    return replace(learner.report(), left_out=left_out)


def _loaded(run: Path, folder: Path | None, weights: Path | None) -> tuple[Learner, int | None]:
    """The learner, and how many pictures that it was trained on lie among those to measure with now."""
    config, past = job.config_of(run, job.Given(folder, weights=weights))
    trained_on, there = load_trained_on(run), job.catalog_of(config, to_train=False)
    catalog = (there if trained_on is None else there.as_trained(trained_on)).measured_by(past.right)
    if not len(catalog["valid"]):
        raise CatalogError(Message("training.none_of_run_left", run=run.name, folder=catalog.root))
    size = past.record.preprocess.size  # which today's pictures might not be given
    if input_size(config.size, catalog, config.backbone).pixels != size:
        config = replace(config, size=size)
    config = replace(config, precision=past.record.precision, seed=past.record.seed)
    learner = automatic.learner_of(config, catalog, lambda: run)
    variants.take_up(learner, checkpoints.finished(run), past.record.views)
    return learner, there.misplaced(trained_on)
