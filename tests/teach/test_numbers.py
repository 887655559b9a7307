"""What the page computes in a browser is what Python computes, to 1e-9."""

import math
from collections.abc import Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from tests.web import opened
from whatsit.labeled import Labeled
from whatsit.teach import Descent, fit_line, fit_polynomial
from whatsit.teach.data import course
from whatsit.teach.models import Linear
from whatsit.training.schedules import OneCycle
from whatsit.understand.clusters import wilson
from whatsit.web import render

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Compute = Callable[..., Any]


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    return course()


@pytest.fixture
def compute(browser: "Browser") -> Iterator[Compute]:
    """Calls a function of whatsit.numbers `n`, and of anything else, in a browser."""
    scripts = ["teach_numbers.js", "teach_pictures.js"]
    with opened(browser, render("base.html", "en", assets=scripts)) as page:
        yield lambda code, *values: page.evaluate(f"(v) => {{ const n = whatsit.numbers; {code} }}", values)


def near(expected: Any, within: float = 1e-9) -> Any:
    return pytest.approx(expected, abs=within, rel=within)


@pytest.mark.parametrize(("momentum", "size"), [(0.9, 100), (0.0, 10), (0.8, 7)])
def test_batches_and_momentum_step_as_pytorch_does(
    compute: Compute, data: dict[str, Any], momentum: float, size: int
) -> None:
    line = data["line"]
    batches, found = compute(
        """const { x, y, start } = v[0], batches = n.minibatches(x.length, v[1], 3, 4);
        return [batches, n.descend(n.line(x, y), start, { lr: 0.05, momentum: v[2], batches })];""",
        line,
        size,
        momentum,
    )
    assert sorted(place for batch in batches for place in batch) == sorted(3 * list(range(100)))
    assert {len(batch) for batch in batches} <= {size, 100 % size}
    x = torch.stack([torch.tensor(line["x"], dtype=torch.float64), torch.ones(100, dtype=torch.float64)], 1)
    y = torch.tensor(line["y"], dtype=torch.float64)
    a = torch.nn.Parameter(torch.tensor(line["start"], dtype=torch.float64))
    optimizer = torch.optim.SGD([a], lr=0.05, momentum=momentum)
    for batch, before in zip([*batches, []], found, strict=True):
        assert before["a"] == near(a.tolist())
        assert before["loss"] == near(float(((x @ a - y) ** 2).mean().detach()))
        if batch:
            optimizer.zero_grad()
            ((x[batch] @ a - y[batch]) ** 2).mean().backward()  # type: ignore[no-untyped-call]
            optimizer.step()
    assert found[-1]["seen"] == 300


@pytest.mark.parametrize("job", ["pair", "head"])
def test_classifiers_are_fitted_as_by_the_loop_of_whatsit_train(
    compute: Compute, data: dict[str, Any], job: str
) -> None:
    wanted = data["pair"] if job == "pair" else data["head"]["plain"]
    losses, accuracy = compute(
        """const { classes, train, valid } = whatsit.rows(v[0], v[1]);
        const head = n.head(train.features, train.labels, classes.length);
        const path = n.descend(head, head.start, v[2]);
        return [path.map((one) => one.loss), head.accuracy(path.at(-1).a, valid.features, valid.labels)];""",
        data,
        job,
        {"lr": wanted["lr"], "steps": wanted["steps"]},
    )
    assert losses == near(wanted["path"])
    assert accuracy == wanted["accuracy"]


def test_head_has_the_gradient_of_cross_entropy_with_weight_decay(compute: Compute) -> None:
    dice = np.random.default_rng(0)
    features, labels, a = dice.normal(size=(7, 4)), dice.integers(0, 3, 7), dice.normal(size=15)
    loss, slope, few = compute(
        "const h = n.head(v[0], v[1], 3, 0.1); return [h.loss(v[2]), h.slope(v[2]), h.slope(v[2], [1, 5])];",
        *(one.tolist() for one in (features, labels, a)),
    )
    for places, found in ((slice(None), slope), ([1, 5], few)):
        weights = torch.tensor(a, requires_grad=True)
        rows = weights.reshape(3, 5)
        logits = torch.tensor(features) @ rows[:, :4].T + rows[:, 4]
        own = torch.nn.functional.cross_entropy(logits[places], torch.tensor(labels)[places])
        whole = own + 0.05 * (rows[:, :4] ** 2).sum()
        whole.backward()  # type: ignore[no-untyped-call]
        assert weights.grad is not None
        assert found == near(weights.grad.tolist())
        if places == slice(None):
            assert loss == near(float(whole))


def test_polynomials_are_those_of_fit_polynomial(compute: Compute) -> None:
    dice = np.random.default_rng(0)
    x, y = np.linspace(-1, 1, 20) + dice.uniform(0, 0.01, 20), dice.normal(size=20)
    for degree, wd in product((0, 1, 3, 15), (0.0, 1e-5, 3e-3, 1.0)):
        values = (x.tolist(), y.tolist(), degree, wd)
        found = compute("return n.polynomialAt(v[0], n.fitPolynomial(v[0], v[1], v[2], v[3]));", *values)
        wanted = fit_polynomial(torch.tensor(x), torch.tensor(y), degree, wd)(torch.tensor(x))
        assert found == near(wanted.tolist()), (degree, wd)


