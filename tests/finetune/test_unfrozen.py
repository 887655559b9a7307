"""The body learns too: what changes, what stays, what is kept, and that the bundle says the same."""

import json
import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import nn

import whatsit as wi
from tests.conftest import SMALL, Run
from tests.listening import on_lines
from whatsit.errors import CatalogError, WhatsitError
from whatsit.events import emitting, nowhere
from whatsit.finetune.optimizer import AdamW
from whatsit.finetune.transforms import transforms
from whatsit.probabilities import softmax
from whatsit.training import automatic, fitting, mirrors, variants
from whatsit.training.pictures import PictureBatches
from whatsit.understand.comparison import Difference, paired

SIZE = 64  # pixels: enough for digits
pytestmark = pytest.mark.usefixtures("small_weights")


def learner_of(folder: Path, backbone: str = SMALL, **options: object) -> wi.Learner:
    return wi.Learner(wi.Catalog.from_folder(folder), backbone, SIZE, precision="fp32", **options)  # type: ignore[arg-type]


def state_of(learner: wi.Learner) -> dict[str, torch.Tensor]:
    assert learner._state.layers.network is not None
    return {name: tensor.clone() for name, tensor in learner._state.layers.network.state_dict().items()}


def test_only_what_is_unfrozen_learns(digits: Path, cache: Path) -> None:
    learner = learner_of(digits)
    learner.fit_one_cycle(2)
    assert learner.is_frozen
    learner.freeze_to(1)
    before = state_of(learner)
    learner.fit_one_cycle(1, slice(1e-4, 1e-3))
    after = state_of(learner)
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert learner._state.layers.network is not None
    early = {f"backbone.{name}" for name in learner._state.layers.network._early}
    assert "backbone.conv_stem.weight" in early
    assert not changed & early
    assert {"backbone.conv_head.weight", "head.linear.weight"} <= changed
    assert not [name for name in changed if "running" in name], "a pretrained body keeps its statistics"
    learner.unfreeze().fit_one_cycle(1, slice(1e-4, 1e-3))
    assert not torch.equal(after["backbone.conv_stem.weight"], state_of(learner)["backbone.conv_stem.weight"])
    assert [len(fit.get("group_lrs", [1])) for fit in learner._state.fits] == [1, 2, 3]
    learner.freeze()
    body = state_of(learner)
    learner.fit_one_cycle(1)
    changed = {name for name, tensor in state_of(learner).items() if not torch.equal(tensor, body[name])}
    assert changed
    assert all(name.startswith("head.") for name in changed)
    with pytest.raises(WhatsitError, match="no layer group 3"):
        learner.freeze_to(3)


def test_bundle_of_an_unfrozen_network_says_what_it_says(digits: Path, cache: Path, tmp_path: Path) -> None:
    learner = learner_of(digits, "lite0")
    learner.fine_tune(2)
    assert learner.is_frozen
    assert learner.is_fine_tuned
    assert learner.freeze_to(1)._state.layers.network is not None
    torch_says = softmax(fitting.validation_logits(learner._state).inputs, learner.model().temperature)
    assert np.allclose(learner.get_preds()[0], torch_says, atol=1e-3)
    assert learner.history.epochs[-1].error_rate == pytest.approx(1 - learner.evaluate().accuracy, abs=0.051)
    learner.export(tmp_path / "digits.whatsit")
    classifier = wi.Classifier(tmp_path / "digits.whatsit")
    answers = classifier.predict([item.path for item in learner.catalog["valid"]])
    assert [answer.label for answer in answers] == [learner.classes[n] for n in torch_says.argmax(1)]
    with pytest.raises(WhatsitError, match="needs a new learner"):
        learner.fine_tune(1)


def test_saving_while_the_body_is_trained_changes_nothing_and_keeps_what_it_is(
    digits: Path, cache: Path
) -> None:
    def trained(saves: bool) -> wi.Learner:
        learner = learner_of(digits)
        learner.fit_one_cycle(2)
        callbacks = [lambda epoch: learner.save(f"after-{epoch.epoch}") and False] if saves else []
        learner.unfreeze().fit_one_cycle(2, slice(1e-4, 1e-3), callbacks=callbacks)
        return learner

    plain, saving = trained(False), trained(True)
    assert [epoch.valid_loss for epoch in plain.history] == [epoch.valid_loss for epoch in saving.history]
    again = learner_of(digits).load("after-4")
    assert again.is_fine_tuned
    assert np.allclose(again.get_preds()[0], plain.get_preds()[0], atol=2e-2)


