"""What a report holds, and the page made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup

from whatsit.catalog.summary import Summary
from whatsit.errors import WhatsitError
from whatsit.i18n import Message, language
from whatsit.novelty import Novelty
from whatsit.project import write_whole
from whatsit.report import sections
from whatsit.report.album import Album
from whatsit.report.data import data
from whatsit.report.headline import Headline
from whatsit.report.previous import previous_section
from whatsit.report.steps import in_words, steps
from whatsit.report.suspects import Suspect, suspects_section
from whatsit.report.thumbnails import Known, no_thumbnails
from whatsit.report.training import Training, training_section
from whatsit.report.words import Words
from whatsit.tables import paragraph
from whatsit.text import brief, printable
from whatsit.understand.cleaned import Cleaning
from whatsit.understand.interpretation import Interpretation
from whatsit.understand.label_errors import LabelNoise
from whatsit.understand.previous import Compared
from whatsit.web import charts, render

LINKS = {
    "previous": "link_previous",
    "data": "link_data",
    "confusion": "link_confusion",
    "classes": "link_classes",
    "worst": "link_worst",
    "suspects": "link_suspects",
    "components": "link_components",
    "calibration": "link_calibration",
    "selective": "link_selective",
    "novelty": "link_novelty",
    "training": "link_training",
    "made": "link_made",
}


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """All that is known of a classifier called `name`.

    `interpretations` are of one split each, the one that is to be judged by first. `facts` say how it was
    made, under keys of the catalogs; `temperature` and `novelty` are what the bundle carries, found on
    the split `calibrated_on`: "valid" where the backbone was trained (`is_fine_tuned`). With
    `is_cross_fitted` each of these pictures was measured by what was found on others of them. `left_out` is
    how many pictures were not measured, because it was trained on them, None where that can't be known;
    `near` is how many of the others are nearly the same as some that it was trained on. `suspects` are
    training pictures whose labels look wrong, `noise` is how many are estimated to be; `previous` compares
    with the training before; `cleaned` has the splits that a review changed. `thumbnails` gives JPEG files of
    pictures, as far as they are there already. Raises WhatsitError for no interpretation.
    """

    name: str
    interpretations: Sequence[Interpretation]
    facts: Mapping[str, str | Message] = field(default_factory=dict)
    training: Training | None = None
    summary: Summary | None = None
    temperature: float | None = None
    calibrated_on: str = "train"
    novelty: Novelty | None = None
    is_cross_fitted: bool = False
    is_fine_tuned: bool = False
    left_out: int | None = 0
    near: int = 0
    suspects: Sequence[Suspect] = ()
    noise: LabelNoise | None = None
    previous: Compared | None = None
    cleaned: Mapping[str, Cleaning] = field(default_factory=dict)
    thumbnails: Known = no_thumbnails

    def __post_init__(self) -> None:
        if not self.interpretations:
            raise WhatsitError(Message("report.nothing"))

    def __repr__(self) -> str:
        return brief(self, f"{self.name}: {self.headline('en')}")

    def _repr_html_(self) -> str:
        return paragraph(f'{self.headline()} The whole page: .write("report.html")')

    def headline(self, lang: str | None = None) -> str:
        """How good it is, in a sentence or two, by default in the current language."""
        words = Words(lang or language())
        return words.join([words.of(one) for one in self._headline.messages])

    @property
    def _headline(self) -> Headline:
        share = self.summary.split.values.get("share") if self.summary else None
        main = self.interpretations[0]
        return Headline(main, self.left_out, share, self.near, self.cleaned.get(main.split))

    def render(self, lang: str | None = None) -> str:
        """The whole page, in "en", "zh" or the current language. Raises WhatsitError for another one."""
        words = Words(lang or language())
        album, main, headline = Album(words, self.thumbnails), self.interpretations[0], self._headline
        todo = steps(headline, self.suspects, self.training, self.summary, self.noise)
        parts: dict[str, Any] = {
            "previous": self.previous and previous_section(self.previous, words),
            "data": self.summary and data(self.summary, self.interpretations, words, self.thumbnails),
            "confusion": [sections.matrix(one, album, words) for one in self.interpretations],
            "classes": sections.classes(main),
            "worst": sections.worst(main),
            "suspects": suspects_section(self.suspects, words),
            "components": sections.components(main, words) if headline.promises else None,
            "calibration": sections.calibration(main, words),
            "selective": None if headline.is_few else sections.selective(main, words),
            "novelty": main.features is not None,
            "training": self.training and training_section(self.training, words, headline),
            "made": {key: words.of(fact) for key, fact in self.facts.items()},
        }
        return render(
            "report.html",
            words.lang,
            assets=["report.css", "components.js", "album.js", "report.js"],
            w=words,
            name=printable(self.name),
            headline=headline,
            dots=_dots(headline, words) if headline.promises else None,
            outcomes=sections.outcomes(self.interpretations, words),
            steps=[in_words(one, words) for one in todo],
            links=[(key, words(LINKS[key])) for key, part in parts.items() if part],
            temperature=self.temperature,
            is_calibrated_here=self.calibrated_on == "valid" == main.split,
            is_cross_fitted=self.is_cross_fitted,
            calibrated_on=self.calibrated_on,
            is_fine_tuned=self.is_fine_tuned,
            is_measured_on_valid=main.split == "valid",
            strange=sections.strange(main, self.novelty, words),
            own=sections.own(self.interpretations, words),
            album=album.to_json(),
            **parts,
        )

    def write(self, path: str | Path, lang: str | None = None) -> None:
        """Write the page, whole or not at all. Raises WhatsitError."""
        write_whole(Path(path), self.render(lang).encode("utf-8", "backslashreplace"))


def _dots(headline: Headline, words: Words) -> Markup:
    found, said = headline.of.outcomes, words.of(headline.said)
    if headline.is_perfect and found.interval is not None:
        surely = found.interval[0]
        return charts.dots(surely, 0.0, said, maybe=1 - surely)
    return charts.dots(found.right / found.images, found.novel / found.images, said)
