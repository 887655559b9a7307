"""What a learner is, all of it: its settings, pictures, layers, history, and the run that keeps them."""

from collections.abc import Callable, Mapping
from dataclasses import astuple, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from whatsit import engine
from whatsit.backbones import Backbone
from whatsit.catalog import Catalog
from whatsit.config import LearnerConfig, Precision
from whatsit.preprocess import Preprocess
from whatsit.project import Fit, Project, are_plausible
from whatsit.training.backbone import load_backbone
from whatsit.training.checkpoint_file import Checkpoint, taking_up
from whatsit.training.curve import epochs_of, usual_batch_size
from whatsit.training.data import Data
from whatsit.training.history import History
from whatsit.training.input_size import InputSize, input_size
from whatsit.training.layers import Layers
from whatsit.training.run import Run
from whatsit.understand.comparison import Difference
from whatsit.understand.metrics import Metric


@dataclass(eq=False)
class State:
    """`came` is the backbone as it came, `fits` the options of each training, `trained_on` the contents
    of all pictures of these.

    `is_of_run` says that the layers are what the run came to, and not what a saved checkpoint was;
    `is_training_backbone` that they change just now. `mirrored` is how many more mirrored pictures than plain
    ones are not recognized, once that was measured; `takes` how long a prediction takes, by the backbone's
    hash.
    """

    config: LearnerConfig
    size: InputSize
    given: Catalog
    project: Project
    metrics: Mapping[str, Metric]
    came: Backbone
    run: Run
    history: History = field(default_factory=History)
    fits: list[Fit] = field(default_factory=list)
    trained_on: frozenset[str] = frozenset()
    is_of_run: bool = False
    is_training_backbone: bool = False
    mirrored: Difference | None = None
    takes: tuple[str, float | None] | None = None

    @classmethod
    def of(
        cls,
        config: LearnerConfig,
        catalog: Catalog,
        metrics: Mapping[str, Metric],
        new_run: Callable[[], Path] | None,
    ) -> "State":
        """Of a learner that nothing was trained with."""
        size = input_size(config.size, catalog, config.backbone, config.pretrained)
        project = catalog.project if catalog.project.is_lasting else Project(catalog.root)
        backbone = load_backbone(config.backbone, size.pixels, config.weights, config.pretrained)
        return cls(config, size, catalog, project, metrics, backbone, Run(new_run or project.new_run))

    def fresh(self, config: LearnerConfig, new_run: Callable[[], Path] | None = None) -> "State":
        """The same with a fresh head, the backbone as it came, and other settings of how to train."""
        run = Run(new_run or self.run.new_folder)
        other = State(config, self.size, self.given, self.project, self.metrics, self.came, run)
        other.mirrored, other.takes = self.mirrored, self.takes
        other.data = self.data.with_backbone(self.came)
        return other

    @cached_property
    def data(self) -> Data:
        """The pictures, with features of those to train and validate on, if the backbone is worth any."""
        return Data(
            self.given,
            self.came,
            self.preprocess,
            self.precision,
            self.project,
            at_once=self.config.pretrained,  # random features are worth nothing
        )

    @cached_property
    def layers(self) -> Layers:
        """The backbone as it came, and a head for the classes whose pictures can be read."""
        return Layers(self.config, self.size.pixels, len(self.data.classes), self.came)

    @property
    def catalog(self) -> Catalog:
        """The pictures, without those that can't be read."""
        return self.data.catalog

    @property
    def has_layers(self) -> bool:
        """Whether anything was done with it that needs layers."""
        return "layers" in self.__dict__

    @property
    def backbone(self) -> Backbone:
        """The backbone as it is now, converted."""
        return self.layers.backbone if self.has_layers else self.came

    @property
    def preprocess(self) -> Preprocess:
        """What becomes of a picture before the backbone sees it."""
        return replace(self.came.preprocess, resize=self.config.resize)

    @property
    def precision(self) -> Precision:
        """What the backbone computes in."""
        return self.config.precision or engine.best_precision()

    @property
    def batch_size(self) -> int:
        """As usual for so many training pictures."""
        return usual_batch_size(self.data.count("train"))

    @property
    def default_epochs(self) -> int:
        """Epochs enough for a head to settle: about 800 steps, 4 to 30 epochs."""
        return epochs_of(self.data.count("train"), self.batch_size)

    def show_to(self, backbone: Backbone) -> None:
        """Compute the features with another backbone; those of the one before are not needed again."""
        before, self.data = self.data.backbone.sha256, self.data.with_backbone(backbone)
        self._forget_features(before)

    def _forget_features(self, backbone: str) -> None:
        """Delete the features of a backbone that is gone."""
        if backbone not in (self.came.sha256, self.layers.backbone.sha256):
            self.project.features.forget(backbone)

    @property
    def belongs(self) -> dict[str, Any]:
        """What must be the same to go on with saved layers."""
        return {
            "architecture": self.backbone.name,
            "classes": self.catalog.classes,
            "size": self.preprocess.size,
            "normalization": [*self.preprocess.mean, *self.preprocess.std],
            "resize": self.preprocess.resize,
            "pretrained": self.came.sha256,
        }

    def checkpoint(self, **more: Any) -> Checkpoint:
        """All of it that a later process needs."""
        mirrored = self.mirrored
        history = {
            "fits": self.fits,
            "requests": self.run.requests,
            "frozen": self.layers.frozen_to,
            "tuned": self.layers.is_fine_tuned or self.is_training_backbone,
            "mirrored": mirrored and list(astuple(mirrored)),
            **self.kept(),
            **more,
        }
        return Checkpoint(self.layers.weights(), self.belongs, history)

    def restore(self, checkpoint: Checkpoint) -> None:
        """Become what a checkpoint holds. Raises WhatsitError where that can't be, and stays what it was."""
        kept = checkpoint.history
        with taking_up(checkpoint):
            fits = kept["fits"]
            if fits != [] and not are_plausible(fits):  # saved before any training
                raise ValueError("its trainings are odd")
            layers = Layers(self.config, self.size.pixels, len(self.data.classes), self.came)
            layers.load_weights(checkpoint.tensors, kept.get("frozen"), bool(kept.get("tuned")))
            mirrored = Difference(*kept["mirrored"]) if kept.get("mirrored") else None
            history = History.from_dict(kept["epochs"], kept.get("batches", {}))
            trained_on = frozenset(kept.get("trained_on", ()))
            data = self.data.with_backbone(layers.backbone)
            data.leave_out(trained_on)
        before, self.data = self.data.backbone.sha256, data
        self.layers, self.fits, self.mirrored, self.history = layers, fits, mirrored, history
        self.trained_on = trained_on
        self._forget_features(before)

    def kept(self) -> dict[str, Any]:
        """The history, for a checkpoint."""
        return {"epochs": self.history.to_dict(), "batches": self.history.batches()}
