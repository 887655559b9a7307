"""What a teacher calls: the lesson's numbers come out, and the usual mistakes are one sentence."""

import math
from collections.abc import Callable
from statistics import mean

import numpy as np
import pytest
import torch
from torch import Tensor

from whatsit.errors import WhatsitError
from whatsit.teach import (
    Descent,
    animate,
    draw_line,
    draw_surface,
    fit_line,
    fit_polynomial,
    gradient_descent,
    loss_surface,
    make_line_data,
    minibatches,
    mse,
    rmse,
)
from whatsit.teach.data import line
from whatsit.text import of_any_size

TOO_HIGH = "The learning rate was too high"


@pytest.fixture(scope="module")
def points() -> tuple[Tensor, Tensor]:
    return make_line_data(seed=3)


def test_losses_are_those_of_the_lesson() -> None:
    paths = [gradient_descent(*make_line_data(seed=seed)) for seed in range(20)]
    assert all(len(path) == 100 and not path.has_diverged for path in paths)
    assert mean(path.losses[0].item() for path in paths) == pytest.approx(7.7, abs=0.6)
    assert mean(path.losses[-1].item() for path in paths) == pytest.approx(0.081, abs=0.005)


def test_points_are_those_of_the_lesson(points: tuple[Tensor, Tensor]) -> None:
    x, y = points
    assert x.shape == (100, 2)
    assert y.shape == (100,)
    assert x[:, 1].eq(1).all()
    noise = y - x @ torch.tensor([3.0, 2.0])
    assert 0 <= noise.min() < 0.1 < 0.9 < noise.max() <= 1
    assert torch.equal(make_line_data(seed=3)[0], x)
    assert not torch.equal(make_line_data(seed=4)[0], x)


def test_loss_is_what_the_formula_says() -> None:
    y_hat, y = torch.tensor([1.0, 2.0, 5.0]), torch.tensor([1.0, 4.0, 1.0])
    assert mse(y_hat, y).item() == pytest.approx((0 + 4 + 16) / 3)
    assert rmse(y_hat, y).item() == pytest.approx(math.sqrt(20 / 3))


def test_every_step_goes_against_the_gradient(points: tuple[Tensor, Tensor]) -> None:
    x, y = points
    path = gradient_descent(x, y, lr=0.25, steps=3)
    for before, after in zip(path.a[:-1], path.a[1:], strict=True):
        gradient = 2 / len(y) * x.T @ (x @ before - y)
        assert torch.allclose(after, before - 0.25 * gradient, atol=1e-6)


def test_path_of_the_page_is_that_of_pytorch() -> None:
    of_page = line()
    x = torch.tensor([[one, 1.0] for one in of_page["x"]], dtype=torch.float64)
    y = torch.tensor(of_page["y"], dtype=torch.float64)
    path = gradient_descent(x, y, of_page["start"], of_page["lr"], of_page["steps"])
    both = torch.cat([path.a, path.losses[:, None]], 1)
    assert torch.allclose(both, torch.tensor(of_page["path"], dtype=torch.float64), rtol=0, atol=1e-12)


def test_descent_ends_at_the_best_line(points: tuple[Tensor, Tensor]) -> None:
    best = fit_line(*points)
    assert torch.allclose(gradient_descent(*points, steps=1000).a[-1], best, atol=1e-4)
    noisy = gradient_descent(*points, lr=0.02, steps=2000, batch_size=10)
    assert torch.allclose(noisy.a[-1], best, atol=0.1)
    assert not torch.equal(
        noisy.a[-1], gradient_descent(*points, lr=0.02, steps=2000, batch_size=10, seed=1).a[-1]
    )


