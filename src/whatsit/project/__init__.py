"""Where Whatsit keeps what it makes: the project's sidecar and the user's cache."""

from whatsit.project.cache import cache_dir, cache_files, empty_cache
from whatsit.project.database import Database
from whatsit.project.decisions import Decided, Decision
from whatsit.project.features import FEATURES, FeatureStore, Recipe
from whatsit.project.files import free_name, short_name, size_of, write_together, write_whole
from whatsit.project.journal import Action, Journal
from whatsit.project.moves import Move
from whatsit.project.paths import SIDECAR
from whatsit.project.project import MANIFEST, Project
from whatsit.project.replaced import Replaced, empty_replaced, find_replaced, keeping, list_replaced
from whatsit.project.run_record import (
    HISTORY,
    LOSSES,
    EpochRecord,
    FindingRecord,
    Fit,
    MessageRecord,
    RunRecord,
    are_plausible,
)
from whatsit.project.runs import (
    BY_FOLDER,
    BY_TABLE,
    CONTINUATION,
    JOB,
    LOCK,
    PREDICTIONS,
    Answered,
    FinishedRun,
    check_run,
    load_run,
    load_runs,
    predictions,
    run_named,
    unfinished,
)
from whatsit.project.thumbnails import Thumbnails
from whatsit.project.trained_on import TRAINED_ON, load_trained_on, note_trained_on
from whatsit.project.trainings import Training, load_trainings

__all__ = [
    "BY_FOLDER",
    "BY_TABLE",
    "CONTINUATION",
    "FEATURES",
    "HISTORY",
    "JOB",
    "LOCK",
    "LOSSES",
    "MANIFEST",
    "PREDICTIONS",
    "SIDECAR",
    "TRAINED_ON",
    "Action",
    "Answered",
    "Database",
    "Decided",
    "Decision",
    "EpochRecord",
    "FeatureStore",
    "FindingRecord",
    "FinishedRun",
    "Fit",
    "Journal",
    "MessageRecord",
    "Move",
    "Project",
    "Recipe",
    "Replaced",
    "RunRecord",
    "Thumbnails",
    "Training",
    "are_plausible",
    "cache_dir",
    "cache_files",
    "check_run",
    "empty_cache",
    "empty_replaced",
    "find_replaced",
    "free_name",
    "keeping",
    "list_replaced",
    "load_run",
    "load_runs",
    "load_trained_on",
    "load_trainings",
    "note_trained_on",
    "predictions",
    "run_named",
    "short_name",
    "size_of",
    "unfinished",
    "write_together",
    "write_whole",
]
