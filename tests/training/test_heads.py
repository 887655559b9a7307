"""Heads in NumPy, which are PyTorch's step for step, and the loop that trains anything."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.functional import cross_entropy

from tests.conftest import campaign
from whatsit.config import LR
from whatsit.errors import WeightsError
from whatsit.labeled import Labeled
from whatsit.training import loop
from whatsit.training.batches import FeatureBatches, sample
from whatsit.training.folds import stratified_folds
from whatsit.training.heads import Heads
from whatsit.training.schedules import OneCycle

WIDTH, CLASSES, BATCH = 24, 4, 12


def batch(heads: int, seed: int) -> Labeled:
    rng = np.random.default_rng(seed)
    features = 3 * rng.standard_normal((heads, BATCH, WIDTH)) + 1
    return Labeled(features.astype(np.float32), rng.integers(CLASSES, size=(heads, BATCH)))


def in_torch(heads: Heads, number: int) -> tuple[nn.BatchNorm1d, nn.Linear]:
    norm, linear = nn.BatchNorm1d(WIDTH), nn.Linear(WIDTH, CLASSES)
    weights = {name: torch.from_numpy(array) for name, array in heads.weights(number).items()}
    for part, module in (("norm.", norm), ("linear.", linear)):
        own = {name.removeprefix(part): tensor for name, tensor in weights.items() if name.startswith(part)}
        module.load_state_dict(own, strict=False)
    return norm, linear


@pytest.mark.parametrize("class_weights", [None, np.float32([0.5, 2, 1, 0.25])])
def test_each_step_is_that_of_pytorch(class_weights: np.ndarray | None) -> None:
    heads = Heads(WIDTH, CLASSES, [0, 7])
    heads.begin(0.5, class_weights)
    peers = [in_torch(heads, number) for number in range(2)]
    optimizers = [
        torch.optim.AdamW([*norm.parameters(), *linear.parameters()], weight_decay=0.5, betas=(0.9, 0.99))
        for norm, linear in peers
    ]
    counted = None if class_weights is None else torch.from_numpy(class_weights)
    for number in range(30):
        some, lr = batch(2, number), LR * (1 + number % 5)
        with heads.in_training(np.random.default_rng(0)):
            loss = heads.step(some, [lr], 0.9)
        plain = []
        for (norm, linear), optimizer, x, y in zip(peers, optimizers, some.inputs, some.labels, strict=True):
            optimizer.param_groups[0]["lr"] = lr
            logits, labels = linear(norm(torch.from_numpy(x))), torch.from_numpy(y)
            optimizer.zero_grad()
            cross_entropy(logits, labels, counted).backward()
            optimizer.step()
            plain.append(cross_entropy(logits, labels).item())
        assert loss == pytest.approx(np.mean(plain), abs=1e-5)
    for number, (norm, linear) in enumerate(peers):
        own = heads.weights(number)
        for name, tensor in [*norm.named_parameters("norm"), *linear.named_parameters("linear")]:
            np.testing.assert_allclose(own[name], tensor.detach().numpy(), atol=1e-5)
        np.testing.assert_allclose(own["norm.running_var"], norm.running_var, rtol=1e-4)
        x = batch(1, 99).inputs[0]
        with torch.no_grad():
            answers = linear(norm.eval()(torch.from_numpy(x)))
        np.testing.assert_allclose(heads.logits(x, number), answers, atol=1e-4)


def test_gradients_with_dropout_are_those_of_small_differences() -> None:
    """In double precision, with the same features left out each time."""
    heads = Heads(WIDTH, CLASSES, [3], ps=0.4)
    heads._parameters += np.random.default_rng(1).normal(0, 0.1, heads._parameters.shape).astype(np.float32)
    some, kept = batch(1, 5), heads.copy()

    def loss(changed: int | None = None, by: float = 0.0) -> float:
        one = kept.copy()
        if changed is not None:
            one._parameters[0, changed] += by
        with one.in_training(np.random.default_rng(8)):
            return one.step(some, [0.0], 0.9)

    with heads.in_training(np.random.default_rng(8)):
        seen: list[np.ndarray] = []
        heads._adamw = lambda *_: seen.append(heads._gradients.copy())  # type: ignore[method-assign]
        heads.step(some, [0.0], 0.9)
    for place in range(0, heads._parameters.shape[1], 7):
        numeric = (loss(place, 1e-2) - loss(place, -1e-2)) / 2e-2
        assert seen[0][0, place] == pytest.approx(numeric, abs=2e-3)


def test_dropout_leaves_out_its_share_and_nothing_at_prediction() -> None:
    heads = Heads(1000, CLASSES, [0], ps=0.25)
    kept = heads._dropout((1, 50, 1000))
    assert kept is not None
    assert (kept == 0).mean() == pytest.approx(0.25, abs=0.01)
    assert kept.mean() == pytest.approx(1, abs=0.01)
    features = np.ones((2, 1000), np.float32)
    assert np.array_equal(heads.logits(features), heads.logits(features))


class Cut:
    """Ends a training after some epochs, and keeps its state."""

    def __init__(self, epochs: int) -> None:
        self.epochs, self.state = epochs, dict[str, np.ndarray]()

    def __call__(self, training: loop.Training) -> bool:
        self.state = dict(training.model.state())
        return training.epochs == self.epochs


@campaign(200)
@given(st.integers(1, 6), st.integers(0, 99), st.sampled_from([0.0, 0.3]), st.integers(1, 3))
def test_training_that_was_stopped_ends_bit_for_bit_as_one_that_was_not(
    stop: int, seed: int, ps: float, count: int
) -> None:
    rng = np.random.default_rng(seed)
    features, labels = rng.standard_normal((40, WIDTH)).astype(np.float32), rng.integers(CLASSES, size=40)
    batches = FeatureBatches(features, labels, 8, [rng.permutation(40)[:30] for _ in range(count)])
    plan = loop.Plan(7, OneCycle(7 * batches.steps), [LR], seed)

    def fresh() -> Heads:
        heads = Heads(WIDTH, CLASSES, range(count), ps)
        heads.begin()
        return heads

    whole, stopped, resumed, cut = fresh(), fresh(), fresh(), Cut(stop)
    loop.fit(whole, batches, plan)
    loop.fit(stopped, batches, plan, [cut])
    resumed.load_state(cut.state)
    loop.fit(resumed, batches, plan, epochs_done=stop)
    states = zip(whole.state().values(), resumed.state().values(), strict=True)
    assert all(np.array_equal(one, other) for one, other in states)


def test_hooks_see_each_batch_and_end_the_training() -> None:
    class Counting:
        """Anything with these three verbs can be trained."""

        def in_training(self, noise: np.random.Generator) -> object:
            return torch.no_grad()

        def step(self, batch: Labeled, lrs: list[float], momentum: float) -> float:
            return float(batch.inputs.sum())

        def state(self) -> dict[str, np.ndarray]:
            return {}

    class Two:
        steps = 2

        def epoch(self, order: np.random.Generator) -> Iterator[Labeled]:
            for number in range(2):
                yield Labeled(np.array([number]), np.array([0]))

    seen: list[tuple[object, ...]] = []

    def look(training: loop.Training) -> bool:
        seen.append((training.epochs, training.losses, list(training.lrs), list(training.moms)))
        return training.epochs == 2

    schedule = OneCycle(6)
    loop.fit(Counting(), Two(), loop.Plan(3, schedule, [0.1, 1.0], 0), [look])  # type: ignore[arg-type]
    assert [row[:2] for row in seen] == [(1, [0.0, 1.0]), (2, [0.0, 1.0])]
    assert seen[1][2:] == ([schedule.at(2)[0], schedule.at(3)[0]], [schedule.at(2)[1], schedule.at(3)[1]])


@pytest.mark.parametrize("steps", [np.array([1, 2]), np.array(np.nan), np.array(-1), np.array(1.5)])
def test_odd_number_of_steps_is_refused(steps: np.ndarray) -> None:
    heads = Heads(WIDTH, CLASSES, [0])
    with pytest.raises(WeightsError):
        heads.load_state({**heads.state(), "steps": steps})


def test_settled_statistics_are_those_of_all_features(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("whatsit.training.heads.CHUNK", 7)
    features, heads = batch(1, 0).inputs[0], Heads(WIDTH, CLASSES, [0])
    heads.settle(features)
    np.testing.assert_allclose(heads.mean[0], features.mean(0), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(heads.var[0], features.var(0, ddof=1), rtol=1e-4)


def test_weights_of_another_head_are_refused() -> None:
    heads = Heads(WIDTH, CLASSES, [0])
    for other in (Heads(WIDTH, 3, [0]).weights(), {}, {**heads.weights(), "more": np.zeros(1)}):
        with pytest.raises(WeightsError):
            heads.load_weights(other)
    with pytest.raises(WeightsError):
        heads.load_state(Heads(WIDTH, CLASSES, [0, 1]).state())


@campaign(400)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 30)), min_size=1, max_size=80), st.integers(2, 5))
def test_folds_part_no_group_and_share_each_class_out(pictures: list[tuple[int, int]], count: int) -> None:
    labels, groups = np.array(pictures, np.int64).T
    fold = stratified_folds(labels, groups, count)
    assert set(fold.tolist()) <= set(range(count))
    for group in np.unique(groups):
        assert len(np.unique(fold[groups == group])) == 1
    alone = stratified_folds(labels, np.arange(len(labels)), count)
    for label in np.unique(labels):
        own = np.bincount(alone[labels == label], minlength=count)
        assert own.max() - own.min() <= 1
    whole = np.bincount(alone, minlength=count)
    assert whole.max() - whole.min() <= 1


def test_sample_takes_a_share_of_each_class_and_one_at_least() -> None:
    labels = np.array([0] * 40 + [1] * 3 + [4])
    places = sample(labels, 0.25, seed=1)
    assert np.bincount(labels[places]).tolist() == [10, 1, 0, 0, 1]
    assert len(set(places.tolist())) == len(places)
    assert not np.array_equal(places, sample(labels, 0.25, seed=2))
