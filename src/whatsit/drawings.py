"""Drawings of birds, cats and fish for the demo and the tutorial, with faults on purpose.

`python -m whatsit.drawings` writes them to `animals`, and two more pictures to `new`.
"""

import colorsys
import math
import random
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

SIDE = 256
_AROUND = [math.tau * step / 72 for step in range(72)]
_SCALE = 2  # drawn twice as large and shrunk: smooth edges

Point = tuple[float, float]
Color = tuple[int, int, int]

_DARK, _WHITE, _BEAK = (38, 34, 44), (252, 250, 244), (245, 166, 35)


@dataclass(frozen=True)
class Faults:
    """What `write_drawings` did wrong on purpose, as paths of files."""

    mislabeled: dict[Path, str]  # and the class that each really shows
    odd: Path  # shows none of the classes
    copy: Path
    broken: Path


def write_drawings(folder: Path, each: int = 80, seed: int = 42) -> Faults:
    """Write `each` JPEG files per class as an image folder: the same files for the same seed."""
    chance = random.Random(seed)
    for kind in CLASSES:
        (folder / kind).mkdir(parents=True, exist_ok=True)
        for number in range(1, each + 1):
            draw(kind, chance).save(folder / kind / f"{kind}-{number:03}.jpg", quality=90)
    wrong = {
        folder / "bird" / "bird-007.jpg": "fish",
        folder / "cat" / "cat-011.jpg": "bird",
        folder / "fish" / "fish-005.jpg": "cat",
    }
    for path, kind in wrong.items():
        draw(kind, chance).save(path, quality=90)
    odd = folder / "cat" / "cat-009.jpg"
    draw("rocket", random.Random(0)).save(odd, quality=90)  # a validation picture: reports show strange ones
    copy = folder / "cat" / "cat-003-copy.jpg"
    shutil.copy(folder / "cat" / "cat-003.jpg", copy)
    broken = folder / "bird" / "bird-004.jpg"
    broken.write_bytes(broken.read_bytes()[: broken.stat().st_size // 2])
    return Faults(wrong, odd, copy, broken)


def draw(kind: str, chance: random.Random) -> Image.Image:
    """A drawing of a "bird", "cat", "fish" or "rocket", of 256 x 256 pixels, different each time."""
    side = SIDE * _SCALE
    image = Image.new("RGB", (side, side))
    _background(image, chance)
    size = side * chance.uniform(0.24, 0.48)
    place = (side * chance.uniform(0.36, 0.64), side * chance.uniform(0.38, 0.62))
    tilt = chance.gauss(0, 15)
    pen = _Pen(ImageDraw.Draw(image), place, size, math.radians(tilt), chance.random() < 0.5)
    _DRAWERS[kind](pen, chance)
    return image.reduce(_SCALE)


@dataclass(frozen=True)
class _Pen:
    """Draws filled shapes, given in units of the drawing's size around its center, y downwards."""

    canvas: ImageDraw.ImageDraw
    place: Point
    size: float
    angle: float
    mirrored: bool

    def shape(self, points: Iterable[Point], fill: Color) -> None:
        self.canvas.polygon([self._at(point) for point in points], fill)

    def oval(self, x: float, y: float, wide: float, high: float, fill: Color, turn: float = 0) -> None:
        """An ellipse around (x, y) with these half axes, turned by degrees."""
        cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
        around = [(wide * math.cos(angle), high * math.sin(angle)) for angle in _AROUND]
        self.shape([(x + a * cosine - b * sine, y + a * sine + b * cosine) for a, b in around], fill)

    def line(self, points: list[Point], fill: Color, width: float) -> None:
        self.canvas.line(
            [self._at(point) for point in points], fill, max(2, round(width * self.size)), joint="curve"
        )
        for x, y in (points[0], points[-1]):
            self.oval(x, y, width / 2, width / 2, fill)

    def curve(self, start: Point, bend: Point, end: Point, fill: Color, width: float) -> None:
        """A quadratic Bezier curve, by de Casteljau's construction."""
        steps = [step / 24 for step in range(25)]
        points = [_between(_between(start, bend, t), _between(bend, end, t), t) for t in steps]
        self.line(points, fill, width)

    def eye(self, x: float, y: float, size: float) -> None:
        self.oval(x, y, size, size, _WHITE)
        self.oval(x + size * 0.2, y, size * 0.62, size * 0.62, _DARK)
        self.oval(x + size * 0.4, y - size * 0.28, size * 0.2, size * 0.2, _WHITE)

    def _at(self, point: Point) -> Point:
        x = -point[0] if self.mirrored else point[0]
        cosine, sine = math.cos(self.angle), math.sin(self.angle)
        return (
            self.place[0] + self.size * (x * cosine - point[1] * sine),
            self.place[1] + self.size * (x * sine + point[1] * cosine),
        )


def _between(a: Point, b: Point, t: float) -> Point:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t


def _color(hue: float, saturation: float, value: float) -> Color:
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, min(1, saturation), min(1, value))
    return round(red * 255), round(green * 255), round(blue * 255)


def _coat(chance: random.Random) -> tuple[Color, Color, Color]:
    """A main color, a darker and a lighter one of an animal; now and then all are one: a shadow."""
    hue, saturation, value = chance.random(), chance.uniform(0.35, 0.8), chance.uniform(0.55, 0.95)
    if chance.random() < 0.15:
        return (_color(hue, saturation, value * 0.4),) * 3
    return (
        _color(hue, saturation, value),
        _color(hue - 0.03, saturation * 1.15, value * 0.72),
        _color(hue + 0.04, saturation * 0.4, value * 1.25),
    )


def _background(image: Image.Image, chance: random.Random) -> None:
    """Two colors that run into each other, with hills or dots."""
    hue, side = chance.random(), image.width
    top = _color(hue, chance.uniform(0.12, 0.4), chance.uniform(0.8, 1))
    bottom = _color(hue + chance.uniform(-0.12, 0.12), chance.uniform(0.1, 0.35), chance.uniform(0.85, 1))
    blend = Image.linear_gradient("L").resize((side, side))
    image.paste(
        Image.composite(Image.new("RGB", image.size, bottom), Image.new("RGB", image.size, top), blend)
    )
    canvas = ImageDraw.Draw(image)
    far = _color(hue + chance.uniform(0.1, 0.4), chance.uniform(0.2, 0.45), chance.uniform(0.7, 0.9))
    if chance.random() < 0.5:
        for _ in range(3):
            x, radius = side * chance.uniform(-0.1, 1.1), side * chance.uniform(0.35, 0.6)
            y = side * chance.uniform(0.75, 0.9) + radius
            canvas.ellipse((x - radius * 1.4, y - radius, x + radius * 1.4, y + radius), far)
    else:
        for _ in range(chance.randint(5, 14)):
            x, y, radius = side * chance.random(), side * chance.random(), side * chance.uniform(0.015, 0.05)
            canvas.ellipse((x - radius, y - radius, x + radius, y + radius), far)


def _bird(pen: _Pen, chance: random.Random) -> None:
    main, dark, light = _coat(chance)
    fat, neck = chance.uniform(0.38, 0.52), chance.uniform(-0.5, -0.32)
    for x in (-0.02, 0.2):
        pen.line([(x, fat * 0.8), (x + 0.04, fat + 0.34), (x + 0.16, fat + 0.36)], _BEAK, 0.05)
    spread = chance.uniform(0.08, 0.26)
    pen.shape([(-0.4, 0.0), (-1.05, -0.1 - spread), (-1.1, 0.1), (-1.0, 0.12 + spread), (-0.35, 0.25)], dark)
    long = chance.uniform(0.2, 0.45)
    pen.shape([(0.6, neck - 0.12), (0.72 + long, neck + 0.04), (0.6, neck + 0.16)], _BEAK)
    pen.oval(0, 0.08, 0.66, fat, main, -18)
    pen.oval(0.44, neck, 0.34, 0.32, main)
    pen.oval(0.18, 0.24, 0.4, fat * 0.62, light, -24)
    if chance.random() < 0.4:  # a crest
        pen.shape([(0.3, neck - 0.25), (0.18, neck - 0.62), (0.5, neck - 0.3)], dark)
    pen.oval(-0.14, 0.02, 0.46, fat * 0.5, dark, chance.uniform(-30, 25))
    pen.eye(0.52, neck - 0.06, 0.1)


def _cat(pen: _Pen, chance: random.Random) -> None:
    main, dark, light = _coat(chance)
    wide, high = chance.uniform(0.42, 0.56), chance.uniform(0.5, 0.62)
    pen.curve((0.3, 0.85), (1.25, 0.9), (0.85, chance.uniform(-0.1, 0.45)), dark, 0.16)
    pen.oval(0, 0.42, wide, high, main)
    pen.oval(0, 0.55, wide * 0.55, high * 0.66, light)
    for side in (-1, 1):
        pen.oval(side * 0.22, 0.96, 0.19, 0.12, main)
        ear = chance.uniform(0.78, 0.98)
        pen.shape([(side * 0.52, -0.3), (side * 0.46, -ear), (side * 0.08, -0.68)], main)
        pen.shape([(side * 0.44, -0.45), (side * 0.41, -ear + 0.14), (side * 0.18, -0.64)], light)
    pen.oval(0, -0.3, 0.54, 0.46, main)
    if chance.random() < 0.5:  # a tabby
        for x in (-0.16, 0, 0.16):
            pen.line([(x, -0.72), (x * 0.7, -0.55)], dark, 0.06)
    pen.oval(0, -0.14, 0.26, 0.19, light)
    for side in (-1, 1):
        pen.eye(side * 0.22, -0.36, 0.12)
        for lift in (-0.05, 0.04):
            pen.line([(side * 0.2, -0.13), (side * 0.68, -0.16 + lift * 2)], _DARK, 0.015)
    pen.shape([(-0.07, -0.22), (0.07, -0.22), (0, -0.14)], (226, 108, 116))


def _fish(pen: _Pen, chance: random.Random) -> None:
    main, dark, light = _coat(chance)
    high, fork = chance.uniform(0.3, 0.55), chance.uniform(0.28, 0.5)
    pen.shape([(-0.5, 0), (-1.1, -fork), (-0.92, 0), (-1.1, fork)], dark)
    pen.shape([(-0.35, -high * 0.6), (-0.15, -high - 0.28), (0.4, -high * 0.7)], dark)
    pen.shape([(-0.2, high * 0.6), (-0.15, high + 0.2), (0.2, high * 0.8)], dark)
    pen.oval(0.08, 0, 0.76, high, main)
    pen.oval(0.14, high * 0.38, 0.52, high * 0.46, light)
    for x in [(), (-0.3, -0.05), (-0.36, -0.12, 0.12)][chance.randrange(3)]:
        reach = high * math.sqrt(1 - ((x - 0.08) / 0.76) ** 2) * 0.9
        pen.curve((x, -reach), (x + 0.12, 0), (x, reach), light, 0.09)
    pen.shape([(0.14, 0.06), (-0.16, 0.2 + high * 0.3), (-0.1, -0.02)], dark)
    pen.curve((0.7, 0.1), (0.62, 0.16), (0.58, 0.1), _DARK, 0.03)
    pen.eye(0.52, -high * 0.25, 0.12)


def _rocket(pen: _Pen, chance: random.Random) -> None:
    main, dark, light = _coat(chance)
    pen.shape([(-0.2, 0.7), (0, 1.15), (0.2, 0.7)], _BEAK)
    for side in (-1, 1):
        pen.shape([(side * 0.24, 0.2), (side * 0.62, 0.78), (side * 0.2, 0.66)], dark)
    pen.oval(0, -0.1, 0.34, 0.9, light)
    pen.shape([(-0.3, -0.5), (0, -1.08), (0.3, -0.5)], main)
    pen.oval(0, -0.18, 0.17, 0.17, dark)
    pen.oval(0, -0.18, 0.11, 0.11, _WHITE)


def main() -> None:
    write_drawings(Path("animals"))
    new, chance = Path("new"), random.Random(7)
    new.mkdir(exist_ok=True)
    for kind in ("cat", "rocket"):
        draw(kind, chance).save(new / f"{kind}.jpg", quality=90)


_DRAWERS = {"bird": _bird, "cat": _cat, "fish": _fish, "rocket": _rocket}
CLASSES = ("bird", "cat", "fish")

if __name__ == "__main__":
    main()
