"""A model card: facts for programs, sections for people."""

from dataclasses import dataclass
from typing import Any

from whatsit.card.facts import SPLITS, Facts
from whatsit.card.markdown import markdown
from whatsit.card.sections import Section, sections
from whatsit.checks import is_count, is_number
from whatsit.config import Language
from whatsit.i18n import language, speaking
from whatsit.model import Model
from whatsit.text import brief


@dataclass(frozen=True, repr=False)
class Card:
    """What is known of a bundle; an old one has no `facts`, and its `metrics` are a stranger's words."""

    model: Model
    split: dict[str, Any]
    metrics: dict[str, Any]
    versions: dict[str, str]
    facts: Facts | None

    def __repr__(self) -> str:
        return brief(self, f"{len(self.model.classes)} classes, {self.model.backbone.name}")

    def __str__(self) -> str:
        return self.markdown()

    def _repr_markdown_(self) -> str:
        return self.markdown()

    def markdown(self, lang: Language | None = None) -> str:
        """The card as Markdown, by default in the language of this block."""
        with speaking(lang or language()):
            return markdown(self.sections())

    def sections(self) -> list[Section]:
        """The card for people, in messages."""
        return sections(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """The card for programs, as plain JSON; null for what is not recorded."""
        return {
            "classes": self._classes(),
            "pictures": self._pictures(),
            "accuracy": self._accuracy(),
            "novelty": self._novelty(),
            "training": self._training(),
            "split": self._split(),
            "sources": self._sources(),
            "cleaned": self.facts and {split: one._asdict() for split, one in self.facts.cleaned.items()},
            "versions": dict(sorted(self.versions.items())),
        }

    def _classes(self) -> list[dict[str, Any]]:
        facts = self.facts
        if facts is None:
            return [{"name": name} for name in self.model.classes]
        return [
            {
                "name": name,
                **{split: facts.pictures[split][place] for split in SPLITS},
                "right": facts.right[place],
                "interval": facts.intervals[place],
            }
            for place, name in enumerate(self.model.classes)
        ]

    def _pictures(self) -> dict[str, int] | None:
        return None if self.facts is None else {one: sum(self.facts.pictures[one]) for one in SPLITS}

    def _accuracy(self) -> dict[str, Any] | None:
        if self.facts is None:
            share, images = self.metrics.get("accuracy"), self.metrics.get("images")
            if not is_number(share, 0, 1) or not is_count(images, 1):
                return None
            return {"accuracy": share, "images": images, "right": None, "interval": None, "groups": None}
        images, right = sum(self.facts.pictures["valid"]), sum(self.facts.right)
        return {
            "accuracy": round(right / images, 6) if images else None,
            "images": images,
            "right": right,
            "interval": self.facts.interval,
            "groups": self.facts.groups,
        }

    def _novelty(self) -> dict[str, Any] | None:
        if self.model.novelty is None:
            return None
        false_alarms = self.metrics.get("false_alarms")
        return {"false_alarms": false_alarms if is_number(false_alarms, 0, 1) else None}

    def _training(self) -> dict[str, Any]:
        model, facts = self.model, self.facts
        return {
            "backbone": model.backbone.name,
            "is_fine_tuned": (self.metrics.get("fine_tuned") is True) if facts else None,
            "is_pretrained": facts and facts.is_pretrained,
            "epochs": facts and facts.epochs,
            "views": facts and facts.views,
            "seed": facts and facts.seed,
            "precision": model.precision,
            "size": model.preprocess.size,
            "resize": model.preprocess.resize,
            "temperature": model.temperature,
        }

    def _split(self) -> dict[str, Any]:
        return {
            "is_assigned": self.facts and self.facts.is_assigned,
            "valid": self.split.get("valid"),
            "seed": self.split.get("seed"),
            "by_time": self.split.get("by_time", False),
            "relation": self.split.get("relation", ""),
        }

    def _sources(self) -> list[dict[str, Any]] | None:
        if self.facts is None or self.facts.sources is None:
            return None
        return [one._asdict() for one in self.facts.sources]
