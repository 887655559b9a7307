"""A picture gets the same answer as a path, as bytes, and as a PIL image."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import WHOLE, rendered
from whatsit.errors import ImageError
from whatsit.images import opened
from whatsit.preprocess import Preprocess

PREPARE = Preprocess()


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def decoded(path: Path) -> Image.Image:
    image = Image.open(path)
    image.load()
    return image


def on_its_side() -> Image.Exif:
    exif = Image.Exif()
    exif[274] = 6
    return exif


@pytest.fixture
def photos(clothing: Path) -> list[Path]:
    paths = sorted(clothing.rglob("*.jpg"))
    count = 200 if WHOLE else 40
    return paths[:: len(paths) // count][:count]


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "gif", "bmp", "tiff", "avif"])
def test_picture_that_pillow_has_not_decoded_is_read_from_its_file(tmp_path: Path, suffix: str) -> None:
    path = saved(tmp_path / f"a.{suffix}", rendered(1, (700, 500)))
    image = Image.open(path)
    pixels = PREPARE.load(path)
    assert (PREPARE.load(image) == pixels).all()
    assert (PREPARE.load(Image.open(io.BytesIO(path.read_bytes()))) == pixels).all()
    image.load()  # it can still be used
    assert image.size == (700, 500)
    with open(path, "rb") as file:
        assert (PREPARE.load(Image.open(file)) == pixels).all()


def test_real_photos_are_the_same_as_paths_bytes_and_pil_images(photos: list[Path]) -> None:
    differences = []
    for path in photos:
        pixels = PREPARE.load(path)
        assert (PREPARE.load(path.read_bytes()) == pixels).all()
        assert (PREPARE.load(Image.open(path)) == pixels).all()
        for image in (decoded(path), Image.open(path).convert("RGB")):
            differences.append(np.abs(PREPARE.load(image).astype(int) - pixels).mean())
    assert np.mean(differences) < 0.6  # grey levels
    assert np.max(differences) < 3


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_decoded_photo_on_its_side_is_made_smaller_as_its_file_is(tmp_path: Path, mode: str) -> None:
    image = rendered(2, (1600, 1201)).convert(mode)
    path = saved(tmp_path / "a.jpg", image, exif=on_its_side(), quality=95)
    pixels = PREPARE.load(path)
    assert np.abs(PREPARE.load(decoded(path)).astype(int) - pixels).mean() < 0.5


def test_decoded_picture_of_another_format_stays_what_it_is(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", rendered(3, (1600, 1200)))
    assert (PREPARE.load(decoded(path)) == PREPARE.load(path)).all()


def test_frame_that_was_chosen_with_pillow_counts(tmp_path: Path) -> None:
    frames = [rendered(number, (300, 300)) for number in (1, 2)]
    image = Image.open(saved(tmp_path / "a.mpo", frames[0], save_all=True, append_images=frames[1:]))
    image.seek(1)
    assert np.abs(PREPARE.load(image).astype(int) - PREPARE.load(frames[1])).mean() < 4


@pytest.mark.parametrize("size", [(225, 224), (255, 257), (256, 256), (224, 5000), (3, 3)])
def test_decoded_picture_of_any_shape_is_prepared(size: tuple[int, int]) -> None:
    assert PREPARE.load(rendered(4, size)).shape == (224, 224, 3)


@pytest.mark.parametrize("suffix", ["jpg", "png", "gif", "bmp"])
def test_damaged_pil_image_is_refused(tmp_path: Path, suffix: str) -> None:
    whole = saved(tmp_path / f"a.{suffix}", rendered(5, (700, 500))).read_bytes()
    image = Image.open(io.BytesIO(whole[: len(whole) // 2]))
    for _ in range(2):
        with pytest.raises(ImageError, match=r"damaged|end of the file is missing"):
            PREPARE.load(image)


def test_closed_pil_image_is_refused(photo: Path) -> None:
    with Image.open(photo) as image:
        pass
    with pytest.raises(ImageError, match="damaged"), opened(image):
        pass


@pytest.mark.soak
@pytest.mark.usefixtures("cache")
def test_real_photos_get_the_same_labels(clothing: Path, photos: list[Path], tmp_path: Path) -> None:
    from whatsit.catalog import Catalog
    from whatsit.classifier import Classifier
    from whatsit.training import Learner

    for path in sorted((clothing / "train").rglob("*.jpg"))[::4]:
        (tmp_path / "some" / path.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, tmp_path / "some" / path.parent.name / path.name)
    learner = Learner(Catalog.from_folder(tmp_path / "some"))
    learner.fit_one_cycle(4)
    learner.export(tmp_path / "c.whatsit")
    classifier = Classifier(tmp_path / "c.whatsit")
    answers = classifier.predict(list(photos))
    assert classifier.predict([path.read_bytes() for path in photos]) == answers
    assert classifier.predict([Image.open(path) for path in photos]) == answers
    others = classifier.predict([decoded(path) for path in photos])
    differing = sum(one.label != other.label for one, other in zip(answers, others, strict=True))
    assert differing <= 4