@pytest.mark.filterwarnings("error")
def test_start_may_be_the_tensor_of_the_lesson_and_a_seed_any_whole_number(
    points: tuple[Tensor, Tensor],
) -> None:
    a = torch.nn.Parameter(torch.tensor([-1.0, 1]))
    assert torch.equal(gradient_descent(*points, start=a).a, gradient_descent(*points).a)
    assert a.tolist() == [-1, 1]
    gradient_descent(*points, steps=2, batch_size=10, seed=2**70)
    assert torch.equal(make_line_data(3, seed=np.int64(4))[0], make_line_data(3, seed=4)[0])  # type: ignore[arg-type]


def test_momentum_is_that_of_pytorch(points: tuple[Tensor, Tensor]) -> None:
    x, y = points
    a = torch.nn.Parameter(torch.tensor([-1.0, 1.0]))
    optimizer = torch.optim.SGD([a], lr=0.1, momentum=0.9)
    for _ in range(20):
        optimizer.zero_grad()
        mse(x @ a, y).backward()
        optimizer.step()
    assert torch.allclose(gradient_descent(x, y, steps=20, momentum=0.9).a[-1], a, atol=1e-5)


def test_epoch_has_every_point_once(points: tuple[Tensor, Tensor]) -> None:
    x, y = points
    batches = list(minibatches(x, y, 32, seed=5))
    assert [len(some) for _, some in batches] == [32, 32, 32, 4]
    assert torch.equal(torch.cat([some for _, some in batches]).sort().values, y.sort().values)
    assert all(
        torch.equal(some_x @ torch.tensor([0.0, 1.0]), torch.ones(len(some_y))) for some_x, some_y in batches
    )
    path = gradient_descent(x, y, steps=5, batch_size=32)
    assert path.seen.tolist() == [0, 32, 64, 96, 100, 132]


def test_rate_that_is_too_high_diverges_with_the_doctors_words(points: tuple[Tensor, Tensor]) -> None:
    path = gradient_descent(*points, lr=1.1)
    assert path.has_diverged
    assert path.finding
    assert path.finding.sign == "lr_too_high"
    assert path.finding.what.startswith(TOO_HIGH)
    assert path.finding.advice.startswith("Start a new training with a tenth of the learning rate")
    assert TOO_HIGH in str(path)
    far = gradient_descent(*points, lr=30.0, steps=1000)
    assert far.has_diverged
    assert len(far) < 1000
    assert far.a.isfinite().all()
    assert "infinity" in str(far.finding)
    assert max(map(len, str(far).splitlines()[:-1])) < 30  # no number of 38 digits
    at_once = gradient_descent(*points, lr=1e39)
    assert at_once.has_diverged
    assert len(at_once) == 0
    assert "to infinity in 1 step." in str(at_once)


def test_rate_that_swings_but_comes_back_is_no_fault(points: tuple[Tensor, Tensor]) -> None:
    assert not gradient_descent(*points, lr=0.95).has_diverged
    for noisy in ({"batch_size": 1}, {"batch_size": 5, "lr": 0.4}, {"momentum": 0.9}):
        assert not gradient_descent(*points, steps=40, **noisy).has_diverged  # type: ignore[arg-type]
    assert not gradient_descent(*points, start=fit_line(*points).tolist(), batch_size=10).has_diverged


def test_rate_just_beyond_the_edge_falls_at_first_and_is_found_nevertheless(
    points: tuple[Tensor, Tensor],
) -> None:
    x, _ = points
    edge = 2 / float(torch.linalg.eigvalsh(2 * x.T @ x / len(x))[-1])
    path = gradient_descent(*points, lr=1.002 * edge)
    assert path.losses[0] > path.losses[-1] > path.losses.min()
    assert path.finding
    lowest = f"to {of_any_size(path.losses.min().item())}, and then rose to"
    assert f"in 100 steps the loss first fell from {of_any_size(path.losses[0].item())} {lowest}" in str(path)
    assert not gradient_descent(*points, lr=0.998 * edge).has_diverged


