"""The lesson's pictures: downloaded, verified, opened, and found again by their places."""

import copy
import subprocess
import sys
import traceback
from io import BytesIO
from pathlib import Path as AnyPath

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from PIL import Image as Pillow

from tests.conftest import rendered
from tests.listening import on_lines
from tests.pictures import contents
from tests.site import Site, respond
from whatsit import fastai1
from whatsit.errors import CollectError, FetchError, ImageError, WhatsitError
from whatsit.fastai1 import (
    Category,
    ImageDataBunch,
    Indices,
    Path,
    download_images,
    open_image,
    tensor,
    torch,
    verify_images,
)
from whatsit.project import Project
from whatsit.undoing import undo


def test_star_import_brings_what_the_lesson_uses() -> None:
    names: dict[str, object] = {}
    exec("from whatsit.fastai1 import *", names)
    assert set(fastai1.__all__) <= set(names)
    used = "np plt nn torch tensor partial Path BytesIO os re pd open_image ImageDataBunch get_transforms"
    assert set(used.split()) <= set(names)
    assert fastai1.__all__ == sorted(fastai1.__all__)


def test_names_come_into_a_package_that_python_runs(tmp_path: AnyPath) -> None:
    package = tmp_path / "species"
    package.mkdir()
    (package / "__init__.py").write_text("from whatsit.fastai1 import *")
    (package / "__main__.py").write_text("from species import *\nprint(tensor(3.,2), fastai.defaults.device)")
    done = subprocess.run([sys.executable, "-m", "species"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.startswith("tensor([3., 2.]) "), done.stderr


def test_missing_library_is_named_with_what_to_type() -> None:
    code = "import sys; sys.modules['torch'] = None; import whatsit; from whatsit.fastai1 import *"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "whatsit.fastai1 needs torch, which is not installed. Install it:" in done.stderr


def test_tensor_takes_numbers_and_arrays() -> None:
    assert tensor(3.0, 2).tolist() == [3.0, 2.0]
    assert tensor(-1.0, 1).dtype == torch.float32
    assert tensor([1, 2]).dtype == torch.int64
    assert tensor(np.ones(2)).shape == (2,)


def test_path_lists_its_folder(bears: AnyPath) -> None:
    path = Path(bears)
    assert (path / "black").ls()[0] == path / "black" / "00000000.jpg"
    assert isinstance(path.ls()[0], Path)
    assert isinstance(path, AnyPath)


def test_lesson_downloads_and_verifies(
    site: Site, tmp_path: AnyPath, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHATSIT_ALLOW_PRIVATE", "1")
    for n in range(3):
        drawn = BytesIO()
        rendered(n, (600, 400)).save(drawn, "JPEG")
        site.pages[f"/{n}.jpg"] = respond(drawn.getvalue())
    path = Path(tmp_path / "data" / "bears")
    dest = path / "black"
    dest.mkdir(parents=True, exist_ok=True)
    (path / "urls_black.txt").write_text("\n".join(site.url(f"/{n}.jpg") for n in (0, 1, 7, 2)))
    notes: list[str] = []
    with on_lines(notes.append):
        download_images(path / "urls_black.txt", dest, max_pics=3)
    because = "most often because: the server answers 404 (not found)."
    assert notes == [f"{dest}: of all addresses so far, 1 brought no picture, {because}"]
    with pytest.raises(FetchError, match=r"/7\.jpg.*404"):
        download_images(path / "urls_black.txt", dest, max_pics=3, max_workers=0)
    assert [file.name for file in dest.ls()] == ["00000000.jpg", "00000001.jpg"]
    with pytest.raises(FetchError):
        download_images([site.url("/8.jpg")], dest, max_workers=0)
    with pytest.raises(CollectError, match=r"^max_pics must be"):
        download_images([site.url("/8.jpg")], dest, max_pics=-1)
    with pytest.raises(CollectError, match="one address, not a list"):
        download_images(site.url("/8.jpg"), dest)
    (dest / "page.jpg").write_text("<html>")
    before = contents(dest)
    notes.clear()
    with on_lines(notes.append):
        verify_images(dest, delete=True, max_workers=8, max_size=500)
        verify_images(dest)
    assert [line.partition(": ")[2].partition(". ")[0] for line in notes] == [
        "1 file that can't be read moved to the trash, 2 pictures made smaller"
    ]
    assert [file.name for file in dest.ls()] == ["00000000.jpg", "00000001.jpg"]
    assert Pillow.open(dest / "00000000.jpg").size == (500, 333)
    list(undo(Project(path)))
    assert contents(dest) == before


def test_picture_opens_from_path_or_bytes_and_shows_itself(bears: AnyPath) -> None:
    file = bears / "black" / "00000001.jpg"
    image, same = open_image(file), open_image(BytesIO(file.read_bytes()))
    assert (tuple(image.shape), tuple(image.size), repr(image)) == (
        (3, 48, 64),
        (48, 64),
        "<Image: (3, 48, 64)>",
    )
    assert torch.equal(image.data, same.data)
    assert (image.data.dtype, float(image.data.max()) <= 1) == (torch.float32, True)
    assert Pillow.open(BytesIO(image._repr_png_())).size == (64, 48)
    assert image.source == file.read_bytes()
    image.show(title="black")
    assert fastai1.plt.gca().get_title() == "black"
    fastai1.plt.close("all")
    for name, reason in (
        ("none.jpg", "there is no such file"),
        ("black", "it is a folder"),
        ("urls_black.txt", "the file is empty"),
    ):
        with pytest.raises(ImageError) as refused:
            open_image(bears / name)
        assert str(refused.value).startswith(f"{bears / name}: ")
        assert reason in str(refused.value)
        assert "path.ls()" in str(refused.value)
    with pytest.raises(ImageError, match=r"^the file is empty"):
        open_image(BytesIO())


def test_category_is_its_name_and_knows_its_place() -> None:
    black = Category("black", 2)
    assert (str(black), black, black.obj, int(black), black.data) == ("black", "black", "black", 2, 2)
    assert f"{black} {black!r}" == "black 'black'"
    assert int(Category("7", 1)) == 1


def test_indices_give_paths_in_their_order_and_remember_their_split(bears: AnyPath) -> None:
    data = ImageDataBunch.from_folder(bears, train=".", valid_pct=0.5, seed=1)
    idxs = Indices.of([4, 0, 11, 2], "valid", data.catalog)
    paths = data.valid_ds.paths
    assert data.valid_ds.x[idxs] == [paths[4], paths[0], paths[11], paths[2]]
    assert data.valid_ds.y[idxs] == [paths[place].parent.name for place in (4, 0, 11, 2)]
    assert data.valid_ds.indices_of(data.valid_ds.x[idxs]).tolist() == [4, 0, 11, 2]
    assert data.valid_ds.x[idxs[:2]] == [paths[4], paths[0]]
    assert data.valid_ds.x[[True, *[False] * 11]] == data.valid_ds.x[:1] == [paths[0]]
    assert data.valid_ds.x[idxs[2]].source == paths[11].read_bytes()
    worst, _ = idxs.sort()
    assert [len(one) for one in idxs.split(3)] == [3, 1]
    for taken in (idxs[:2], idxs[0], worst, torch.cat([idxs, idxs]), list(idxs), idxs.flip(0)):
        one = taken[0] if isinstance(taken, list) else taken
        assert (one.of_split, one.of_catalog) == ("valid", data.catalog.identity)
        with pytest.raises(WhatsitError) as refused:
            data.train_ds.x[one]
        assert "Write data.valid_ds.x[idxs]" in str(refused.value)
        assert "ds_type=DatasetType.Train" in str(refused.value)
    chosen: tuple[object, ...] = (
        list(idxs),
        tuple(idxs),
        idxs.numpy(),
        idxs.numpy()[1:],
        copy.deepcopy(idxs),
    )
    for some in chosen:
        for pictures in (data.train_ds.x, data.train_ds.x.items, data.train_ds.y):
            with pytest.raises(WhatsitError, match=r"Write data\.valid_ds"):
                pictures[some]
    for some in (*chosen[:3], np.array(idxs), idxs):
        assert data.valid_ds.x[some] == data.valid_ds.x.items[some] == data.valid_ds.x[idxs]
    with pytest.raises(WhatsitError, match=r"Write data\.valid_ds"):
        _ = [data.train_ds.x.items[k] for k in idxs]
    with pytest.raises(WhatsitError, match="belong to other data"):
        ImageDataBunch.from_folder(bears, train=".", valid_pct=0.5, seed=2).valid_ds.x[idxs]
    with pytest.raises(WhatsitError, match="can't be put together"):
        torch.cat([idxs, Indices.of([1], "train", data.catalog)])


def test_ipython_shows_an_error_as_its_sentence(tmp_path: AnyPath) -> None:
    shell = InteractiveShell.instance()
    try:
        with capture_output() as shown:
            shell.run_cell(f"from whatsit.fastai1 import *\nopen_image('{tmp_path / 'nope.jpg'}')")
        expected = (
            f"{tmp_path / 'nope.jpg'}: there is no such file. See what is in a folder with path.ls().\n"
        )
        assert (shown.stdout, shown.stderr) == (expected, "")
        frames = traceback.extract_tb(sys.last_traceback)  # what %debug enters
        assert {"open_image", "<module>"} <= {frame.name for frame in frames}
    finally:
        InteractiveShell.clear_instance()
