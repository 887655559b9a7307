"""What fastai 1 had and Whatsit does not is explained where code asks for it."""

import copy
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from whatsit import WhatsitError
from whatsit.fastai1 import (
    ClassificationInterpretation,
    DatasetType,
    ImageDataBunch,
    ImageItemList,
    ImageList,
    cnn_learner,
    defaults,
    download_images,
    get_transforms,
    models,
    open_image,
    verify_images,
)
from whatsit.fastai1.explained import OF_DATA
from whatsit.fastai1.settings import Settings
from whatsit.fastai1.widgets import FileDeleter, ImageCleaner


@pytest.fixture
def names(bears: Path, cache: Path) -> dict[str, Any]:
    data = ImageDataBunch.from_folder(bears, train=".", valid_pct=0.25, size=64)
    learn = cnn_learner(data, models.lite0)
    return {"data": data, "learn": learn, "items": ImageList.from_folder(bears)}


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (
            lambda at: at["learn"].TTA(),
            r"Learner has no TTA\. .*test-time augmentation.*learn\.get_preds",
        ),
        (lambda at: at["learn"].to_fp16(), r"no to_fp16\. Whatsit chooses the precision by itself"),
        (lambda at: at["data"].save("x"), r"ImageDataBunch has no save\. Whatsit does not save data\."),
        (lambda at: at["data"].batch_stats(), r"no batch_stats\. .*Write normalize\(imagenet_stats\)"),
        (lambda at: at["learn"].get_layer_groups(), r"no get_layer_groups\. .*Print learn\.learner"),
        (lambda at: at["learn"].interpret(tta=True), r"takes no tta here\. .*test-time augmentation"),
        (lambda at: get_transforms(xtra_tfms=[]), r"takes no xtra_tfms here\. You can't add transforms"),
        (lambda at: verify_images(at["data"].path, ext=".jpg"), r"takes no ext here\. It takes path, delete"),
        (lambda at: open_image("a.jpg", convert_mode="L"), r"takes no convert_mode here\. .* in RGB"),
        (lambda at: ImageList.from_folder(".", extensions=[]), r"from_folder\(\) takes no extensions here"),
        (lambda at: at["items"].databunch(size=64), r"databunch\(\) takes no size here\. .*transform\("),
        (lambda at: ImageDataBunch.from_lists("."), r"from_lists\(\) needs fnames"),
        (lambda at: ImageDataBunch.from_name_re(".", [], "["), r"\"?'\['\"? is not a regular expression: "),
        (lambda at: ClassificationInterpretation.from_learner(at["learn"], tta=True), r"takes no tta here"),
        (lambda at: ImageCleaner(at["data"].train_ds, [0]), r"ImageCleaner\(\) needs path"),
        (lambda at: FileDeleter(["a.jpg"], batch=3), r"FileDeleter\(\) takes no batch here\. .*batch_size"),
        (lambda at: at["data"].train_ds.itmes, r"Dataset has no itmes\. Did you mean items\?"),
        (lambda at: at["data"].valid_ds.x.itmes, r"Pictures has no itmes\. Did you mean items\?"),
        (lambda at: at["data"].x[Path("a.jpg")], r"by their numbers, not by a PosixPath\. "),
        (lambda at: at["data"].x[["a.jpg"]], r"by their numbers, not by a list\. .*top_losses"),
        (lambda at: at["learn"].predict(at["data"].x[0:2]), r"for one picture, not for a list\. "),
        (lambda at: at["learn"].summary(), r"no summary\. Print today's learner"),
        (lambda at: at["learn"].model, r"no model\. .*Print learn\.learner"),
        (lambda at: at["learn"].model_dir, r"no model_dir\. .*data\.path"),
        (lambda at: at["items"].label_from_func(str), r"ImageList has no label_from_func\. .*from_name_re"),
        (lambda at: defaults.lr, r"only device, and not lr\..*learn\.fit_one_cycle\(4, max_lr=3e-3\)"),
        (lambda at: setattr(defaults, "cmap", "gray"), r"only device, and not cmap\."),
        (
            lambda at: cnn_learner(at["data"], models.lite0, callback_fns=[]),
            r"cnn_learner\(\) takes no callback_fns here\. .*no callbacks",
        ),
        (lambda at: at["learn"].lr_find(num_it=10), r"takes no num_it here\. It takes start_lr, end_lr"),
        (lambda at: at["learn"].fit_one_cycle(1, lr=1), r"takes no lr here\. Did you mean max_lr\?"),
        (lambda at: cnn_learner(at["data"], models.lite0, metric=1), r"Did you mean metrics\?"),
        (lambda at: cnn_learner(at["data"], models.lite0, size=64), r"belongs to the data: .*size="),
        (lambda at: cnn_learner(at["data"]), r"cnn_learner\(\) needs arch\. doc\("),
        (lambda at: at["learn"].fit_one_cycel(1), r"no fit_one_cycel\. Did you mean fit_one_cycle\?"),
        (
            lambda at: at["learn"].recorder.plot_loses(),
            r"Recorder has no plot_loses\. Did you mean plot_losses",
        ),
        (lambda at: at["learn"].recorder.plot_losses(skip_start=2), r"takes no skip_start here\."),
        (lambda at: download_images("urls.txt", "black", max_pic=3), r"Did you mean max_pics\?"),
        (lambda at: at["data"].show_bacth(), r"ImageDataBunch has no show_bacth\. Did you mean show_batch\?"),
        (lambda at: at["data"].show_batch(rows=-1), r"rows can't be -1\. .*rows=3"),
        (lambda at: at["data"].one_batch(), r"no one_batch\. Whatsit makes the batches itself"),
        (
            lambda at: setattr(at["learn"], "data", at["data"]),
            r"A learner keeps its data\. .*cnn_learner\(data, models\.lite0\)",
        ),
    ],
)
def test_the_reason_is_named(
    ask: Callable[[dict[str, Any]], object], sentence: str, names: dict[str, Any]
) -> None:
    with pytest.raises(WhatsitError, match=sentence):
        ask(names)


def test_settings_of_the_data_are_known_by_their_names() -> None:
    assert [one.name for one in fields(Settings)] == list(OF_DATA)


def test_other_names_are_python_s_own_errors(names: dict[str, Any], bears: Path) -> None:
    for one in (*names.values(), open_image(bears / "black" / "00000000.jpg")):
        assert not hasattr(one, "nonsense")
        assert copy.copy(one) is not one
    with pytest.raises(AttributeError, match="'Learner' object has no attribute 'nonsense'"):
        names["learn"].nonsense  # noqa: B018


def test_names_of_the_first_versions_and_lengths_are_there(names: dict[str, Any], bears: Path) -> None:
    items = ImageItemList.from_folder(bears)
    data = items.random_split_by_pct(0.25, seed=1).label_from_folder().transform(size=64).databunch()
    assert (len(items), len(data.train_ds) + len(data.valid_ds)) == (24, 24)
    figure = data.show_batch(rows=2, ds_type=DatasetType.Valid)
    assert figure is not None
    assert len(figure.axes) == 4