def test_one_point_can_be_fitted_by_descent_but_has_many_lines() -> None:
    x, y = make_line_data(1)
    assert gradient_descent(x, y).losses[-1] < 1e-4
    with pytest.raises(WhatsitError, match="Many lines fit 1 point equally well"):
        fit_line(x, y)


def test_surface_is_lowest_at_the_best_line(points: tuple[Tensor, Tensor]) -> None:
    x, y = points
    surface = loss_surface(x, y, points=101)
    assert surface.losses.shape == (101, 101)
    row, column = divmod(int(surface.losses.argmin()), 101)
    found = torch.stack([surface.slopes[row], surface.intercepts[column]]).float()
    assert torch.allclose(found, fit_line(x, y), atol=0.06)
    one = torch.stack([surface.slopes[7], surface.intercepts[40]])
    assert surface.losses[7, 40].item() == pytest.approx(mse(x.double() @ one, y.double()).item())


def test_decay_lets_degree_15_hold_as_well_as_degree_3() -> None:
    """Fewer parameters are not the way: on points that were not fitted, decay does as much."""
    dice = torch.Generator().manual_seed(1)
    errors = {"1": 0.0, "3": 0.0, "15": 0.0, "15 with decay": 0.0}
    for _ in range(20):
        x, new = (torch.rand(n, generator=dice) * 2 - 1 for n in (20, 200))
        y, wanted = (2 * at**3 - at + 0.1 * torch.randn(len(at), generator=dice) for at in (x, new))
        for name in errors:
            curve = fit_polynomial(x, y, int(name.split()[0]), wd=1e-3 if "decay" in name else 0.0)
            errors[name] += rmse(curve(new), wanted.double()).item() / 20
    assert errors["15"] > 2 * errors["3"]
    assert errors["1"] > 1.5 * errors["3"]
    assert errors["15 with decay"] < 1.25 * errors["3"]


def test_polynomial_goes_through_as_many_points_as_it_has_coefficients() -> None:
    x = torch.tensor([-1.0, -0.2, 0.5, 0.9])
    curve = fit_polynomial(x, 1 - 2 * x + x**3, 3)
    assert curve.coefficients.tolist() == pytest.approx([1, -2, 0, 1], abs=1e-6)
    assert curve.degree == 3
    flat = fit_polynomial(x, x, 3, wd=1e6)
    assert flat.coefficients[1:].abs().max() < 1e-3
    assert flat.coefficients[0].item() == pytest.approx(x.mean().item(), abs=1e-3)