def test_first_unfrozen_epoch_that_was_interrupted_is_saved_as_it_is(digits: Path, cache: Path) -> None:
    def interrupt(*_: object) -> float:
        raise KeyboardInterrupt

    learner = learner_of(digits)
    learner.fit_one_cycle(2)
    learner.unfreeze()
    learner._state.metrics = {"late": interrupt}
    with pytest.raises(KeyboardInterrupt):
        learner.fit_one_cycle(1, 1e-3)
    assert not any("group_lrs" in fit for fit in learner._state.fits)
    learner.save("cut")
    again = learner_of(digits).load("cut")
    assert again.is_fine_tuned
    assert np.allclose(
        again._calibration.plain().from_features(again._state.data.of("valid").inputs).logits,
        learner._calibration.plain().from_features(learner._state.data.of("valid").inputs).logits,
        atol=1e-5,
    )


@pytest.mark.parametrize("group", [3, -4, "a", 1.5, None])
def test_group_that_there_is_not_leaves_the_learner_frozen(digits: Path, cache: Path, group: object) -> None:
    learner = learner_of(digits)
    with pytest.raises(WhatsitError, match="has no layer group"):
        learner.freeze_to(group)  # type: ignore[arg-type]
    assert learner.is_frozen
    assert learner.freeze_to(2)._state.layers.network is None, "that is how it was made"


def test_stage_that_can_not_be_loaded_leaves_the_learner_as_it_was(digits: Path, cache: Path) -> None:
    learner = learner_of(digits)
    learner.fit_one_cycle(2)
    before, file = learner.get_preds()[0], learner.save("odd").with_suffix(".json")
    record = json.loads(file.read_text())
    for odd in ({"frozen": 2}, {"frozen": 9}, {"fits": [{**record["history"]["fits"][0], "bs": 1}]}):
        file.write_text(json.dumps({**record, "history": {**record["history"], **odd}}))
        with pytest.raises(WhatsitError, match=r"can't be trusted|no layer group"):
            learner.load("odd")
        assert np.array_equal(learner.get_preds()[0], before)
        assert len(learner.history) == 2


def test_same_fine_tuning_gives_the_same_weights(digits: Path, cache: Path) -> None:
    one, other = learner_of(digits), learner_of(digits)
    one.fine_tune(1)
    torch.manual_seed(99)
    other.fine_tune(1)
    again = state_of(other)
    assert all(torch.equal(tensor, again[name]) for name, tensor in state_of(one).items())


def test_trainings_in_threads_do_not_disturb_each_other(digits: Path, cache: Path, tmp_path: Path) -> None:
    folders = [digits, tmp_path / "other"]
    shutil.copytree(digits, folders[1])

    def losses(folder: Path) -> list[float]:
        with emitting(nowhere):
            learner = learner_of(folder, augment="full").unfreeze()
            learner.fit_one_cycle(1, 1e-3)
        return [epoch.train_loss for epoch in learner.history]

    alone = losses(digits)
    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(losses, folders)) == [alone, alone]


def test_lr_find_of_an_unfrozen_network_changes_nothing(digits: Path, cache: Path) -> None:
    learner = learner_of(digits).unfreeze()
    before = state_of(learner)
    found = learner.lr_find(bs=8)
    assert len(found.lrs) > 20
    assert all(torch.equal(tensor, before[name]) for name, tensor in state_of(learner).items())


def test_stage_of_an_unfrozen_network_is_saved_whole(digits: Path, cache: Path) -> None:
    learner = learner_of(digits)
    learner.fine_tune(1)
    learner.save("stage-2")
    other = learner_of(digits).load("stage-2")
    assert np.allclose(other.get_preds()[0], learner.get_preds()[0], atol=1e-6)
    assert other.is_fine_tuned
    for one in (learner, other):
        one.unfreeze().fit_one_cycle(1, slice(1e-5, 1e-4))
    assert np.allclose(other.get_preds()[0], learner.get_preds()[0], atol=1e-6)
    with pytest.raises(WhatsitError, match=f"in its architecture: {SMALL} instead of resnet18"):
        learner_of(digits, "resnet18", pretrained=False).load("stage-2")


