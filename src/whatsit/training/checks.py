"""Checks of what a learner is given: the usual mistakes, and what to write instead."""

import math
import os
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from whatsit.bundle import Bundle, default_path, network_hash
from whatsit.catalog import Catalog
from whatsit.checks import described, is_count, is_number, require_place
from whatsit.config import LARGEST_SEED, LR, Augment, Balance, Device, Resize, TrainConfig
from whatsit.errors import CatalogError, WhatsitError
from whatsit.extras import needing
from whatsit.finetune import GROUPS
from whatsit.i18n import Message
from whatsit.text import ending
from whatsit.understand.metrics import METRICS, Metric

MOST_CLASSES = 1000


def require_catalog(given: object) -> None:
    """Raise CatalogError for what is not a catalog, such as a path, and for too many classes."""
    if isinstance(given, Catalog):
        if len(given.classes) > MOST_CLASSES:
            classes = len(given.classes)
            raise CatalogError(Message("train_options.many_classes", classes=classes, most=MOST_CLASSES))
        return
    if isinstance(given, str | os.PathLike):
        path = ending(os.fspath(given))
        raise CatalogError(Message("train_options.path_for_catalog", path=path))
    raise CatalogError(Message("train_options.not_catalog", given=described(given)))


def require_settings(size: object, resize: object, ps: object, augment: object, seed: object) -> None:
    """Raise WhatsitError for what a learner can't be made with."""
    require_size(size)
    if resize not in get_args(Resize):
        raise WhatsitError(Message("train_options.resize", given=described(resize)))
    if not is_number(ps, 0) or not is_number(ps, most=1) or ps == 1:
        raise WhatsitError(Message("train_options.ps", given=described(ps)))
    if not is_count(seed, 0):
        raise WhatsitError(Message("train_options.seed", given=described(seed)))
    if not (augment in (None, "auto", "full") or callable(augment)):
        raise WhatsitError(Message("train_options.augment", given=described(augment)))


def require_size(size: object) -> None:
    """Raise CatalogError for what can't be the side of a network's input."""
    if size != "auto" and not (is_count(size, 32) and is_number(size, most=1024)):
        raise CatalogError(Message("train_options.size", given=described(size)))


def require_bs(bs: object) -> None:
    """Raise WhatsitError for what can't be a batch size."""
    if not is_count(bs, 2):
        raise WhatsitError(Message("train_options.bs", given=described(bs)))


def require_device(device: Device) -> Device:
    """The same. Raises WhatsitError for one that is not there, and MissingError for a GPU without PyTorch."""
    if device not in get_args(Device):
        raise WhatsitError(Message("train_options.device", given=described(device)))
    if device == "cuda":
        with needing(Message("training.on_gpu")):
            from whatsit.finetune.network import torch_device
        torch_device(device)
    return device


def require_group(group: object) -> None:
    """Raise WhatsitError for a group of layers that no network has; negative ones count from the end."""
    if not is_count(group, -GROUPS) or not is_number(group, most=GROUPS - 1):
        most = GROUPS - 1
        raise WhatsitError(Message("train_options.group", given=described(group), least=-GROUPS, most=most))


def require_growing(start: float, end: float) -> None:
    """Raise WhatsitError for learning rates between which there are none to try."""
    if not (is_number(start, 0) and is_number(end, 0) and 0 < start < end):
        given = {"start": described(start), "end": described(end)}
        raise WhatsitError(Message("train_options.lr_range", **given))


def require_teaching(epochs: object, bs: object, wd: object) -> None:
    """Raise WhatsitError for values with which nothing can be trained."""
    if not is_count(epochs, 1):
        raise WhatsitError(Message("train_options.epochs", given=described(epochs)))
    require_bs(bs)
    if not is_number(wd, 0, math.inf):
        raise WhatsitError(Message("train_options.wd", given=described(wd)))


def named_metrics(metrics: Sequence[str | Metric]) -> dict[str, Metric]:
    """Metrics by their names. Raises WhatsitError for an unknown one."""
    if isinstance(metrics, str):
        raise WhatsitError(Message("train_options.metrics", given=described(metrics)))
    named: dict[str, Metric] = {}
    for metric in metrics:
        if not isinstance(metric, str):
            named[getattr(metric, "__name__", type(metric).__name__)] = metric
        elif metric in METRICS:
            named[metric] = METRICS[metric]
        else:
            raise WhatsitError(Message("train_options.metric", name=metric, known=list(METRICS)))
    return named


def require_config(config: TrainConfig) -> None:
    """Raise WhatsitError for a training that can't be carried out, before it starts."""
    require_options(config)
    require_place(Message("training.bundle"), Path(config.out))


def require_own_bundle(config: TrainConfig, catalog: Catalog) -> None:
    """Raise WhatsitError where the bundle's default name is taken by one that knows other classes.

    Folders of the same name share that name. Who chose it with `out` may replace any bundle, and one of the
    same classes is probably this folder's own, whose project was deleted.
    """
    out = Path(config.out).absolute()
    if out != default_path(Path(config.folder)).absolute():
        return
    found = network_hash(out)
    if found is None or catalog.project.run_of(found) is not None:
        return
    if set(Bundle.read(out).classes) != set(catalog.classes):
        folder = catalog.project.images
        raise WhatsitError(Message("training.bundle_of_others", bundle=out.name, folder=folder))


def require_options(config: TrainConfig) -> None:
    """Raise WhatsitError where an option has an impossible value."""
    counts = {"epochs": (1, config.epochs), "repeat": (1, config.repeat), "fine_tune": (0, config.fine_tune)}
    for name, (least, count) in counts.items():
        if not (is_count(count, least) or (name == "epochs" and count is None)):
            given = described(count)
            raise WhatsitError(Message("train_options.count", name=name, least=least, given=given))
    if isinstance(config.lrs, str) or not isinstance(config.lrs, Sequence) or not config.lrs:
        raise WhatsitError(Message("train_options.lrs", given=described(config.lrs), usual=LR))
    for lr in config.lrs:
        if not is_number(lr, 0) or lr == 0:
            raise WhatsitError(Message("train_options.lr", given=described(lr), usual=LR))
    if config.time_budget is not None and not (is_number(config.time_budget, 0) and config.time_budget):
        raise WhatsitError(Message("train_options.time_budget", given=described(config.time_budget)))
    for name, known in {"augment": Augment, "balance": Balance, "device": Device}.items():
        value = getattr(config, name)
        if value not in get_args(known) and not (name == "balance" and value is None):
            choices, given = [repr(one) for one in get_args(known)], described(value)
            raise WhatsitError(Message("train_options.choice", name=name, given=given, known=choices))
    if not is_count(config.seed, 0) or config.seed > LARGEST_SEED:
        given = described(config.seed)
        raise WhatsitError(Message("train_options.seed_range", most=LARGEST_SEED, given=given))
