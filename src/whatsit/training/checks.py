"""What a learner needs, and what to write instead of the usual mistakes."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from whatsit.catalog import Catalog
from whatsit.checks import described, is_count, is_number, require_place
from whatsit.config import LARGEST_SEED, LR, Augment, Balance, Device, Resize, TrainConfig
from whatsit.errors import CatalogError, WhatsitError
from whatsit.extras import needing
from whatsit.finetune import GROUPS
from whatsit.text import ending
from whatsit.understand.metrics import METRICS, Metric

MOST_CLASSES = 1000


def require_catalog(given: object) -> None:
    """Raise CatalogError for what is not a catalog, as the path of a folder, and for too many classes."""
    if isinstance(given, Catalog):
        if len(given.classes) > MOST_CLASSES:
            raise CatalogError(
                f"The catalog has {len(given.classes)} classes; at most {MOST_CLASSES} are possible.",
                "Is the folder one level too high or too low?",
            )
        return
    if isinstance(given, str | os.PathLike):
        path = ending(os.fspath(given))
        raise CatalogError(
            f'A learner needs a catalog, not the path "{path}".',
            f'Write Learner(Catalog.from_folder("{path}")).',
        )
    raise CatalogError(
        f"A learner needs a catalog, not {described(given)}.",
        'Make one with Catalog.from_folder("my-photos").',
    )


def require_settings(size: object, resize: object, ps: object, augment: object, seed: object) -> None:
    """Raise WhatsitError for what a learner can't be made with."""
    if size != "auto" and not (is_count(size, 32) and is_number(size, most=1024)):
        what = f'size must be "auto" or a whole number from 32 to 1024, not {described(size)}.'
        raise CatalogError(what, "Leave it out to have it chosen; 224 is usual.")
    if resize not in get_args(Resize):
        raise WhatsitError(f"There is no resize={described(resize)}.", 'Take "crop", "pad" or "squash".')
    if not is_number(ps, 0) or not is_number(ps, most=1) or ps == 1:
        what = f"ps must be at least 0 and below 1, not {described(ps)}."
        raise WhatsitError(what, "It is the share of features that dropout leaves out; 0 is usual.")
    if not is_count(seed, 0):
        raise WhatsitError(
            f"seed must be a whole number of at least 0, not {described(seed)}.", "0 is usual."
        )
    if not (augment in (None, "auto", "full") or callable(augment)):
        what = f"There is no augment={described(augment)}."
        raise WhatsitError(what, 'Take "auto", "full", None, or transforms.')


def require_device(device: Device) -> Device:
    """The same. Raises WhatsitError for one that is not there, and MissingError for a GPU without PyTorch."""
    if device not in get_args(Device):
        raise WhatsitError(f"There is no device {device!r}.", "Take auto, cpu or cuda.")
    if device == "cuda":
        with needing("Training on a GPU"):
            from whatsit.finetune.network import torch_device
        torch_device(device)
    return device


def require_group(group: object) -> None:
    """Raise WhatsitError for a group of layers that no network has; negative ones count from the end."""
    if not is_count(group, -GROUPS) or not is_number(group, most=GROUPS - 1):
        what = f"There is no group {group!r:.40} of layers."
        raise WhatsitError(what, f"Give a number from {-GROUPS} to {GROUPS - 1}.")


def require_teaching(epochs: object, bs: object, wd: object) -> None:
    """Raise WhatsitError for values with which nothing can be trained."""
    if not is_count(epochs, 1):
        what = f"epochs must be a whole number of at least 1, not {described(epochs)}."
        raise WhatsitError(what, "4 is a good beginning.")
    if not is_count(bs, 2):
        what = f"bs must be a whole number of at least 2, not {described(bs)}."
        raise WhatsitError(what, "It is the number of pictures in a batch; leave it out to have it chosen.")
    if not is_number(wd, 0, math.inf):
        what = f"wd must be a number of at least 0, not {described(wd)}."
        raise WhatsitError(what, "It is the weight decay; leave it out to have it chosen.")


def named_metrics(metrics: Sequence[str | Metric]) -> dict[str, Metric]:
    """Metrics by their names. Raises WhatsitError for an unknown one."""
    if isinstance(metrics, str):
        raise WhatsitError(f"metrics must be a list, not {metrics!r}.", f"Give metrics=[{metrics!r}].")
    named: dict[str, Metric] = {}
    for metric in metrics:
        if not isinstance(metric, str):
            named[getattr(metric, "__name__", type(metric).__name__)] = metric
        elif metric in METRICS:
            named[metric] = METRICS[metric]
        else:
            raise WhatsitError(
                f"There is no metric {metric!r}.", f"Take {', '.join(METRICS)}, or a function."
            )
    return named


def require_config(config: TrainConfig) -> None:
    """Raise WhatsitError for a training that can't be carried out, before anything is done for nothing."""
    require_options(config)
    require_place("bundle", Path(config.out))


def require_options(config: TrainConfig) -> None:
    """Raise WhatsitError where an option has an impossible value."""
    counts = {"epochs": (1, config.epochs), "repeat": (1, config.repeat), "fine_tune": (0, config.fine_tune)}
    for name, (least, count) in counts.items():
        if not (is_count(count, least) or (name == "epochs" and count is None)):
            what = f"{name} must be a whole number of at least {least}, not {described(count)}."
            raise WhatsitError(what, "Leave it out to have the usual.")
    if isinstance(config.lrs, str) or not isinstance(config.lrs, Sequence) or not config.lrs:
        what = f"lrs must be a list of learning rates, not {described(config.lrs)}."
        raise WhatsitError(what, f"Write lrs=[{LR:g}].")
    for lr in config.lrs:
        if not is_number(lr, 0) or lr == 0:
            raise WhatsitError(f"A learning rate can't be {described(lr)}.", f"{LR:g} is usual.")
    if config.time_budget is not None and not (is_number(config.time_budget, 0) and config.time_budget):
        what = f"time_budget must be a positive number of minutes, not {described(config.time_budget)}."
        raise WhatsitError(what, "Leave it out for no limit.")
    for name, known in {"augment": Augment, "balance": Balance, "device": Device}.items():
        value = getattr(config, name)
        if value not in get_args(known) and not (name == "balance" and value is None):
            raise WhatsitError(
                f"There is no {name}={described(value)}.", f"Take {', '.join(map(repr, get_args(known)))}."
            )
    if not is_count(config.seed, 0) or config.seed > LARGEST_SEED:
        what = f"seed must be a whole number from 0 to {LARGEST_SEED}, not {described(config.seed)}."
        raise WhatsitError(what, "Leave it out to have 0.")
