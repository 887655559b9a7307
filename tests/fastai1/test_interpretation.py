"""What the lesson asks of an interpretation, over today's."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
from PIL import Image as Picture

import whatsit as wi
from tests.conftest import rendered
from tests.listening import on_lines
from tests.pictures import put
from tests.shown import assert_short
from whatsit.fastai1 import (
    ClassificationInterpretation,
    DatasetType,
    ImageDataBunch,
    ImageList,
    Learner,
    create_cnn,
    models,
    torch,
)
from whatsit.fastai1.dataset_formatter import closest
from whatsit.fastai1.widgets import DatasetFormatter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes with wrong labels in two places."""
    folder = tmp_path_factory.mktemp("bears")
    for kind, label in enumerate(("black", "grizzly", "teddys")):
        for n in range(8):
            put(folder / label / f"{n:08}.jpg", rendered(100 * kind + n, (64, 48)))
    (folder / "black" / "00000001.jpg").rename(folder / "teddys" / "wrong.jpg")
    (folder / "grizzly" / "00000002.jpg").rename(folder / "black" / "wrong.jpg")
    return folder


@pytest.fixture(scope="module")
def learn(folder: Path, cache: Path) -> Learner:
    data = ImageDataBunch.from_folder(folder, train=".", valid_pct=0.4, seed=42, size=64)
    learn = create_cnn(data, models.lite0)
    learn.fit_one_cycle(3)
    return learn


def test_top_losses_give_paths_in_their_order_and_only_of_their_own_pictures(learn: Learner) -> None:
    interp = ClassificationInterpretation.from_learner(learn)
    losses, idxs = interp.top_losses()
    ds = learn.data.valid_ds
    assert isinstance(losses, torch.Tensor)
    assert losses.tolist() == sorted(losses.tolist(), reverse=True)
    assert len(losses) == len(idxs) == len(ds)
    assert ds.x[idxs] == [ds.paths[n] for n in idxs.tolist()]
    assert torch.equal(interp.losses[idxs.as_subclass(torch.Tensor)], losses)
    with pytest.raises(wi.WhatsitError, match=r"Write data\.valid_ds\.x\[idxs\]"):
        learn.data.train_ds.x[idxs]
    few, first = interp.top_losses(3)
    assert (few.tolist(), first.tolist()) == (losses[:3].tolist(), idxs[:3].tolist())
    low, _ = interp.top_losses(2, largest=False)
    assert low.tolist() == losses.tolist()[:-3:-1]


def test_a_learner_has_its_interpretation(learn: Learner) -> None:
    interp = learn.interpret(ds_type=DatasetType.Train)
    assert isinstance(interp, ClassificationInterpretation)
    assert interp.dataset is learn.data.train_ds
    assert learn.interpret().dataset is learn.data.valid_ds


def test_confusions_and_figures(learn: Learner) -> None:
    interp = ClassificationInterpretation.from_learner(learn, ds_type=DatasetType.Train)
    matrix = interp.confusion_matrix()
    assert matrix.shape == (3, 3)
    assert matrix.sum() == len(learn.data.train_ds) == len(interp.y_true)
    mistakes = interp.most_confused()
    assert sum(count for *_, count in mistakes) == matrix.sum() - np.trace(matrix)
    assert interp.most_confused(min_val=99) == []
    assert interp.preds.sum(1).tolist() == pytest.approx([1.0] * len(interp.preds))
    figure = interp.plot_top_losses(4, figsize=(7, 8))
    assert tuple(figure.get_size_inches()) == (7, 8)
    figure = interp.plot_confusion_matrix(figsize=(12, 10), dpi=60, title="Bears")
    assert tuple(figure.get_size_inches()) == pytest.approx((7.2, 6))
    assert figure.axes[0].get_title(loc="left") == "Bears"
    assert figure._repr_png_()[:4] == b"\x89PNG"
    assert_short(interp, "train")


def test_a_figure_is_the_current_one_of_pyplot(learn: Learner, tmp_path: Path) -> None:
    draw: list[Callable[[], object]] = [
        learn.data.show_batch,
        learn.recorder.plot_losses,
        ClassificationInterpretation.from_learner(learn).plot_confusion_matrix,
    ]
    for one in draw:
        figure = one()
        assert plt.gcf() is figure
        plt.title("mine")
        plt.savefig(tmp_path / "mine.png")
        with Picture.open(tmp_path / "mine.png") as picture:
            assert len(set(picture.convert("L").tobytes())) > 10
        assert [axis for axis in figure.axes if axis.get_title() == "mine"]
        plt.close()


def test_data_without_validation_pictures_show_their_top_losses(folder: Path, learn: Learner) -> None:
    learn.save("stage-1")
    everything = ImageList.from_folder(folder).split_none().label_from_folder().transform(size=64).databunch()
    again = create_cnn(everything, models.lite0).load("stage-1")
    with pytest.raises(wi.WhatsitError, match="valid"):
        ClassificationInterpretation.from_learner(again)
    ds, idxs = DatasetFormatter().from_toplosses(again, n_imgs=5)
    assert (len(ds), len(idxs)) == (24, 5)
    assert {path.name for path in ds.x[idxs]} >= {"wrong.jpg"}


