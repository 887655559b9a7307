"""What a learner answers, once it is trained."""

from pathlib import Path
from typing import get_args, overload

import numpy as np
from numpy.typing import NDArray

from whatsit.backbones import Backbone
from whatsit.catalog import Catalog
from whatsit.config import Precision, Split
from whatsit.errors import WhatsitError
from whatsit.heat_map import HeatMap
from whatsit.i18n import Message
from whatsit.images import Picture
from whatsit.model import Model, Prediction, naming
from whatsit.novelty import Novelty
from whatsit.parallel import in_parallel
from whatsit.preprocess import Preprocess
from whatsit.probabilities import softmax
from whatsit.report import Report, Training
from whatsit.training import records
from whatsit.training.calibration import Calibration
from whatsit.training.crossfit import HeldOut
from whatsit.training.curve import draw_curve
from whatsit.training.doctor import Diagnosis
from whatsit.training.explaining import explain
from whatsit.training.history import History
from whatsit.training.input_size import InputSize
from whatsit.training.reporting import report_of
from whatsit.training.state import State
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.learning_curve import LearningCurve
from whatsit.understand.metrics import Evaluation

REPEATS = 3  # of the learning curve in a report


class Answers:
    """The half of a learner that changes nothing."""

    def __init__(self, state: State) -> None:
        self._state, self._calibration = state, Calibration(state)

    @property
    def catalog(self) -> Catalog:
        """The pictures, without those that can't be read."""
        return self._state.catalog

    @property
    def classes(self) -> list[str]:
        """The class names, in the order of all probabilities."""
        return self._state.catalog.classes

    @property
    def backbone(self) -> Backbone:
        """The backbone as it is now, converted."""
        return self._state.backbone

    @property
    def preprocess(self) -> Preprocess:
        """What becomes of a picture before the backbone sees it."""
        return self._state.preprocess

    @property
    def precision(self) -> Precision:
        """What the backbone computes in."""
        return self._state.precision

    @property
    def input_size(self) -> InputSize:
        """The side of the network's input, and why it was taken."""
        return self._state.size

    @property
    def history(self) -> History:
        """All epochs so far."""
        return self._state.history

    @property
    def run(self) -> Path:
        """The folder of this training, made when first needed; its `history.json` is the record of it."""
        return self._state.run.folder

    @property
    def views(self) -> int:
        """How many views of every training picture the head is trained on."""
        return self._state.data.views

    @property
    def is_frozen(self) -> bool:
        """Whether only the head is trained."""
        return not self._state.has_layers or self._state.layers.is_frozen

    @property
    def is_fine_tuned(self) -> bool:
        """Whether the backbone is another than it came."""
        return self._state.layers.is_fine_tuned

    def model(self) -> Model:
        """The model as it is now, ready to answer: calibrated, and without torch.

        Raises WhatsitError before any training, DivergedError where the weights are not numbers.
        """
        self._require_trained()
        if not self._state.layers.is_finite or not all(epoch.is_finite for epoch in self.history.epochs[-1:]):
            raise records.diverged_error(self._state, self._calibration)
        return self._calibration.model()

    def _require_trained(self) -> None:
        if not self._state.fits and not self.history.epochs:
            raise records.untrained()

    @property
    def held_out(self) -> HeldOut:
        """The answers for pictures that were not trained on: for training pictures those of heads like this
        one that were trained on the others; for validation pictures where the backbone was trained, which
        knows the former. Computed once after every training, in seconds, and kept in the run.
        """
        self._require_trained()
        return self._calibration.held_out()

    def novelty(self) -> Novelty | None:
        """What finds pictures unlike any that it was trained on; None with too few to calibrate it."""
        self._require_trained()
        return self._calibration.novelty()

    @overload
    def predict(self, image: Picture) -> Prediction: ...
    @overload
    def predict(self, image: list[Picture]) -> list[Prediction]: ...
    def predict(self, image: Picture | list[Picture]) -> Prediction | list[Prediction]:
        """What is on a picture (path, bytes or PIL image) or a list of them, as the bundle will answer.

        Raises ImageError, and WhatsitError before any training.
        """
        if isinstance(image, str) and image in get_args(Split):
            raise WhatsitError(Message("training.split_as_picture", split=image))
        predict = naming(self.model().predict)
        return list(in_parallel(predict, image)) if isinstance(image, list) else predict(image)

    def get_preds(self, split: Split = "valid") -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Calibrated probabilities (n, classes) and labels (n,) of a split's pictures.

        Both are in the catalog's order. Raises CatalogError where the split has no pictures, and WhatsitError
        before any training.
        """
        model, known = self.model(), self._state.data.of(split)
        return model.from_features(known.inputs).probabilities, known.labels

    def evaluate(self, split: Split = "valid") -> Evaluation:
        """Accuracy and its interval, per-class metrics and the confusion matrix of a split.

        Raises WhatsitError before any training.
        """
        self._require_trained()
        return records.evaluation_of(self._state, self._calibration, split)

    def diagnose(self) -> Diagnosis:
        """What the last history shows, and what to do. Raises WhatsitError before any training."""
        return records.diagnosis_of(self._state, self._calibration)

    def learning_curve(self, repeats: int = 5) -> LearningCurve:
        """Train heads on growing shares of the training pictures: would more pictures help?

        Each share is drawn `repeats` times, class by class. Takes seconds: the features are there.
        """
        state, data = self._state, self._state.data
        train, valid = data.of("train"), data.of("valid")
        groups = self.catalog["valid"].groups
        return draw_curve(train, valid, self.classes, state.batch_size, repeats, state.config, groups)

    def interpret(self, split: Split = "valid") -> Interpretation:
        """What it gets right and wrong on a split's pictures, with the probabilities that a bundle gives.

        Where the temperature was found on these pictures, each gets one that was found on others of them.
        Raises CatalogError where the split has no pictures, DivergedError where its answers are not numbers.
        """
        model, data = self.model(), self._state.data
        answers = model.from_features(data.of(split).inputs)
        if not answers.is_finite:
            raise records.diverged_error(self._state, self._calibration)
        yardsticks, layers = self._calibration.yardsticks(split), self._state.layers
        return Interpretation(
            self.classes,
            data.of(split).labels,
            answers.probabilities
            if yardsticks is None
            else softmax(answers.logits, yardsticks.temperature[:, None]),
            split,
            [item.path for item in self.catalog[split]],
            answers.features,
            lambda path, label: explain(model, layers, path, label),
            self.catalog[split].groups,
            self._calibration.is_novel(split),
        )

    def explain(self, image: Picture, label: str | None = None) -> HeatMap:
        """What of a picture speaks for a class, by default the likeliest.

        Exact where the head follows a global average pool, by gradients elsewhere. Raises ImageError,
        BackboneError, and WhatsitError for an unknown class and before any training.
        """
        return naming(lambda one: explain(self.model(), self._state.layers, one, label))(image)

    def report(self) -> Report:
        """All of it on one page: `learner.report().write("report.html")`.

        It is judged by its test pictures where there are some, else by its validation pictures. Raises
        WhatsitError before any training.
        The learning curve of a backbone that was trained on the very pictures it is drawn with shows nothing,
        and is left out.
        """
        findings = self.diagnose().to_record()  # first: it raises untrained
        curve = None if self.is_fine_tuned else self.learning_curve(REPEATS)
        training = Training(self.history.to_dict(), findings, curve)
        return report_of(self._state, self._calibration, self.model(), self.interpret, training)
