"""What a classifier gets right and wrong, picture by picture."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from whatsit.errors import WhatsitError
from whatsit.heat_map import HeatMap
from whatsit.text import brief, ending
from whatsit.understand.calibration import Reliability
from whatsit.understand.components import Component, components
from whatsit.understand.metrics import Evaluation, evaluate
from whatsit.understand.selective import Selective

if TYPE_CHECKING:
    from whatsit.figures import Plot

SPLITS = {
    "train": "training pictures",
    "valid": "validation pictures",
    "test": "test pictures",
    "all": "pictures",
}
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
        found = f"right, {taken}" if self.is_right else f"{self.label} taken for {taken}"
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
    wider. Raises WhatsitError for arrays of another kind.
    """

    classes: list[str]
    labels: NDArray[np.int64]
    probabilities: NDArray[np.floating]
    split: str = "all"
    paths: Sequence[Path] | None = None
    features: NDArray[np.floating] | None = None
    explain: Explain | None = None
    groups: NDArray[np.int64] | None = None

    def __post_init__(self) -> None:
        try:
            object.__setattr__(self, "labels", np.asarray(self.labels))
            object.__setattr__(self, "probabilities", np.asarray(self.probabilities, np.float64))
            if self.features is not None:
                object.__setattr__(self, "features", np.asarray(self.features, np.float32))
            if self.groups is not None:
                object.__setattr__(self, "groups", np.asarray(self.groups))
            if self.paths is not None:
                object.__setattr__(self, "paths", [Path(path) for path in self.paths])
            why = self._why_not()
        except (TypeError, ValueError) as error:
            why = f"they are not tables of numbers ({error})"
        if why:
            raise WhatsitError(f"These answers can't be interpreted: {why}.", "Check the arrays.")

    def _why_not(self) -> str:
        if self.labels.ndim != 1:
            return f"the labels have the shape {self.labels.shape}; one number is wanted for each picture"
        shape = (len(self.labels), len(self.classes))
        if not len(self.labels):
            return "there are no pictures"
        if len(set(self.classes)) < len(self.classes):
            return "some class is named twice"
        if self.probabilities.shape != shape:
            return f"the probabilities have the shape {self.probabilities.shape}, not {shape}"
        if not np.issubdtype(self.labels.dtype, np.integer) or not (
            0 <= self.labels.min() <= self.labels.max() < len(self.classes)
        ):
            return f"the labels are not all places of the {len(self.classes)} classes"
        if not np.isfinite(self.probabilities).all():
            return "some probabilities are not numbers"
        if self.probabilities.min() < -1e-6 or np.abs(self.probabilities.sum(1) - 1).max() > 1e-2:
            return "the probabilities of some picture don't sum to 1 (give them after softmax)"
        for name, rows in (("paths", self.paths), ("features", self.features), ("groups", self.groups)):
            if rows is not None and len(rows) != len(self.labels):
                return f"there are {len(rows)} {name} for {len(self.labels)} labels"
        if self.features is not None and (self.features.ndim != 2 or not np.isfinite(self.features).all()):
            return "the features are no table of numbers, a row for each picture"
        if self.groups is not None and not (
            self.groups.ndim == 1 and np.issubdtype(self.groups.dtype, np.integer)
        ):
            return "the groups are not whole numbers, one for each picture"
        return ""

    def __str__(self) -> str:
        found = self.evaluation
        summary = f"Right on {found.right} of {found.images} {self._pictures}"
        summary += f": {found.accuracy:.1%} ({found.range_in_words})."
        for actual, predicted, count in self.most_confused()[:1]:
            summary += f" Most often it takes {actual} for {predicted} ({count})."
        return summary

    def __repr__(self) -> str:
        return brief(self, self)  # arrays would fill a notebook

    def _repr_html_(self) -> str:
        return self.evaluation._repr_html_()

    @property
    def _pictures(self) -> str:
        """Which pictures these are, for people."""
        return SPLITS.get(self.split, self.split)

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
        """Accuracy with its interval, per-class metrics, and what was taken for what."""
        return evaluate(self.labels, self.probabilities, self.classes, self.groups)

    @cached_property
    def reliability(self) -> Reliability:
        """Whether the probabilities can be believed."""
        return Reliability.of(self.probabilities, self.labels, self.groups)

    @cached_property
    def selective(self) -> Selective:
        """What keeping silent below a least probability would bring."""
        return Selective.of(self.probabilities, self.labels, self.groups)

    def top_losses(self, k: int | None = None) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """The `k` largest losses (all without k), falling, and the places of their pictures."""
        places = np.argsort(-self.losses, kind="stable")[: None if k is None else max(0, k)]
        return self.losses[places], places

    def most_confused(self, min: int = 1) -> list[tuple[str, str, int]]:
        """(actual, predicted, count) of mistakes made at least `min` times, the most frequent first."""
        return self.evaluation.most_confused(min)

    def confusion_matrix(self) -> NDArray[np.int64]:
        """Counts (classes, classes) by actual class (row) and predicted class (column)."""
        return self.evaluation.confusion

    def components(self, n: int = 4, pictures: int = 6) -> list[Component]:
        """The main directions in which the pictures differ for it. Raises WhatsitError without features."""
        if self.features is None:
            raise WhatsitError("Components are found in features, and there are none.", "Give features=.")
        return components(self.features, self.labels, self.classes, n, pictures)

    def plot_confusion_matrix(self, normalize: bool = False) -> "Plot":
        """Draw what was taken for what; of more than 30 classes the most confused.

        With `normalize` as shares of each actual class.
        """
        from whatsit.understand.plots import draw_confusion

        found = self.evaluation
        places, left_out = found.most_confused_classes()
        title = f"{found.images} {self._pictures}"
        if left_out:
            title += f"\nthe {len(places)} most confused of {len(found.classes)} classes"
        names = [found.classes[place] for place in places]
        totals = found.confusion[places].sum(1)
        return draw_confusion(names, found.confusion[np.ix_(places, places)], totals, title, normalize)

    def plot_top_losses(self, k: int = 9, heatmap: bool = True) -> "Plot":
        """Draw the pictures with the largest losses: prediction / actual / loss / probability of actual.

        With `heatmap` as the network sees them, and what speaks for the prediction. Raises WhatsitError where
        the pictures are not known.
        """
        from whatsit.catalog.pictures import draw_tiles, readable

        if self.paths is None:
            raise WhatsitError("The pictures can't be drawn: nobody said where they are.", "Give paths=.")
        _, places = self.top_losses(k)
        answers = [self[place] for place in places.tolist()]
        heading = f"prediction / actual / loss / probability of actual\n{self._pictures}"
        files = [(answer.path, answer.title) for answer in answers if answer.path]
        tiles: Iterable[tuple[Any, str]] = readable(files)
        if heatmap and self.explain is not None:
            maps = [self.explain(answer.path, answer.prediction) for answer in answers if answer.path]
            tiles = [(found.overlay(), answer.title) for found, answer in zip(maps, answers, strict=True)]
        return draw_tiles(tiles, -(-len(places) // COLUMNS), COLUMNS, heading)

    def plot_components(self, n: int = 4, pictures: int = 4) -> "Plot":
        """Draw the pictures at both ends of each component. Raises WhatsitError without features or paths."""
        from whatsit.understand.plots import draw_rows

        if self.paths is None:
            raise WhatsitError("The pictures can't be drawn: nobody said where they are.", "Give paths=.")
        found, paths = self.components(n, pictures), self.paths
        rows = [
            (f"{number}: {one.share:.0%}", [paths[place] for place in (*one.low, *reversed(one.high))])
            for number, one in enumerate(found, 1)
        ]
        return draw_rows(rows, "\n".join(f"{number}: {one}" for number, one in enumerate(found, 1)))
