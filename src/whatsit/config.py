"""How to split, how to make a learner, how to train: every default, once. Only the standard library."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, TypeVar

Resize = Literal["crop", "pad", "squash"]
Precision = Literal["fp32", "bf16"]
Balance = Literal["oversample", "loss"]
Augment = Literal["auto", "full", "none"]
Device = Literal["auto", "cpu", "cuda"]
InputSide = int | Literal["auto"]
Split = Literal["train", "valid", "test"]
Choice = Literal["keep", "remove", "unsure", "relabel"]
Source = Literal["auto", "openverse", "commons", "duckduckgo", "bing"]
License = Literal["any", "public", "modify", "commercial"]
Language = Literal["en", "zh"]
LR = 3e-3  # good for nearly every head
LARGEST_SEED = 2**32


PLACES = ("folder", "out", "project", "weights", "into", "urls", "save", "bundle", "explain", "csv")
NAMED = ("run", "subject", "images")  # places too, unless that is a run's number or "-" for stdin


@dataclass(frozen=True)
class SplitConfig:
    """Which pictures are for validation: the share `valid` of each class, drawn with `seed`, or the latest.

    `group` keeps pictures together: a regular expression on the path, or a column of a table.
    """

    valid: float = 0.2
    seed: int = 42
    group: str | None = None
    by_time: bool = False


@dataclass(frozen=True)
class LearnerConfig:
    """What a learner is made with; `Learner` says what each of them means."""

    backbone: str = "lite0"
    size: InputSide = "auto"
    weights: str | None = None
    pretrained: bool = True
    resize: Resize = "crop"
    precision: Precision | None = None
    seed: int = 0
    ps: float = 0.0
    augment: Any = "auto"
    device: Device = "auto"


@dataclass(frozen=True)
class TrainConfig:
    """What `whatsit train` does.

    `epochs` of the head, None for as many as it needs, at the best of the learning rates `lrs`; then
    `fine_tune` epochs of the backbone's late layers too, or as many as end within `time_budget` minutes.
    `repeat` trains the head with so many seeds; `what_if` shows what wrong settings would do.
    """

    folder: str
    out: str
    project: str | None = None
    backbone: str = LearnerConfig.backbone
    weights: str | None = None
    size: InputSide = LearnerConfig.size
    resize: Resize = LearnerConfig.resize
    precision: Precision | None = None
    seed: int = LearnerConfig.seed
    augment: Augment = "auto"
    device: Device = LearnerConfig.device
    valid: float = SplitConfig.valid
    split_seed: int = SplitConfig.seed
    group: str | None = None
    by_time: bool = False
    recursive: bool = False
    lrs: Sequence[float] = (LR,)
    balance: Balance | None = None
    epochs: int | None = None
    fine_tune: int = 0
    time_budget: float | None = None
    repeat: int = 1
    what_if: bool = False

    @property
    def learner(self) -> LearnerConfig:
        """What the learner is made with."""
        known = asdict(self)
        own = {one.name: known[one.name] for one in fields(LearnerConfig) if one.name in known}
        return LearnerConfig(**{**own, "augment": None if self.augment == "none" else self.augment})


@dataclass(frozen=True)
class ResumeConfig:
    """A training that was stopped, in its run: FOLDER/.whatsit/runs/0001, or its number in a project.

    A run does not decide where files are: `out` and `weights` are named again if they were named before,
    and the pictures' `folder` if it is not beside the run.
    """

    run: str
    folder: str | None = None
    out: str | None = None
    weights: str | None = None
    project: str | None = None


@dataclass(frozen=True)
class ContinueConfig:
    """A finished run, named as for ResumeConfig, that is trained for `epochs` more, by default as before."""

    run: str
    folder: str | None = None
    out: str | None = None
    weights: str | None = None
    project: str | None = None
    epochs: int | None = None
    lr: float | None = None


@dataclass(frozen=True)
class CollectConfig:
    """What `whatsit collect` does: search for `classes`, words or NAME=words, or fetch lists of addresses.

    `max_pics` for each class, 200 by default, or all that `urls`, files of addresses, list; `label` is their
    class where no file's name says it.
    """

    classes: Sequence[str] = ()
    into: str = "pictures"
    max_pics: int | None = None
    source: Source = "auto"
    license: License = "any"
    urls: Sequence[str] = ()
    label: str | None = None
    retry: bool = False
    allow_private: bool = False
    project: str | None = None


@dataclass(frozen=True)
class VerifyConfig:
    """What `whatsit verify` does; with `dry_run` nothing is moved or changed."""

    folder: str
    fix: bool = False
    max_size: int | None = None
    dry_run: bool = False
    project: str | None = None


@dataclass(frozen=True)
class ShowConfig:
    """What `whatsit show` does; `save` is the figure to write, in the project by default."""

    folder: str
    save: str | None = None
    valid: float = SplitConfig.valid
    split_seed: int = SplitConfig.seed
    group: str | None = None
    by_time: bool = False
    recursive: bool = False
    project: str | None = None


@dataclass(frozen=True)
class EvaluateConfig:
    """What `whatsit evaluate` does; the split is by default as the bundle was trained."""

    bundle: str
    folder: str
    split: Split | None = None
    valid: float | None = None
    split_seed: int | None = None
    group: str | None = None
    by_time: bool | None = None
    project: str | None = None
    precision: Precision | None = None


@dataclass(frozen=True)
class ReportConfig:
    """What `whatsit report` does, of a run or a bundle: `out` is the page to write.

    Without `lang` the page is in the current language.
    """

    subject: str
    folder: str | None = None
    out: str | None = None
    weights: str | None = None
    lang: Language | None = None
    project: str | None = None


@dataclass(frozen=True)
class PredictConfig:
    """What `whatsit predict` does with `images`, files and folders.

    `min_probability` is one number, or numbers by class; below it an answer is "unsure". `explain` is a
    folder for heat maps, `csv` a table to write.
    """

    bundle: str
    images: Sequence[str]
    top: int = 1
    min_probability: float | Mapping[str, float] = 0.0
    explain: str | None = None
    csv: str | None = None
    precision: Precision | None = None


Config = (
    TrainConfig
    | ResumeConfig
    | ContinueConfig
    | CollectConfig
    | VerifyConfig
    | ShowConfig
    | EvaluateConfig
    | ReportConfig
    | PredictConfig
)


C = TypeVar("C", bound=Config)


def absolute(config: C) -> C:
    """The same task, wherever the process that carries it out is started."""
    values: dict[str, Any] = {one.name: getattr(config, one.name) for one in fields(config)}
    for name in (*PLACES, *NAMED):
        if values.get(name):
            values[name] = _absolute(values[name], name in NAMED)
    return type(config)(**values)


def _absolute(place: Any, is_named: bool) -> Any:
    if isinstance(place, list | tuple):
        return type(place)(_absolute(one, is_named) for one in place)
    if is_named and (place == "-" or str(place).isdecimal()):
        return place
    return str(Path(place).absolute()) if isinstance(place, str | Path) else place
