"""The widgets in a real JupyterLab: a browser, a server, a kernel."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.review.jupyter import Jupyter
from tests.review.test_notebook import CELLS, READY, WAIT

BEGIN = """from whatsit.fastai1 import *
from whatsit.fastai1.widgets import *
data = ImageDataBunch.from_folder("bears", valid_pct=0.2, seed=42)
fd = FileDeleter(file_paths=sorted(Path("bears").glob("*/*.jpg")))"""
CLEAN = """ImageCleaner(data.train_ds, [0, 1, 2, 3, 4, 5], "bears")"""
DOC = """doc(create_cnn)"""
MOVE = """from matplotlib import animation, rc
rc("animation", html="html5")
figure = plt.figure(figsize=(2, 2))
line, = plt.plot([0, 1], [0, 1])
plt.close()
animation.FuncAnimation(figure, lambda n: line.set_ydata([0, n / 3]), np.arange(3), interval=20)"""


@pytest.fixture
def jupyter(cache: Path, bears: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    with Jupyter(bears.parent, tmp_path_factory.mktemp("settings")) as server:
        yield server


@pytest.mark.soak
def test_pictures_are_chosen_by_clicks(jupyter: Jupyter, browser: Browser, bears: Path) -> None:
    before = {path.name: path.read_bytes() for path in (bears / "black").iterdir()}
    jupyter.notebook("lesson.ipynb", BEGIN, CLEAN, DOC, MOVE)
    page = browser.new_page(viewport={"width": 1280, "height": 1000})
    page.goto(jupyter.url("lab/tree/lesson.ipynb"))
    page.locator(READY).first.wait_for(timeout=WAIT)

    def run(number: int) -> Locator:
        cell = page.locator(CELLS).nth(number)
        prompt = cell.locator(".jp-InputPrompt")
        for _ in range(20):
            if "*" not in prompt.inner_text():  # what is asked of a kernel that is not there yet is forgotten
                cell.locator(".jp-InputArea .cm-content").click()
                page.keyboard.press("Shift+Enter")
            page.wait_for_timeout(4000)
            if any(map(str.isdigit, prompt.inner_text())):
                break
        return cell.locator(".jp-OutputArea")

    deleter = run(0)
    expect(deleter.locator("img")).to_have_count(5, timeout=WAIT)
    deleter.get_by_role("button", name="Delete").nth(2).click()
    deleter.get_by_role("button", name="Confirm").click()
    expect(deleter).to_contain_text("1 picture moved to the trash.", timeout=WAIT)
    assert not (bears / "black" / "00000002.jpg").exists()
    page.screenshot(path=bears.parent / "deleter.png")
    deleter.get_by_role("button", name="Undo").click()
    expect(deleter).to_contain_text("Undone: 1 picture is as before.", timeout=WAIT)
    assert {path.name: path.read_bytes() for path in (bears / "black").iterdir()} == before

    cleaner = run(1)
    expect(cleaner.locator("img")).to_have_count(5, timeout=WAIT)
    cleaner.get_by_role("combobox").nth(0).select_option("teddys")
    cleaner.get_by_role("button", name="Delete").nth(1).click()
    cleaner.get_by_role("button", name="Next Batch").click()
    expect(cleaner).to_contain_text("1 picture relabeled in cleaned.csv.", timeout=WAIT)
    assert (bears / "cleaned.csv").read_text("utf-8-sig").count(",black") == 6
    page.screenshot(path=bears.parent / "cleaner.png")
    expect(run(2).locator("pre code")).to_contain_text("create_cnn(data, models.resnet34", timeout=WAIT)
    expect(run(3).locator(".animation")).to_be_visible(timeout=WAIT)
    page.screenshot(path=bears.parent / "doc.png")
    page.close()
