"""The pictures of a folder as they were trained on last, and what computes their features."""

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from whatsit import engine
from whatsit.bundle import default_path
from whatsit.catalog import Catalog
from whatsit.config import LearnerConfig, TrainConfig
from whatsit.errors import WhatsitError
from whatsit.project import SIDECAR
from whatsit.project.runs import run_folders
from whatsit.training import Learner
from whatsit.training.backbone import load_backbone
from whatsit.training.features import Extractor
from whatsit.training.input_size import input_size
from whatsit.training.job import Given, catalog_of, config_of


def config_for(folder: Path, project: Path | None = None) -> TrainConfig:
    """The options of a folder's last finished run, which decide its split and features, or the usual ones."""
    sidecar = project or (folder.parent if folder.is_file() else folder) / SIDECAR
    for run in reversed(run_folders(sidecar)):
        with suppress(WhatsitError):  # unfinished, damaged, or of weights that are not named here
            config, past = config_of(run, Given(folder=folder))
            return replace(config, size=past.record.preprocess.size, precision=past.record.precision)
    return TrainConfig(str(folder), str(default_path(folder)), str(project) if project else None)


def pretrained(catalog: Catalog, how: LearnerConfig | Learner) -> Extractor:
    """What computes the features of a backbone as it came, whatever was trained since.

    One that was trained has memorized wrong labels. Raises BackboneError, and MissingError where it needs
    PyTorch.
    """
    if isinstance(how, Learner):
        state = how._state
        return Extractor(state.came, state.preprocess, state.precision, state.project.features)
    size = input_size(how.size, catalog, how.backbone)
    backbone = load_backbone(how.backbone, size.pixels, how.weights)
    preprocess = replace(backbone.preprocess, resize=how.resize)
    precision = how.precision or engine.best_precision()
    project = catalog.project
    return Extractor(backbone, preprocess, precision, project.features, project.thumbnails)


def opened(folder: str | Path, project: str | Path | None = None) -> tuple[Catalog, Extractor]:
    """A folder's catalog, split as it was trained on last, and what computes its features.

    Without a finished run as `whatsit train` would. Raises CatalogError.
    """
    config = config_for(Path(folder).absolute(), Path(project).absolute() if project else None)
    catalog = catalog_of(config, to_train=False)
    return catalog, pretrained(catalog, config.learner)
