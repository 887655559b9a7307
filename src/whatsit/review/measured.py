"""How accurate the last model is on cleaned test pictures, and was before they were cleaned."""

from contextlib import suppress

from whatsit.catalog import Catalog
from whatsit.errors import WhatsitError
from whatsit.project import load_trainings
from whatsit.review.decisions import Outcome
from whatsit.training.cleaned import cleanings
from whatsit.training.finished import load_learner
from whatsit.understand.cleaned import Cleaning


def cleaned_test(catalog: Catalog, outcome: Outcome) -> Cleaning | None:
    """What all decisions so far changed in the test split, if those made now changed some of it.

    `catalog` is that of before. None where no test picture was removed or relabeled, or nothing was trained
    whose weights are kept.
    """
    changed = {one.content for one in outcome.made if one.choice in ("remove", "relabel")}
    if not catalog["test"].among(changed).any():
        return None
    project, source = catalog.project, outcome.table or catalog.source or catalog.root
    for training in reversed(load_trainings(project.folder)):
        with suppress(WhatsitError):
            learner = load_learner(project.folder / "runs" / training.run.name, source)
            return cleanings(learner._state, learner._calibration).get("test")
    return None
