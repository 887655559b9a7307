"""What a classifier gets right and wrong, picture by picture."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from whatsit.errors import ImageError, WhatsitError
from whatsit.heat_map import HeatMap
from whatsit.i18n import Message, say
from whatsit.text import brief, ending
from whatsit.understand.calibration import Reliability
from whatsit.understand.components import Component, components
from whatsit.understand.metrics import Evaluation, evaluate, pictures_of
from whatsit.understand.outcomes import Outcomes
from whatsit.understand.selective import Selective

if TYPE_CHECKING:
    from whatsit.figures import Plot

COLUMNS = 3  # of pictures in a figure
SMALLEST = 1e-12  # a probability whose loss is still a number
Explain = Callable[[Path, str], HeatMap]  # of a picture, for a class


@dataclass(frozen=True)
class Answer:
    """The prediction for one picture. `path` is None where it is unknown; `loss` is -log of the true class's
    probability.
    """

    path: Path | None
    split: str
    label: str
    prediction: str
    probability: float
    loss: float

    def __repr__(self) -> str:
        taken = f"{self.prediction} ({self.probability:.1%})"
        found = f"right, {taken}" if self.is_right else f"{self.label} predicted as {taken}"
        where = f", {ending(self.path)}" if self.path else ""
        return brief(self, f"{found}, loss {self.loss:.3f}, {self.split}{where}")

    @property
    def is_right(self) -> bool:
        return self.label == self.prediction

    @property
    def title(self) -> str:
        """Prediction / actual / loss / probability of the actual class, as the lesson titles pictures."""
        return f"{self.prediction}/{self.label}\n{self.loss:.2f} / {np.exp(-self.loss):.2f}"


@dataclass(frozen=True, repr=False, eq=False)
class Interpretation:
    """Answers against labels, for any classifier.

    `classes` names the columns of `probabilities` (n, classes), `labels` (n,) are places in it, `split` says
    which pictures these are: "train", "valid", "test", or "all" that there are. Where they are known, `paths`
    of the pictures, `features` (n, width) behind the answers, and `explain`, which draws heat maps. `groups`
    (n,) are equal numbers for pictures that belong together, as those of one person, which makes intervals
    wider. `is_novel` (n,) are those that are answered with "nothing like this"; None where nobody knows.
    Raises WhatsitError for arrays of another kind.
    """

    classes: list[str]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.floating]
    split: str = "all"
    paths: Sequence[Path] | None = None
    features: NDArray[np.floating] | None = None
    explain: Explain | None = None
    groups: NDArray[np.int64] | None = None
    is_novel: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "labels", np.asarray(self.labels))
            object.__setattr__(self, "probabilities", np.asarray(self.probabilities, np.float64))
            if self.features is not None:
                object.__setattr__(self, "features", np.asarray(self.features, np.float32))
            if self.groups is not None:
                object.__setattr__(self, "groups", np.asarray(self.groups))
            if self.is_novel is not None:
                object.__setattr__(self, "is_novel", np.asarray(self.is_novel, np.bool_))
            if self.paths is not None:
                object.__setattr__(self, "paths", [Path(path) for path in self.paths])
            why = self._why_not()
        except (TypeError, ValueError) as error:
            why = Message("arrays.no_tables", error=str(error))
        if why:
            raise WhatsitError(Message("understand.bad_answers", reason=why))

    def _why_not(self) -> Message | None:
        shape = (len(self.labels), len(self.classes)) if self.labels.ndim == 1 else ()
        if not shape:
            return Message("arrays.labels_shape", shape=str(self.labels.shape))
        if not len(self.labels):
            return Message("arrays.none")
        if len(set(self.classes)) < len(self.classes):
            return Message("arrays.same_classes")
        if self.probabilities.shape != shape:
            given = str(self.probabilities.shape)
            return Message("arrays.probabilities_shape", shape=given, wanted=str(shape))
        if not np.issubdtype(self.labels.dtype, np.integer) or not (
            0 <= self.labels.min() <= self.labels.max() < len(self.classes)
        ):
            return Message("arrays.labels_places", last=len(self.classes) - 1)
        if not np.isfinite(self.probabilities).all():
            return Message("arrays.not_finite")
        if self.probabilities.min() < -1e-6 or np.abs(self.probabilities.sum(1) - 1).max() > 1e-2:
            return Message("arrays.no_sum")
        for name in ("paths", "features", "groups", "is_novel"):
            rows = getattr(self, name)
            if rows is not None and len(rows) != len(self.labels):
                return Message("arrays.rows", name=name, rows=len(rows), labels=len(self.labels))
        if self.features is not None and (self.features.ndim != 2 or not np.isfinite(self.features).all()):
            return Message("arrays.features")
        if self.groups is not None and not (
            self.groups.ndim == 1 and np.issubdtype(self.groups.dtype, np.integer)
        ):
            return Message("arrays.groups")
        return None

    @property
    def message(self) -> Message:
        """How often it is right, and its most frequent mistake."""
        evaluation = self.evaluation.message_of(self.split)
        for actual, predicted, count in self.most_confused()[:1]:
            return Message(
                "understand.interpretation",
                evaluation=evaluation,
                actual=actual,
                predicted=predicted,
                count=count,
            )
        return evaluation

    def __str__(self) -> str:
        return self.message.text()

    def __repr__(self) -> str:
        return brief(self, self.message.text("en"))  # arrays would fill a notebook

    def _repr_html_(self) -> str:
        return self.evaluation._repr_html_()

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, place: int) -> Answer:
        label, predicted = int(self.labels[place]), int(self.predicted[place])
        return Answer(
            self.paths[place] if self.paths is not None else None,
            self.split,
            self.classes[label],
            self.classes[predicted],
            float(self.probabilities[place, predicted]),
            float(self.losses[place]),
        )

    def __iter__(self) -> Iterator[Answer]:
        return (self[place] for place in range(len(self)))

    @cached_property
    def predicted(self) -> NDArray[np.int64]:
        """The place of the likeliest class of each picture (n,)."""
        return np.asarray(self.probabilities.argmax(1))

    @cached_property
    def losses(self) -> NDArray[np.float64]:
        """-log of the probability of each picture's own class (n,)."""
        own = self.probabilities[np.arange(len(self)), self.labels]
        return np.asarray(-np.log(own.clip(SMALLEST, 1.0)))

    @cached_property
    def evaluation(self) -> Evaluation:
        """Accuracy with its interval, per-class metrics, and which classes were mistaken for which."""
        return evaluate(self.labels, self.probabilities, self.classes, self.groups)

    @cached_property
    def outcomes(self) -> Outcomes:
        """How many pictures are answered right and wrong, and how many with "nothing like this"."""
        return Outcomes.of(self.predicted == self.labels, self.is_novel, self.groups)

    @cached_property
    def reliability(self) -> Reliability:
        """Whether the probabilities can be believed."""
        return Reliability.of(self.probabilities, self.labels, self.groups)

    @cached_property
    def selective(self) -> Selective:
        """What keeping silent below a minimum probability would bring."""
        return Selective.of(self.probabilities, self.labels, self.groups)

    def top_losses(self, k: int | None = None) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The `k` largest losses (all without k), falling, and the places of their pictures."""
        places = np.argsort(-self.losses, kind="stable")[: None if k is None else max(0, k)]
        return self.losses[places], places

    def most_confused(self, min: int = 1) -> list[tuple[str, str, int]]:
        """(actual, predicted, count) of mistakes made at least `min` times, the most frequent first."""
        return self.evaluation.most_confused(min)

    @property
    def novel_mistakes(self) -> dict[tuple[str, str], int]:
        """By (actual, predicted), how many mistakes are answered with "nothing like this"."""
        if self.is_novel is None:
            return {}
        mistakes = np.flatnonzero(self.is_novel & (self.predicted != self.labels)).tolist()
        return dict(Counter((self[place].label, self[place].prediction) for place in mistakes))

    def confusion_matrix(self) -> NDArray[np.int64]:
        """Counts (classes, classes) by actual class (row) and predicted class (column)."""
        return self.evaluation.confusion

    def components(self, n: int = 4, pictures: int = 6) -> list[Component]:
        """The main directions in which the pictures differ for it. Raises WhatsitError without features."""
        if self.features is None:
            raise WhatsitError(Message("understand.no_features"))
        return components(self.features, self.labels, self.classes, n, pictures)

    def plot_confusion_matrix(self, normalize: bool = False) -> "Plot":
        """Draw the confusion matrix; of more than 30 classes the most confused.

        With `normalize` as shares of each actual class.
        """
        from whatsit.understand.plots import draw_confusion

        found = self.evaluation
        places, left_out = found.most_confused_classes()
        title = pictures_of(self.split, found.images).text()
        if left_out:
            most = say("plots.most_confused", shown=len(places), classes=len(found.classes))
            title = f"{title}\n{most}"
        names = [found.classes[place] for place in places]
        totals = found.confusion[places].sum(1)
        return draw_confusion(names, found.confusion[np.ix_(places, places)], totals, title, normalize)

    def plot_top_losses(self, k: int = 9, heatmap: bool = True) -> "Plot":
        """Draw the pictures with the largest losses: prediction / actual / loss / probability of actual.

        With `heatmap` as the network sees them, with the areas that support the prediction. Where pictures
        can't be read any more, the next ones take their place. Raises WhatsitError where the pictures are not
        known.
        """
        from whatsit.catalog.pictures import Marked, draw_tiles, small

        if self.paths is None:
            raise WhatsitError(Message("understand.no_paths"))
        tiles: list[tuple[Any, Marked]] = []
        for place in self.top_losses()[1].tolist():
            answer, path = self[place], self.paths[place]
            with suppress(ImageError):
                explain = self.explain if heatmap else None
                image = explain(path, answer.prediction).overlay() if explain else small(path)
                tiles.append((image, Marked(answer.title, "good" if answer.is_right else "bad")))
            if len(tiles) == k:
                break
        heading = f"{say('plots.top_losses')}\n{pictures_of(self.split, len(tiles)).text()}"
        return draw_tiles(tiles, -(-len(tiles) // COLUMNS), COLUMNS, heading)

    def plot_components(self, n: int = 4, pictures: int = 4) -> "Plot":
        """Draw the pictures at both ends of each component. Raises WhatsitError without features or paths."""
        from whatsit.understand.plots import draw_rows

        if self.paths is None:
            raise WhatsitError(Message("understand.no_paths"))
        found, paths = self.components(n, pictures), self.paths
        rows = [
            (f"{number}: {one.share:.0%}", [paths[place] for place in (*one.low, *reversed(one.high))])
            for number, one in enumerate(found, 1)
        ]
        return draw_rows(rows, "\n".join(f"{number}: {one}" for number, one in enumerate(found, 1)))