def test_going_back_to_a_frozen_stage_takes_the_body_back_too(digits: Path, cache: Path) -> None:
    learner = learner_of(digits)
    learner.fit_one_cycle(2)
    learner.save("stage-1")
    before = learner.get_preds()[0]
    learner.unfreeze().fit_one_cycle(1, 1e-3)
    assert not np.array_equal(learner.get_preds()[0], before)
    learner.load("stage-1")
    assert learner.is_frozen
    assert not learner.is_fine_tuned
    assert np.array_equal(learner.get_preds()[0], before)
    assert mirrors.mirrored(learner._state) is not None


def test_fine_tuning_begins_with_the_head_whatever_was_unfrozen(digits: Path, cache: Path) -> None:
    one, other = learner_of(digits), learner_of(digits).unfreeze()
    for learner in (one, other):
        learner.fine_tune(1)
    assert np.array_equal(one.get_preds()[0], other.get_preds()[0])
    again = variants.fresh(one, 0)
    assert not again.is_fine_tuned
    again.fine_tune(1)
    assert np.array_equal(one.get_preds()[0], again.get_preds()[0])


def test_interrupted_fit_leaves_a_learner_that_answers(digits: Path, cache: Path) -> None:
    def interrupt(epoch: object) -> None:
        raise KeyboardInterrupt

    learner = learner_of(digits)
    learner.fit_one_cycle(1)
    learner.unfreeze()
    with pytest.raises(KeyboardInterrupt):
        learner.fit_one_cycle(3, 1e-4, callbacks=[interrupt])
    assert [fit["epochs"] for fit in learner._state.fits] == [1, 1]
    says = softmax(fitting.validation_logits(learner._state).inputs, learner.model().temperature)
    assert np.allclose(learner.get_preds()[0], says, atol=1e-3)


def test_parameter_without_a_gradient_stays_and_the_others_move() -> None:
    used, unused, last = (nn.Parameter(torch.ones(2)) for _ in range(3))
    optimiser = AdamW([[used, unused, last]], 0.0, 1e-8)
    (used.sum() - last.sum()).backward()  # type: ignore[no-untyped-call]
    optimiser.step([0.1], 0.9)
    assert used[0].item() == pytest.approx(0.9)
    assert unused[0].item() == 1
    assert last[0].item() == pytest.approx(1.1)


def test_single_picture_more_is_chance() -> None:
    plain = {str(n): n != 0 for n in range(100)}
    gain = paired(plain, dict.fromkeys(plain, True))
    assert gain.difference == pytest.approx(0.01)
    assert not gain.difference > gain.chance


def test_random_weights_are_trained_with_all_layers(digits: Path, cache: Path) -> None:
    learner = learner_of(digits, pretrained=False)
    assert not learner.is_frozen
    learner.fit_one_cycle(12, 3e-3)
    assert learner.evaluate().accuracy > 0.7
    assert not variants.fresh(learner, 1).is_frozen
    with pytest.raises(WhatsitError, match="needs pretrained weights"):
        variants.fresh(learner, 1).fine_tune(1)


@pytest.mark.parametrize(
    "name",
    ["resnet18", "resnet26", "mobilenetv3_small_050", "convnext_atto", "vit_tiny_patch16_224"],
)
def test_any_backbone_can_be_unfrozen(name: str, digits: Path, cache: Path, tmp_path: Path) -> None:
    learner = learner_of(digits, name, pretrained=False)
    learner.freeze_to(1)
    assert learner._state.layers.network is not None
    early, late, head = learner._state.layers.network._groups()
    assert early
    assert late
    assert len(head) == 4
    learner.fit_one_cycle(1, slice(1e-4, 1e-3), bs=24)
    says = softmax(fitting.validation_logits(learner._state).inputs, learner.model().temperature)
    assert np.allclose(learner.get_preds()[0], says, atol=2e-3)


