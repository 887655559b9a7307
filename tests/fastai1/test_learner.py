"""The lesson's learner: what it prints, saves, loads and answers."""

import errno
import math
import re
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import timm
import torch
from torchvision import models as torchvision_models

from tests.conftest import rendered
from tests.pictures import contents
from whatsit.errors import BackboneError, DivergedError, WhatsitError
from whatsit.fastai1 import (
    DatasetType,
    ImageDataBunch,
    ImageList,
    Learner,
    accuracy,
    cnn_learner,
    create_cnn,
    defaults,
    error_rate,
    fastai,
    get_transforms,
    imagenet_stats,
    load_learner,
    models,
    np,
    open_image,
)
from whatsit.figures import Plot
from whatsit.finetune import timm_backbones
from whatsit.project import files as project_files

SIZE = 64
ROW = re.compile(r"\d {6}\d\.\d{6} {4}\d\.\d{6} {4}\d\.\d{6} {4}\(00:\d\d\)")


def data_of(folder: Path, **settings: object) -> ImageDataBunch:
    np.random.seed(42)
    given = {"ds_tfms": get_transforms(do_flip=False), "size": SIZE, **settings}
    return ImageDataBunch.from_folder(folder, train=".", valid_pct=0.2, **given).normalize(imagenet_stats)


def classes_of(folder: Path, classes: str = "017", size: int = SIZE) -> ImageDataBunch:
    return ImageDataBunch.single_from_classes(folder, list(classes), tfms=get_transforms(), size=size)


@pytest.fixture
def learn(digits: Path, cache: Path) -> Learner:
    return create_cnn(data_of(digits), models.lite0, metrics=error_rate)


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with random weights of a small network."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    torch.save(timm.create_model("resnet10t").state_dict(), folder / "resnet10t.pth")
    return folder


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_training_prints_the_lessons_table(learn: Learner, capsys: pytest.CaptureFixture[str]) -> None:
    learn.fit_one_cycle(4)
    header, *rows, total = printed(capsys)
    assert header == "epoch  train_loss  valid_loss  error_rate"
    assert [row.split()[0] for row in rows] == ["1", "2", "3", "4"]
    assert all(map(ROW.fullmatch, rows)), rows
    assert re.fullmatch(r"Total time: 00:\d\d", total)
    assert [row.split()[3] for row in rows] == [f"{epoch.error_rate:.6f}" for epoch in learn.learner.history]
    learn.fit(1, 1e-4)
    assert printed(capsys)[1].startswith("1      "), "each training counts its own epochs"