X, Y = torch.ones(4, 2), torch.ones(4)
ONE = gradient_descent(X[:, :1], Y, start=[0.0])
MISTAKES: list[tuple[Callable[[], object], str]] = [
    (lambda: gradient_descent(X, Y, lr=0), "A learning rate can't be 0."),
    (lambda: gradient_descent(X, Y, lr=-0.1), "A learning rate can't be -0.1."),
    (lambda: gradient_descent(X, Y, lr=math.nan), "A learning rate can't be nan."),
    (lambda: gradient_descent(X, Y, lr=math.inf), "A learning rate can't be inf."),
    (lambda: gradient_descent(X, Y, steps=0), "steps must be a whole number of at least 1, not 0."),
    (lambda: gradient_descent(X, Y, momentum=1), "momentum must be at least 0 and below 1, not 1."),
    (lambda: gradient_descent(X, Y, start=(1.0,)), "start has 1 number, but x has 2 columns."),
    (
        lambda: gradient_descent(X, Y, batch_size=5),
        "A batch of 5 is larger than the data: there are 4 points.",
    ),
    (lambda: minibatches(X, Y, 5), "Choose a batch size from 1 to 4."),
    (lambda: minibatches(X, Y, 0), "batch_size must be a whole number of at least 1, not 0."),
    (lambda: gradient_descent(X.long(), Y), "x holds integers, which have no slope."),
    (lambda: gradient_descent(X, Y[:3]), "x has 4 rows and y 3 numbers."),
    (lambda: gradient_descent(X[:0], Y[:0]), "x has 0 rows and y 0 numbers."),
    (lambda: gradient_descent(X, Y * math.nan), "Some of the points are not finite numbers."),
    (lambda: gradient_descent([[1.0, 1.0]], Y), "x must be a tensor, not a list."),  # type: ignore[arg-type]
    (lambda: gradient_descent(X[:, 0], Y), "x must be a tensor of rank 2, not 1."),
    (lambda: make_line_data(0), "n must be a whole number of at least 1, not 0."),
    (lambda: make_line_data(a=(1, 2, 3)), "a must be two numbers, the slope and the intercept."),
    (lambda: make_line_data(a=(math.nan, 2)), "a must be two numbers, the slope and the intercept."),
    (lambda: make_line_data(a=3), "a must be two numbers, the slope and the intercept."),  # type: ignore[arg-type]
    (lambda: gradient_descent(X, Y, start=(math.nan, 1)), "start must be finite numbers, not a tuple."),
    (lambda: gradient_descent(X, Y, start=5), "start must be finite numbers, not 5."),  # type: ignore[arg-type]
    (lambda: make_line_data(seed="a"), "seed must be a whole number of at least 0, not 'a'."),  # type: ignore[arg-type]
    (lambda: gradient_descent(X, Y, seed=1.5), "seed must be a whole number of at least 0, not 1.5."),  # type: ignore[arg-type]
    (lambda: minibatches(X, Y, 2, seed=-1), "seed must be a whole number of at least 0, not -1."),
    (lambda: mse(Y[:, None], Y), "y_hat has the shape (4, 1) and y the shape (4,)."),
    (lambda: rmse(Y, Y[:3]), "y_hat has the shape (4,) and y the shape (3,)."),
    (lambda: mse(Y.long(), Y.long()), "y_hat holds integers, which have no slope."),
    (lambda: mse([1.0], Y), "y_hat must be a tensor, not a list."),  # type: ignore[arg-type]
    (
        lambda: loss_surface(X, Y, slopes=(math.nan, 1)),
        "slopes must be two finite numbers, the lowest and the",
    ),
    (lambda: loss_surface(X, Y, intercepts=3), "intercepts must be two finite numbers, the lowest and the"),  # type: ignore[arg-type]
    (lambda: draw_line(X, Y, [1, 2]), "A line must be a tensor of two numbers, the slope and the intercept"),  # type: ignore[arg-type]
    (lambda: draw_line(X, Y, Y), "A line must be a tensor of two numbers, the slope and the intercept"),
    (lambda: draw_surface(loss_surface(X, Y), [ONE]), "A surface needs two numbers, but x has 1 column."),
    (lambda: animate(X, Y, ONE), "A film needs two numbers, but x has 1 column."),
    (lambda: fit_line(X, Y), "Many lines fit 4 points equally well."),
    (lambda: loss_surface(X[:, :1], Y), "A surface needs two numbers, but x has 1 column."),
    (lambda: fit_polynomial(Y, Y, -1), "degree must be a whole number of at least 0, not -1."),
    (lambda: fit_polynomial(Y, Y, 2, wd=-1), "wd must be a number of at least 0, not -1."),
    (lambda: fit_polynomial(X, Y, 2), "x must be a tensor of rank 1, not 2."),
]


@pytest.mark.parametrize(("call", "sentence"), MISTAKES, ids=[sentence for _, sentence in MISTAKES])
def test_mistakes_are_one_sentence(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(WhatsitError) as caught:
        call()
    assert sentence in str(caught.value)


def test_path_shows_itself(points: tuple[Tensor, Tensor]) -> None:
    path = gradient_descent(*points)
    assert repr(path).startswith("<Descent: 100 steps, lr 0.1, loss ")
    assert len(str(path).splitlines()) == 11
    assert isinstance(path, Descent)