def test_similar_pictures_come_in_pairs(learn: Learner) -> None:
    ds, idxs = DatasetFormatter.from_similars(learn)
    assert len(idxs) == 2 * len(ds)
    pairs = idxs.reshape(-1, 2)
    assert (pairs[:, 0] != pairs[:, 1]).all()


def test_closest_pairs_are_found_whatever_fits_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    vectors[31] = 2 * vectors[7]
    whole = closest(vectors, 10)
    assert whole[0].tolist() == [31, 7]
    assert len({tuple(pair) for pair in whole.tolist()}) == 10
    monkeypatch.setattr("whatsit.fastai1.dataset_formatter.AT_ONCE", 100)
    assert closest(vectors, 10).tolist() == whole.tolist()


def test_mistakes_name_the_way(learn: Learner) -> None:
    DatasetFormatter().from_similars(learn, [0, 7, 2])  # as fastai 1 named the layers
    with pytest.raises(wi.WhatsitError, match=r"needs a learner, not .*create_cnn"):
        ClassificationInterpretation.from_learner(learn.data)
    for call in (ClassificationInterpretation.from_learner, DatasetFormatter.from_toplosses):
        with pytest.raises(wi.WhatsitError, match=r"'train' is not a kind.*DatasetType\.Train"):
            call(learn, ds_type="train")
    with pytest.raises(wi.WhatsitError, match="is not a kind of pictures"):
        learn.get_preds("valid")
    with pytest.raises(wi.WhatsitError, match=r"min_val can't be 'x'\. .*min_val=2"):
        learn.interpret().most_confused("x")


def test_pictures_that_are_gone_are_counted_once(folder: Path, tmp_path: Path, cache: Path) -> None:
    shutil.copytree(folder, tmp_path / "bears", ignore=lambda *_: [".whatsit"])
    data = ImageDataBunch.from_folder(tmp_path / "bears", train=".", valid_pct=0.4, seed=42, size=64)
    data.train_ds.paths[0].unlink()
    learn, notes = create_cnn(data, models.lite0), list[str]()
    with on_lines(notes.append):
        learn.fit_one_cycle(1)
        learn.fit_one_cycle(1)
    assert [line for line in notes if "left out" in line] == [
        "1 picture left out: deleted since the data were made, or not readable. "
        "Make the data again with ImageDataBunch.from_folder."
    ]


def test_class_without_pictures_is_refused(folder: Path, tmp_path: Path, cache: Path) -> None:
    shutil.copytree(folder, tmp_path / "bears", ignore=lambda *_: [".whatsit"])
    data = ImageDataBunch.from_folder(tmp_path / "bears", train=".", valid_pct=0.4, seed=42, size=64)
    learn, deep = create_cnn(data, models.lite0), create_cnn(data, models.resnet18, pretrained=False)
    shutil.rmtree(tmp_path / "bears" / "black")
    for work, what in (
        (learn.fit_one_cycle, "black: no picture can be read"),
        (deep.fit, "black.* has changed"),
    ):
        with pytest.raises(wi.WhatsitError, match=rf"{what}.*ImageDataBunch\.from_folder, and a new learner"):
            work(1)


def test_deleted_pictures_are_left_out_and_new_data_are_advised(
    folder: Path, tmp_path: Path, cache: Path
) -> None:
    shutil.copytree(folder, tmp_path / "bears", ignore=lambda *_: [".whatsit"])
    data = ImageDataBunch.from_folder(tmp_path / "bears", train=".", valid_pct=0.4, seed=42, size=64)
    data.valid_ds.paths[0].unlink()
    learn = create_cnn(data, models.lite0)
    learn.fit_one_cycle(1)
    notes: list[str] = []
    with on_lines(notes.append):
        ClassificationInterpretation.from_learner(learn)
    assert notes[-1].startswith("1 picture of data.valid_ds left out: deleted since the data were made")
    interp = ClassificationInterpretation.from_learner(learn)
    data.valid_ds.paths[1].unlink()
    figure = interp.plot_top_losses(len(interp.losses), heatmap=True)
    assert figure is not None
    assert sum(bool(axis.images) for axis in figure.axes) == len(interp.losses) - 1
    figure = interp.plot_top_losses(3)
    assert figure is not None
    assert sum(bool(axis.images) for axis in figure.axes) == 3
    data.train_ds.paths[0].unlink()
    learn.unfreeze()
    for work in (partial(learn.fit_one_cycle, 1), learn.lr_find):
        with pytest.raises(wi.WhatsitError, match=r"has changed in the.*ImageDataBunch\.from_folder"):
            work()