def test_columns_are_the_metrics_in_their_order(
    digits: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def entropy(preds: torch.Tensor, targs: torch.Tensor) -> torch.Tensor:
        return -preds.gather(1, targs[:, None]).mean()

    learn = cnn_learner(data_of(digits), models.lite0, metrics=[accuracy, partial(entropy), error_rate])
    learn.fit_one_cycle(1)
    header, row, _ = printed(capsys)
    assert header.split()[3:] == ["accuracy", "entropy", "error_rate"]
    _, _, valid_loss, right, mean, wrong, _ = row.split()
    assert math.isclose(float(right), 1 - float(wrong), abs_tol=1e-6)
    assert math.isclose(float(mean), float(valid_loss), abs_tol=1e-4), "preds are logarithms of probabilities"
    cnn_learner(data_of(digits), models.lite0).fit_one_cycle(1)
    assert printed(capsys)[0] == "epoch  train_loss  valid_loss"


def test_metric_that_fails_is_named(digits: Path, cache: Path) -> None:
    def broken(preds: torch.Tensor, targs: torch.Tensor) -> float:
        raise ValueError("no such thing")

    with pytest.raises(
        WhatsitError, match=r"The metric broken failed: ValueError: no such thing. It gets preds"
    ):
        create_cnn(data_of(digits), models.lite0, metrics=broken).fit_one_cycle(1)
    with pytest.raises(WhatsitError, match="'accuracy' is not a metric"):
        create_cnn(data_of(digits), models.lite0, metrics="accuracy")


def test_metrics_are_short_and_right() -> None:
    preds, targs = torch.tensor([[0.1, 0.9], [0.8, 0.2], [0.6, 0.4]]), torch.tensor([1, 1, 0])
    assert accuracy(preds, targs) == torch.tensor(2 / 3)
    assert error_rate(preds, targs) == 1 - torch.tensor(2 / 3)


def test_rate_that_is_too_high_prints_its_row_and_is_judged(
    digits: Path, cache: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learn = create_cnn(data_of(digits, bs=8), models.lite0, metrics=error_rate)
    learn.fit_one_cycle(1, max_lr=0.5)
    _, row, _ = printed(capsys)
    assert float(row.split()[2]) > 3, "the lesson's loss explodes too"
    assert [finding.sign for finding in learn.diagnose().findings][:1] == ["lr_too_high"]


def test_rate_that_is_too_low_is_slower(digits: Path, cache: Path) -> None:
    low, usual = (create_cnn(data_of(digits), models.lite0, metrics=error_rate) for _ in range(2))
    low.fit_one_cycle(5, max_lr=1e-5)
    usual.fit_one_cycle(5)
    assert low.recorder.val_losses[-1] > 2 * usual.recorder.val_losses[-1]
    assert low.recorder.metrics[-1] > usual.recorder.metrics[-1]


def test_rates_are_spread_over_the_layers(learn: Learner, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[float]] = []
    monkeypatch.setattr("whatsit.training.fitting._train", lambda *given: seen.append(given[-1][1].lrs))
    learn.unfreeze()
    for rate in (2e-3, slice(1e-6, 1e-4), slice(1e-3)):
        with pytest.raises(WhatsitError):  # nothing was trained
            learn.fit_one_cycle(1, rate)
    assert np.allclose(seen, [[2e-3, 2e-3, 2e-3], [1e-6, 1e-5, 1e-4], [1e-4, 1e-4, 1e-3]])


def test_finder_prints_the_lessons_sentence_and_keeps_to_its_range(
    learn: Learner, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(WhatsitError, match=r"Run learn\.lr_find"):
        learn.recorder.plot()
    learn.lr_find(start_lr=1e-5, end_lr=1e-2)
    assert printed(capsys) == ["LR Finder complete, type {learner_name}.recorder.plot() to see the graph."]
    found = learn.recorder.finder
    assert found is not None
    assert (found.lrs[0], max(found.lrs)) == (1e-5, pytest.approx(1e-2, rel=0.1))
    assert isinstance(learn.recorder.plot(suggestion=True), Plot)
    assert printed(capsys)[0] == f"Min numerical gradient: {learn.recorder.min_grad_lr:.2E}"
    with pytest.raises(WhatsitError, match=r"can't grow from 0\.1 to 0\.001"):
        learn.lr_find(0.1, 0.001)


def test_recorder_knows_the_last_training(learn: Learner) -> None:
    with pytest.raises(WhatsitError):
        learn.recorder.plot_losses()
    learn.fit_one_cycle(2)
    learn.fit_one_cycle(3, 1e-3)
    recorder = learn.recorder
    assert len(recorder.val_losses) == len(recorder.metrics) == 3
    assert len(recorder.losses) == len(recorder.lrs) == len(recorder.moms) == 3 * 3
    assert max(recorder.lrs) == pytest.approx(1e-3, rel=0.2)
    figures = recorder.plot_losses(), recorder.plot_lr(show_moms=True), recorder.plot_metrics()
    assert all(isinstance(figure, Plot) for figure in figures)
    drawn = figures[0].axes[0].lines  # type: ignore[union-attr]
    assert [len(line.get_xdata()) for line in drawn] == [9, 3]
    assert list(drawn[1].get_xdata()) == [3, 6, 9], "after each epoch"


@pytest.fixture(scope="module")
def deep(all_digits: Path, tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Learner:
    """A learner all of whose layers were trained, saved as stage-2."""
    folder = tmp_path_factory.mktemp("deep")
    for label in "017":
        shutil.copytree(all_digits / label, folder / label, ignore=lambda _, names: sorted(names)[15:])
    data = data_of(folder, bs=24)
    learn = create_cnn(data, models.resnet10t, metrics=error_rate, pretrained=False, ps=0, wd=0)
    learn.fit_one_cycle(1)
    learn.save("stage-2")
    return learn


def test_random_weights_train_all_layers(deep: Learner) -> None:
    assert deep.learner.is_fine_tuned
    fit = deep.learner._state.fits[-1]
    assert (fit["bs"], fit["wd"]) == (24, 0)
    assert fit["group_lrs"] == pytest.approx([3e-4, 3e-4, 3e-3])


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], None]:
    """Go to a machine without network, weights and caches."""

    def refuse(*_: object) -> None:
        raise ConnectionError("no network here")

    def go() -> None:
        monkeypatch.setenv("WHATSIT_CACHE", str(tmp_path / "another cache"))
        monkeypatch.delenv("WHATSIT_WEIGHTS", raising=False)
        monkeypatch.setattr(timm_backbones, "_require_hub", refuse)

    return go


def test_saved_learner_answers_elsewhere(
    digits: Path,
    cache: Path,
    weights: Path,
    monkeypatch: pytest.MonkeyPatch,
    elsewhere: Callable[[], None],
) -> None:
    monkeypatch.setenv("WHATSIT_WEIGHTS", str(weights))
    learn = create_cnn(data_of(digits), models.resnet10t, metrics=error_rate)
    img = open_image(sorted((digits / "7").iterdir())[0])
    expected = {}
    for name in ("stage-1", "stage-2"):
        learn.fit_one_cycle(1, slice(1e-5, 1e-3))
        learn.save(name)
        expected[name] = learn.predict(img)
        learn.unfreeze()
    assert not torch.allclose(expected["stage-1"][2], expected["stage-2"][2])
    elsewhere()
    for name, (category, index, probabilities) in expected.items():
        loaded = create_cnn(classes_of(digits), models.resnet10t).load(name)
        pred_class, pred_idx, outputs = loaded.predict(img)
        assert torch.allclose(outputs, probabilities, atol=1e-6)
        assert outputs.sum() == pytest.approx(1)
        assert (str(pred_class), pred_idx) == (str(category), index)
        assert loaded.data.classes[pred_idx] == str(pred_class)
        assert int(pred_class) == int(pred_idx) == outputs.argmax()


def test_what_was_saved_is_only_loaded_where_it_belongs(learn: Learner, digits: Path) -> None:
    learn.fit_one_cycle(1)
    learn.save("stage-1")
    for data, arch, sentence in (
        (
            classes_of(digits, "071"),
            models.lite0,
            r"the same classes in another order\. .*\['0', '1', '7'\]",
        ),
        (classes_of(digits, "018"), models.lite0, "differs from this learner in its classes: 0, 1, 7"),
        (
            classes_of(digits, size=96),
            models.lite0,
            r"with size=64, and the data have size=96\. Make the data",
        ),
        (classes_of(digits), models.resnet34, "lite0 instead of resnet34"),
    ):
        with pytest.raises(WhatsitError, match=sentence):
            create_cnn(data, arch).load("stage-1")
    only = create_cnn(classes_of(digits), models.lite0)
    with pytest.raises(WhatsitError, match=r'no checkpoint "stage-2".*checkpoints there: stage-1'):
        only.load("stage-2")
    with pytest.raises(WhatsitError, match=r"This learner has no weights yet\. Load"):
        only.predict(open_image(digits / "0" / sorted((digits / "0").iterdir())[0].name))
    for work in (only.fit_one_cycle, only.fit):
        with pytest.raises(WhatsitError, match=r"but no pictures. To train, make data"):
            work(1)


@pytest.mark.parametrize("part", [".whatsit.stage-1", ".json"])
def test_model_that_can_not_be_saved_leaves_the_one_before(
    learn: Learner, digits: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    learn.fit_one_cycle(1)
    learn.save("stage-1")
    img = open_image(sorted((digits / "7").iterdir())[0])
    before = learn.predict(img)[2]
    folder = digits / ".whatsit" / "checkpoints"
    kept = contents(folder)
    learn.fit_one_cycle(1)
    written = project_files.tempfile.mkstemp

    def full(dir: Path, prefix: str) -> tuple[int, str]:
        files = len(list(folder.glob(".whatsit.*")))
        if files == [".whatsit.stage-1", ".safetensors", ".json"].index(part):
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(dir=dir, prefix=prefix)

    monkeypatch.setattr(project_files.tempfile, "mkstemp", full)
    with pytest.raises(WhatsitError, match="No space left"):
        learn.save("stage-1")
    assert contents(folder) == kept
    loaded = create_cnn(classes_of(digits), models.lite0).load("stage-1")
    assert torch.allclose(loaded.predict(img)[2], before, atol=1e-6)
    with pytest.raises(WhatsitError, match="since it was made or loaded"):
        create_cnn(data_of(digits), models.lite0).load(Path("stage-1")).recorder.plot_losses()


def test_diverged_training_is_saved_and_answers_nothing(learn: Learner, digits: Path) -> None:
    learn.fit_one_cycle(1)
    learn.save("stage-1")
    learn.learner._state.layers.head.weight[:] = np.nan
    learn.save("stage-1")
    with pytest.raises(DivergedError):
        learn.predict(digits / "0" / sorted((digits / "0").iterdir())[0].name)
    with pytest.raises(WhatsitError, match="can't answer: nothing was trained, or the training diverged"):
        create_cnn(classes_of(digits), models.lite0).load("stage-1")


def test_untrained_learner_is_saved_and_loaded(learn: Learner, digits: Path) -> None:
    learn.save("stage-0")
    with pytest.raises(WhatsitError, match=r"Train and save again.*use a lower"):
        create_cnn(classes_of(digits), models.lite0).load("stage-0")
    learn.load("stage-0").fit_one_cycle(1)
    assert len(learn.recorder.val_losses) == 1


def test_training_goes_on_from_what_was_saved(learn: Learner, digits: Path) -> None:
    learn.fit_one_cycle(2)
    learn.save("stage-1")
    before = learn.get_preds()
    learn.fit_one_cycle(1)
    again = create_cnn(data_of(digits), models.lite0, metrics=error_rate).load("stage-1")
    preds, targs = again.get_preds(DatasetType.Valid)
    assert torch.allclose(preds, before[0])
    assert preds.shape == (len(again.data.valid_ds), 3)
    assert targs.tolist() == [int(label) for label in again.data.valid_ds.y]
    again.fit_one_cycle(1)
    assert len(again.recorder.val_losses) == 1


def test_data_without_validation_pictures_answer(deep: Learner) -> None:
    list_of_all = ImageList.from_folder(deep.data.path).split_none().label_from_folder()
    data = list_of_all.transform(get_transforms(), size=SIZE).databunch()
    clean = cnn_learner(data, models.resnet10t, metrics=error_rate, pretrained=False).load("stage-2")
    preds, _ = clean.get_preds(DatasetType.Train)
    assert len(preds) == len(clean.learner.interpret("train")) == 45
    with pytest.raises(WhatsitError, match="have no validation pictures"):
        clean.fit_one_cycle(1)


def test_export_is_a_bundle_by_either_name(
    learn: Learner, digits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learn.fit_one_cycle(2)
    learn.export()
    img = open_image(rendered_into(digits))
    first = load_learner(digits).predict(img)
    assert torch.equal(first[2], learn.predict(img)[2])
    assert load_learner(digits).data.classes == ["0", "1", "7"]
    capsys.readouterr()
    learn.export("bears.pkl")
    assert "bears.whatsit: it holds no code" in capsys.readouterr().out
    assert not (digits / "bears.pkl").exists()
    assert torch.equal(load_learner(digits, "bears.pkl").predict(img)[2], first[2])


def rendered_into(folder: Path) -> Path:
    rendered(1).save(folder.parent / "other.png")
    return folder.parent / "other.png"


def test_export_is_named_by_its_whole_path_too(learn: Learner, digits: Path) -> None:
    learn.fit_one_cycle(1)
    learn.export()
    loaded = load_learner(digits / "export.whatsit")
    assert loaded.data.path == digits
    for given in (digits / "0", digits / "0" / "export.whatsit"):
        with pytest.raises(WhatsitError, match=r"There is no export\.whatsit in .*learn\.export\(\)"):
            load_learner(given)
    with pytest.raises(WhatsitError, match=r"There is no other\.pkl in "):
        load_learner(digits, "other.pkl")
    with pytest.raises(WhatsitError, match=r"The folder nowhere does not exist\. .*learn\.export\(\)"):
        load_learner("nowhere")


def test_pickle_is_refused_with_the_reason(learn: Learner, digits: Path) -> None:
    for name in ("export.pkl", "o.pickle", "model.pkl"):
        (digits / name).write_bytes(b"\x80\x04.")
    learn.fit_one_cycle(1)
    learn.export("model.whatsit")
    for given in ((digits,), (digits, "export.pkl"), (digits, "o.pickle"), (digits, "model.pkl")):
        with pytest.raises(WhatsitError, match=r" is a pickle of fastai.*learn.export"):
            load_learner(*given)
    (digits / "models").mkdir()
    (digits / "models" / "stage-2.pth").write_bytes(b"\x80\x04.")
    for one in (learn, create_cnn(classes_of(digits), models.lite0)):
        with pytest.raises(WhatsitError, match=r"stage-2\.pth is a pickle of fastai"):
            one.load("stage-2")


def test_weights_that_can_not_be_fetched_are_advised_for_notebooks(
    digits: Path, elsewhere: Callable[[], None]
) -> None:
    elsewhere()
    with pytest.raises(BackboneError) as failed:
        create_cnn(data_of(digits), models.resnet34, metrics=error_rate)
    for way in (
        "resnet34.safetensors",
        "resnet34.pth",
        "WHATSIT_WEIGHTS",
        "models.lite0",
        "pretrained=False",
    ):
        assert way in str(failed.value)
    assert "--" not in str(failed.value), "options of the command are of no use here"


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ("nowhere", r"nowhere, which WHATSIT_WEIGHTS names, does not exist\. Correct its path"),
        (".", r"which WHATSIT_WEIGHTS names, has no file resnet34\.safetensors or resnet34\.pth\. Put that"),
    ],
)
def test_a_folder_of_weights_that_has_none_is_named(
    digits: Path,
    elsewhere: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    sentence: str,
) -> None:
    elsewhere()
    monkeypatch.setenv("WHATSIT_WEIGHTS", str(digits / folder))
    with pytest.raises(BackboneError, match=sentence):
        create_cnn(data_of(digits), models.resnet34, metrics=error_rate)


def test_architectures_have_the_names_of_timm() -> None:
    assert models.resnet34.name == "resnet34"
    assert models.convnext_atto.name == "convnext_atto"
    assert models.name_of(torchvision_models.resnet50) == "resnet50"
    with pytest.raises(BackboneError, match=r'no backbone "resnet32"\. Did you mean .*resnet34'):
        _ = models.resnet32
    assert not hasattr(models, "resnet32")


def test_device_of_new_learners_is_the_default_one(
    digits: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(defaults, "device", defaults.device)
    fastai.defaults.device = torch.device("cpu")
    learn = create_cnn(data_of(digits), models.lite0)
    assert learn.learner._state.config.device == "cpu"
    defaults.device = "gpu"
    with pytest.raises(WhatsitError, match=r"defaults\.device can't be 'gpu'.*torch\.device\('cpu'\)"):
        create_cnn(data_of(digits), models.lite0)
    defaults.device = "mps"
    with pytest.raises(WhatsitError, match="device"):
        create_cnn(data_of(digits), models.lite0)