def test_better_one_is_kept_and_that_is_said(
    digits: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = learner_of(digits)
    learner.fit_one_cycle(2)
    before = learner.get_preds()[0]
    lines: list[str] = []
    for gain, kept in (
        ((0.1, 0.0, 0.2, 0.05), "the fine-tuned model"),
        ((0.007, -0.02, 0.04, 0.013), "the fine-tuned model"),  # within chance, and still the better guess
        ((0.0, -0.1, 0.1, 0.05), "the fine-tuned model"),
        ((-0.007, -0.04, 0.02, 0.013), "the frozen model"),
    ):
        monkeypatch.setattr(automatic, "paired", lambda *_, gain=gain: Difference(*gain))
        lines.clear()
        with on_lines(lines.append):
            better = automatic.fine_tune(learner, 1)
        is_tuned = kept == "the fine-tuned model"
        assert (better is not learner) == is_tuned
        assert any(f"frozen; keeping {kept}" in line for line in lines)
        flatters = f"up to {100 * automatic.flattery(Difference(*gain)):.1f} points too low"
        assert any(flatters in line for line in lines) == is_tuned
    assert np.array_equal(learner.get_preds()[0], before)


def test_device_that_is_not_there_is_said(digits: Path, cache: Path) -> None:
    with pytest.raises(WhatsitError, match="device can't be 'abacus'"):
        learner_of(digits, device="abacus")
    if not torch.cuda.is_available():
        with pytest.raises(WhatsitError, match=r"no GPU.*--device cpu"):
            learner_of(digits, device="cuda")


def test_picture_that_is_gone_while_the_body_learns_is_named(digits: Path, cache: Path) -> None:
    learner = learner_of(digits)
    learner.unfreeze()
    next(iter(learner.catalog["train"])).path.unlink()
    with pytest.raises(CatalogError, match=r"has changed in the meantime.*no such file"):
        learner.fit_one_cycle(1, 1e-4)


def test_pictures_come_in_order_and_shuffled(digits: Path, cache: Path) -> None:
    learner = learner_of(digits)
    pictures = learner._state.data.pictures("valid", 5)
    seen = [batch for _ in range(2) for batch in pictures.in_order()]
    half = len(seen) // 2
    assert all(np.array_equal(a.inputs, b.inputs) for a, b in zip(seen[:half], seen[half:], strict=True))
    assert np.array_equal(
        np.concatenate([batch.labels for batch in seen[:half]]), learner._state.data.labels("valid")
    )
    shuffled = np.concatenate([batch.labels for batch in pictures.epoch(np.random.default_rng(3))])
    assert sorted(shuffled.tolist()) == sorted(learner._state.data.labels("valid").tolist())
    assert len(pictures.kept) == len(learner.catalog["valid"])
    assert isinstance(pictures, PictureBatches)


def test_mirrored_pictures_are_not_learnt_from_where_that_hurts(
    clothing: Path, cache: Path, tmp_path: Path
) -> None:
    dice = random.Random(1)
    for label in "bd":  # mirrored, each is the other
        (tmp_path / "letters" / label).mkdir(parents=True)
        for number in range(60):
            page = Image.new("RGB", (96, 96), (dice.randrange(160, 256),) * 3)
            font = ImageFont.load_default(dice.randrange(50, 80))
            place = dice.randrange(10, 40), dice.randrange(20)
            ImageDraw.Draw(page).text(place, label, dice.randrange(60), font)
            page.save(tmp_path / "letters" / label / f"{number}.png")
    learner = wi.Learner(wi.Catalog.from_folder(tmp_path / "letters"), size=SIZE)
    assert mirrors.hurt(learner._state), "whatever was trained"
    learner.fit_one_cycle(1)
    lines: list[str] = []
    with on_lines(lines.append):
        automatic.fine_tune(learner, 1)
    assert "recognizes mirrored pictures worse" in lines[0]
    assert learner._state.mirrored is not None
    assert learner._state.mirrored.low > 0.1
    assert fitting.transform(learner.freeze_to(1)._state) is None
    for label in ("hat", "shoes"):
        shutil.copytree(clothing / "validation" / label, tmp_path / "clothes" / label)
    learner = wi.Learner(wi.Catalog.from_folder(tmp_path / "clothes"), size=SIZE)
    learner.fit_one_cycle(8)
    assert fitting.transform(learner.freeze_to(1)._state) is not None
    assert learner._state.mirrored is not None


# --- transforms ---


def batch(count: int = 64) -> torch.Tensor:
    """The same picture many times: dark left, bright right, and a bright top."""
    across = torch.linspace(0, 200, 48).repeat(48, 1)
    picture = torch.stack([across, across.T.flip(0), torch.full((48, 48), 90.0)])
    return picture.repeat(count, 1, 1, 1)


STILL = {"flip": False, "max_rotate": 0.0, "max_zoom": 1.0, "max_lighting": 0.0, "max_warp": 0.0}


def augment(**options: object) -> nn.Module:
    torch.manual_seed(0)
    return transforms(**{**STILL, **options})  # type: ignore[arg-type]


def test_transforms_that_do_nothing_do_nothing() -> None:
    assert torch.equal(augment()(batch(4)), batch(4))
    turned = augment(max_rotate=1e-6)(batch(4))
    assert torch.allclose(turned, batch(4), atol=0.01)


def test_flip_mirrors_every_other_picture() -> None:
    out, old = augment(flip=True)(batch(400)), batch(400)
    is_mirrored = [torch.equal(new, was.flip(2)) for new, was in zip(out, old, strict=True)]
    is_same = [torch.equal(new, was) for new, was in zip(out, old, strict=True)]
    assert all(a != b for a, b in zip(is_mirrored, is_same, strict=True))
    assert 150 < sum(is_mirrored) < 250


def test_flip_vert_shows_all_eight_ways_a_square_can_lie() -> None:
    out = augment(flip=True, flip_vert=True)(batch(200)).round().int()
    assert len({tuple(picture[:, ::12, ::12].flatten().tolist()) for picture in out}) == 8


@pytest.mark.parametrize(
    "options",
    [{"max_rotate": 20.0}, {"max_zoom": 1.5}, {"max_warp": 0.4}, {"max_lighting": 0.4}, {"min_area": 0.4}],
)
def test_every_picture_is_changed_in_its_own_way(options: dict[str, float]) -> None:
    out = augment(p_affine=1.0, p_lighting=1.0, **options)(batch(8))
    assert out.shape == (8, 3, 48, 48)
    assert 0 <= out.min() <= out.max() <= 255
    for n in range(8):
        assert not torch.equal(out[n], batch(1)[0])
        assert not torch.equal(out[n], out[n - 1])
    same = {**options, "p_affine": 0.0, "p_lighting": 0.0, "min_area": 1.0}
    assert torch.allclose(augment(**same)(batch(8)), batch(8), atol=0.01)


def test_zoom_and_crop_stay_inside_the_picture() -> None:
    inside = torch.zeros(200, 3, 48, 48) + torch.arange(48).view(1, 1, 1, 48) * 5
    out = augment(max_zoom=2.0, min_area=0.3, p_affine=1.0)(inside)
    steps = out[:, 0, 24].diff(dim=1)
    assert (steps >= -1e-3).all(), "a reflection would run backwards"


@pytest.mark.parametrize(
    "options", [{"max_zoom": 0.5}, {"p_affine": 2}, {"min_area": 0}, {"max_warp": float("nan")}]
)
def test_transforms_that_make_no_sense_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(WhatsitError, match=f"{next(iter(options))} can't be"):
        transforms(**options)  # type: ignore[arg-type]


def test_whatsit_train_fine_tunes_and_says_what_it_kept(digits: Path, command: Run, tmp_path: Path) -> None:
    run = command("train", digits, "--size", SIZE, "--epochs", 1, "--fine-tune", 1, "--device", "cpu")
    assert run.returncode == 0, run.stderr
    assert "late layers" in run.stdout
    assert "keeping the " in run.stdout
    assert (tmp_path / "digits.whatsit").is_file()


def test_every_training_has_its_header_and_a_wrong_augment_is_told(digits: Path, cache: Path) -> None:
    learner = learner_of(digits)
    lines: list[str] = []
    with on_lines(lines.append):
        for _ in range(2):
            learner.fit_one_cycle(1)
    assert [line.split()[0] for line in lines] == ["epoch", "1", "epoch", "2"]
    with pytest.raises(WhatsitError, match="augment can't be 'strong'"):
        learner_of(digits, augment="strong")
