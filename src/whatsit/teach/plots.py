"""Pictures of lines, losses, surfaces and curves, in the style of the pages. Needs matplotlib."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from whatsit.checks import described
from whatsit.errors import WhatsitError
from whatsit.figures import Plot, styled
from whatsit.i18n import Message, say
from whatsit.palette import color, mixed
from whatsit.teach.checks import require_points, require_torch
from whatsit.teach.descent import Descent
from whatsit.teach.polynomial import Polynomial
from whatsit.teach.surface import Surface
from whatsit.typefaces import fitted

if TYPE_CHECKING:
    from torch import Tensor

ROOM = 1.3  # of the first loss: where the axis of losses ends, whatever a run that diverges comes to
LEVELS = 24
# As on the page, each idea has its color: the line the first, the loss the second, the path the last.
OF_LINES, OF_LOSSES, OF_PATHS = ("s0", "s2", "s3", "s1"), ("s1", "s0", "s2", "s3"), ("s3", "s0", "s2", "ink")


@styled()
def draw_line(x: "Tensor", y: "Tensor", *lines: "Tensor", names: Sequence[str] = ()) -> Plot:
    """Draw points, x (n, 2) and y (n,), and lines of slope and intercept (2,), perhaps with `names`."""
    require_points(x, y)
    for one in lines:
        if not isinstance(one, require_torch().Tensor) or one.shape != (2,):
            raise WhatsitError(Message("teach.line", given=described(one)))
    figure = Plot(figsize=(6, 4), layout="constrained")
    axis = figure.subplots()
    draw_points(axis, x[:, 0], y)
    ends = ends_of(x[:, 0])
    for number, a in enumerate(lines):
        slope, intercept = a.tolist()
        heights = [slope * end + intercept for end in ends]
        style = "-" if number == 0 else (0, (4, 2.5))  # one may lie on the other
        axis.plot(ends, heights, linestyle=style, color=_tone(OF_LINES, number), label=_name(names, number))
    if names:
        figure.legend(loc="outside lower left", ncols=3)
    return figure


def draw_points(axis: Any, x: "Tensor", y: "Tensor") -> None:
    """Put points, x (n,) and y (n,), on an axis that then shows just them, whatever else is drawn there."""
    axis.plot(x.tolist(), y.tolist(), "o", color=color("soft"), markersize=4, alpha=0.7)
    low, high = y.min().item(), y.max().item()
    room = 0.12 * (high - low or 1.0)
    axis.set(xlabel="x", ylabel="y", ylim=(low - room, high + room))


def ends_of(x: "Tensor") -> list[float]:
    """From where to where a line through points x (n,) is drawn: a little way, where it is one point."""
    low, high = x.min().item(), x.max().item()
    return [low - 1, high + 1] if low == high else [low, high]


@styled()
def draw_losses(
    paths: Sequence[Descent], names: Sequence[str] = (), log: bool = False, seen: bool = False
) -> Plot:
    """Draw the losses of some runs of gradient descent over their steps, or the points `seen` before.

    The axis follows the first loss, so that a run that diverges leaves it at the top and the others stay
    readable; the doctor's words about it stand below. With `log` it has powers of ten.
    """
    if not paths:
        raise WhatsitError(Message("teach.nothing_to_draw"))
    figure = Plot(figsize=(7, 4), layout="constrained")
    axis = figure.subplots()
    finding = next((path.finding for path in paths if path.finding), None)
    for number, path in enumerate(paths):
        rate = say("teach.rate", lr=path.lr)
        label = _name(names, number) or rate
        across = path.seen if seen else require_torch().arange(len(path.losses))
        axis.plot(across.tolist(), path.losses.tolist(), color=_tone(OF_LOSSES, number), label=label)
    sound = [path for path in paths if not path.has_diverged]
    top = ROOM * max(path.losses[0].item() for path in paths)
    if log:
        axis.set_yscale("log")
        lowest = min(path.losses.min().item() for path in sound or paths)
        axis.set_ylim(max(lowest / 2, 1e-12), top)
    else:
        axis.set_ylim(0, top or 1.0)
    axis.set(xlabel=say("teach.seen" if seen else "teach.step"), ylabel=say("teach.loss"), xlim=(0, None))
    if len(paths) > 1 or names:
        axis.legend(loc="best")
    if finding:
        figure.supxlabel(fitted(str(finding), 60, 4), x=0.01, ha="left", fontsize=10, color=color("warn"))
    return figure


@styled()
def draw_surface(surface: Surface, paths: Sequence[Descent] = (), names: Sequence[str] = ()) -> Plot:
    """Draw the loss over slope and intercept in 3-D and as a map, with the ways of gradient descent on it."""
    for path in paths:
        if path.a.shape[1] != 2:
            raise WhatsitError(Message("teach.two_columns", columns=path.a.shape[1]))
    figure = Plot(figsize=(10, 4.4), layout="constrained")
    hills = figure.add_subplot(1, 2, 1, projection="3d")
    flat = figure.add_subplot(1, 2, 2)
    slopes, intercepts = surface.slopes.numpy(), surface.intercepts.numpy()
    heights = surface.losses.numpy().T
    tones = _shades()
    grid = require_torch().meshgrid(surface.slopes, surface.intercepts, indexing="xy")
    hills.plot_surface(*(one.numpy() for one in grid), heights, cmap=tones, alpha=0.75, linewidth=0)
    flat.contourf(slopes, intercepts, heights**0.5, LEVELS, cmap=tones)  # as a root: even steps in a bowl
    for number, path in enumerate(paths):
        inside = _inside(surface, path)
        one, other = path.a[inside].T.tolist()
        style = {"color": _tone(OF_PATHS, number), "marker": "o", "markersize": 3, "linewidth": 1.5}
        hills.plot(one, other, path.losses[inside].tolist(), zorder=10, **style)
        flat.plot(one, other, label=_name(names, number) or say("teach.rate", lr=path.lr), **style)
    for axis in (hills, flat):
        axis.set_xlabel(say("teach.slope"), labelpad=6)
        axis.set_ylabel(say("teach.intercept"), labelpad=6)
        axis.grid(False)
    hills.set_zlabel(say("teach.loss"))
    hills.view_init(elev=32, azim=-60)
    flat.set(xlim=(slopes[0], slopes[-1]), ylim=(intercepts[0], intercepts[-1]))
    if paths:
        figure.legend(loc="outside lower left", ncols=3)
    return figure


@styled()
def draw_polynomials(x: "Tensor", y: "Tensor", curves: Mapping[str, Polynomial]) -> Plot:
    """Draw points, x (n,) and y (n,), and a curve beside the other, each with its name.

    The axes follow the points: a curve that overfits may leave them.
    """
    require_points(x[:, None], y)
    if not curves:
        raise WhatsitError(Message("teach.nothing_to_draw"))
    figure = Plot(figsize=(3.4 * max(2, len(curves)), 3.4), layout="constrained")
    torch = require_torch()
    places = torch.linspace(x.min().item(), x.max().item(), 300, dtype=torch.float64)
    (axes,) = figure.subplots(1, len(curves), squeeze=False)
    for axis, (name, curve) in zip(axes, curves.items(), strict=True):
        draw_points(axis, x, y)
        axis.plot(places.tolist(), curve(places).tolist(), color=color("s0"))
        axis.set_title(fitted(name, 20, 2))
    return figure


def _inside(surface: Surface, path: Descent) -> "Tensor":
    """Which steps are on the surface, up to the first that leaves it."""
    one, other = path.a[:, 0], path.a[:, 1]
    inside = (
        (surface.slopes[0] <= one)
        & (one <= surface.slopes[-1])
        & (surface.intercepts[0] <= other)
        & (other <= surface.intercepts[-1])
    )
    found: Tensor = inside.cumprod(0).bool()
    return found


def _shades() -> Any:
    """From a strong color, where the loss is low, to a pale one."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("loss", [mixed("s1", share) for share in (0.85, 0.35, 0.08)])


def _tone(tones: Sequence[str], number: int) -> str:
    return color(tones[number % len(tones)])


def _name(names: Sequence[str], number: int) -> str | None:
    return names[number] if number < len(names) else None