def test_walk_that_diverged_is_found_as_by_python(compute: Compute, data: dict[str, Any]) -> None:
    ways = [*product((0.1, 0.95, 0.99, 0.998, 1.0, 1.002, 1.1, 1.3, 30.0), (8, 30, 100, 300)), (1e200, 1)]
    found = compute(
        """const { x, y, start } = v[0], line = n.line(x, y);
        return v[1].map(([lr, steps]) => {
          const path = n.descend(line, start, { lr, steps });
          return [path.map(({ a, loss }) => [...a, loss]), n.diverged(path, steps)];
        });""",
        data["line"],
        ways,
    )
    for (lr, steps), (path, sign) in zip(ways, found, strict=True):
        rows = torch.tensor([list(map(float, row)) for row in path], dtype=torch.float64)
        finding = Descent(rows[:, :2], rows[:, 2], torch.arange(len(rows)), lr, steps).finding
        assert (finding and finding.message.code) == (sign and f"doctor.line_{sign}"), (lr, steps)
    assert {sign for _, sign in found} == {None, "infinite", "exploded", "swung"}


def test_newton_reaches_in_one_step_what_least_squares_finds(compute: Compute, data: dict[str, Any]) -> None:
    line = data["line"]
    found = compute("const { x, y, start } = v[0]; return n.newton(n.line(x, y), start);", line)
    x = torch.tensor([[one, 1.0] for one in line["x"]], dtype=torch.float64)
    assert found == near(fit_line(x, torch.tensor(line["y"], dtype=torch.float64)).tolist())


def test_one_cycle_is_that_of_a_training(compute: Compute) -> None:
    for steps in (1, 2, 17, 300):
        found = compute(
            "const at = n.oneCycle(v[0]); return Array.from({ length: v[0] }, (_, step) => at(step));", steps
        )
        assert found == [near(list(OneCycle(steps).at(step))) for step in range(steps)]


def test_cross_entropy_and_softmax_stay_finite(compute: Compute) -> None:
    rows = [[0.0, 0.0], [3.0, -2.0, 0.5], [1e4, -1e4], [-1e4, 1e4]]
    for row in rows:
        losses, shares = compute(
            "return [v[0].map((_, label) => n.crossEntropy(v[0], label)), n.softmax(v[0])];", row
        )
        logits = torch.tensor(row, dtype=torch.float64)
        assert losses == near((-torch.log_softmax(logits, 0)).tolist())
        assert shares == near(torch.softmax(logits, 0).tolist())


def test_errors_intervals_and_lines(compute: Compute) -> None:
    y_hat, y = [1.0, 2.5, -3.0], [1.5, 2.0, -1.0]
    error = np.array(y_hat) - y
    assert compute("return n.mse(v[0], v[1]);", y_hat, y) == near((error**2).mean())
    assert compute("return n.lineAt(v[0], [3, 2]);", y) == near([3 * one + 2 for one in y])
    for right, size in ((0, 10), (41, 50), (50, 50)):
        assert compute("return n.interval(v[0], v[1]);", right, size) == near(list(wilson(right, size)))


def test_rates_that_can_not_work_end_without_a_number_that_is_not_one(
    compute: Compute, data: dict[str, Any]
) -> None:
    for lr in (0.0, -0.1, 1e200, float("nan")):
        path = compute(
            """const { x, y, start } = v[0];
            return n.descend(n.line(x, y), start, { lr: v[1], steps: 300 });""",
            data["line"],
            lr,
        )
        assert all(math.isfinite(float(number)) for one in path for number in one["a"])
        assert path[-1]["loss"] >= path[0]["loss"]


def test_one_point_and_batches_larger_than_the_data_work(compute: Compute) -> None:
    path = compute(
        "return n.descend(n.line([0.5], [2]), [0, 0], { lr: 0.5, batches: n.minibatches(1, 64, 30) });"
    )
    assert path[-1]["loss"] == near(0)
    assert len(path) == 31
    assert compute("return n.minibatches(3, 0, 1).length;") == 3  # at least one at a time


def test_random_numbers_look_random(compute: Compute) -> None:
    even, normal = compute(
        """const a = n.random(1), b = n.random(2), many = Array(20000).fill(0);
        return [many.map(a), many.map(() => n.normal(b))];"""
    )
    assert np.mean(even) == pytest.approx(0.5, abs=0.01)
    assert np.histogram(even, 10, (0, 1))[0] == pytest.approx(2000, abs=200)
    assert (np.mean(normal), np.std(normal)) == pytest.approx((0, 1), abs=0.03)


def test_linear_of_python_gives_the_probabilities_of_the_page(compute: Compute) -> None:
    dice = np.random.default_rng(1)
    features, labels = dice.normal(size=(5, 3)), np.array([0, 1, 1, 0, 1])
    model = Linear(3, 2)
    model.weight, model.bias = dice.normal(size=(2, 3)), dice.normal(size=2)
    rows = np.column_stack([model.weight, model.bias]).ravel()
    found, accuracy = compute(
        "const h = n.head(v[0], v[1], 2); return [h.probabilities(v[2]), h.accuracy(v[2])];",
        features.tolist(),
        labels.tolist(),
        rows.tolist(),
    )
    assert np.array(found) == near(torch.softmax(torch.tensor(model.logits(features)), 1).numpy())
    assert accuracy == model.accuracy(Labeled(features, labels))
