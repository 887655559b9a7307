"""Pictures of one group stay together wherever some are held out, so that known things don't seem new."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageEnhance

import whatsit as wi
from tests.conftest import WHOLE
from whatsit.training import crossfit

SEEDS = 10 if WHOLE else 2
Numbers = NDArray[np.int64]
SIZE = 64  # pixels: enough for digits
PHOTOS = 24  # of each class, in five variants
GROUP = r"(\d+)-\d\.png$"


def variants(path: Path) -> list[Image.Image]:
    """The same thing taken five times: no copies, but closer to each other than to anything else."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    white = (255, 255, 255)
    return [
        image,
        image.rotate(5, fillcolor=white),
        image.rotate(-4, translate=(4, -3), fillcolor=white),
        ImageEnhance.Brightness(image.rotate(3, fillcolor=white)).enhance(0.9),
        image.crop((5, 5, 91, 91)).resize(image.size),
    ]


@pytest.fixture(scope="module")
def photographed(all_digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photographed")
    for label in "017":
        (folder / label).mkdir()
        for path in sorted((all_digits / label).glob("*.png"))[:PHOTOS]:
            for number, image in enumerate(variants(path)):
                image.save(folder / label / f"{path.stem[:8]}-{number}.png")
    return folder


def test_catalog_carries_its_groups_wherever_it_goes(photographed: Path) -> None:
    def things(some: wi.Catalog) -> list[tuple[str, int]]:
        assert some.groups is not None
        names = [Path(path).stem.partition("-")[0] for path in some.paths]
        return list(zip(names, some.groups.tolist(), strict=True))

    catalog = wi.Catalog.from_folder(photographed, group=GROUP)
    names, numbers = zip(*sorted(set(things(catalog))), strict=True)
    assert len(names) == len(set(names)) == len(set(numbers)), "a number for each thing"
    valid = catalog["valid"]
    assert set(things(valid)) <= set(things(catalog))
    lost = {valid.items[0].path: "gone"}
    assert len(things(valid.without(lost, to_train=False))) == len(valid) - 1
    some = {item.content for item in valid.items[:7]}
    assert len(things(catalog.measured_by(some))) == len(catalog) - len(valid) + 7
    assert wi.Catalog.from_folder(photographed).groups is None


def test_pictures_of_which_nothing_is_said_are_groups_of_their_own(
    photographed: Path, tmp_path: Path
) -> None:
    paths = [path for label in "01" for path in sorted((photographed / label).iterdir())[:9]]
    buses = ["a", "a", "", "b", "b"] + [""] * 13
    rows = [f"{path},{path.parent.name},{bus}" for path, bus in zip(paths, buses, strict=True)]
    file = tmp_path / "table.csv"
    file.write_text("\n".join(["path,label,bus", *rows]))
    groups = wi.Catalog.from_csv(file, group="bus").groups
    assert groups is not None
    assert groups[0] == groups[1] != groups[3] == groups[4]
    assert len(set(groups.tolist())) == 16
    file.write_text(file.read_text().replace(",a", ",").replace(",b\n", ",\n"))
    assert wi.Catalog.from_csv(file, group="bus").groups is None


def test_copies_and_groups_are_one_relation() -> None:
    rows = np.zeros(6, [("content", "V32"), ("hash", "u8")])
    rows["content"] = [bytes([n]) * 32 for n in (1, 2, 3, 4, 5, 5)]
    rows["hash"] = [0b1, 0b11, 0xFF << 20, 0xFF << 40, 0, 0]
    alone = crossfit.relatives(rows)
    assert alone[0] == alone[1]
    assert alone[4] == alone[5]
    assert len(set(alone.tolist())) == 4
    # The first two are near-copies, the second and third of one group, the third and fourth too by a copy.
    joined = crossfit.relatives(rows, np.array([0, 7, 7, 1, 1, 2]))
    assert joined[0] == joined[1] == joined[2]
    assert joined[3] == joined[4] == joined[5]
    assert joined[0] != joined[3]


def test_held_out_folds_never_part_a_group_and_few_pictures_pass_for_new(
    photographed: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parted: list[tuple[set[str], set[str]]] = []
    folds = crossfit._folds

    def watched(labels: Numbers, relatives: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
        things = np.array([Path(path).stem[:8] for path in catalog["train"].paths])
        for here, there in folds(labels, relatives):
            parted.append((set(things[here]), set(things[there])))
            yield here, there

    monkeypatch.setattr(crossfit, "_folds", watched)
    new = images = 0
    for seed in range(SEEDS):
        catalog = wi.Catalog.from_folder(photographed, 0.4, seed, group=GROUP)
        learner = wi.Learner(catalog, size=SIZE, augment=None)
        learner.fit_one_cycle(4)
        novelty = learner.novelty()
        assert novelty is not None
        is_new = novelty.score(learner._state.data.of("valid").inputs) > novelty.threshold
        new, images = new + int(is_new.sum()), images + len(is_new)
    assert len(parted) == SEEDS * crossfit.FOLDS
    assert not any(here & there for here, there in parted)
    assert new / images < 0.1, "5% are stated"
