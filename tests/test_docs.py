"""The documentation describes what is there, and what it shows works."""

import re
from pathlib import Path

import pytest
import typer

import whatsit
from tests import ROOT
from tests.documentation import build, code_blocks
from whatsit.cli.app import app

COMMANDS = typer.main.get_command(app).commands  # type: ignore[attr-defined]
PAGES = [*(ROOT / "docs").glob("*.md"), *ROOT.glob("*.md")]


def section(name: str) -> str:
    text = (ROOT / "docs" / "commands.md").read_text()
    found = re.search(rf"^## whatsit {name}\b.*?(?=^## |\Z)", text, re.M | re.S)
    assert found, f"docs/commands.md has no section for {name}"
    return found.group()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_option_is_in_the_documentation_and_none_that_is_gone(name: str) -> None:
    options = {
        word for parameter in COMMANDS[name].params for word in parameter.opts if word.startswith("--")
    }
    reported = set(re.findall(r"`(--[a-z-]+)", section(name)))
    assert reported - {"--debug"} == options - {"--help"}


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_readme_names_every_command_and_setting(readme: str) -> None:
    text = (ROOT / readme).read_text()
    assert [name for name in COMMANDS if f"whatsit {name}" not in text] == []
    source = "".join(path.read_text() for path in (ROOT / "src").rglob("*.py"))
    assert set(re.findall(r"WHATSIT_[A-Z_]+", source)) == set(re.findall(r"WHATSIT_[A-Z_]+", text))


def without_comments(code: str) -> str:
    return re.sub(r"\s*#.*", "", code)


def test_both_readmes_show_the_same_code() -> None:
    for language in ("sh", "python"):
        english, chinese = (code_blocks(name, language) for name in ("README.md", "README.zh-CN.md"))
        assert list(map(without_comments, english)) == list(map(without_comments, chinese))


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize(
    ("document", "last"),
    [
        ("README.md", ("0", "1", "7")),
        ("docs/pictures.md", ()),
        ("docs/review.md", ()),
        ("docs/teach.md", ()),
        ("docs/training.md", ()),
        ("docs/understand.md", ()),
    ],
)
def test_python_in_the_documentation_runs(
    document: str,
    last: tuple[str, ...],
    digits: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (code,) = code_blocks(document, "python")
    assert len(code.strip().splitlines()) <= 12
    for label in "017":
        for path in sorted((digits / label).iterdir())[8:]:
            path.unlink()
    digits.rename(tmp_path / "my-photos")
    (tmp_path / "picture.jpg").write_bytes(next((tmp_path / "my-photos" / "7").iterdir()).read_bytes())
    monkeypatch.chdir(tmp_path)
    exec(code, {})
    assert not last or capsys.readouterr().out.splitlines()[-1].split()[0] in last


def test_site_of_the_documentation_is_built_without_a_warning_and_without_extras(tmp_path: Path) -> None:
    build("-W", "--keep-going", "-b", "html", "docs", tmp_path)
    pages = {path.stem for path in tmp_path.glob("*.html")}
    assert {path.stem for path in (ROOT / "docs").glob("*.md")} <= pages
    reference = re.sub(r"<[^>]+>", "", (tmp_path / "cli.html").read_text())
    options = {word for command in COMMANDS.values() for one in command.params for word in one.opts}
    assert [word for word in options if word.startswith("-") and word not in reference] == []
    python = re.sub(r"<[^>]+>", "", (tmp_path / "api.html").read_text())
    assert [name for name in whatsit.__all__ if f"whatsit.{name}" not in python] == []
    noises = ("*given", "Unpack[", "whatsit.catalog.catalog")
    assert [noise for noise in noises if noise in python] == []


@pytest.mark.parametrize("page", sorted(path.relative_to(ROOT) for path in PAGES), ids=str)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", (ROOT / page).read_text()):
        path, _, anchor = target.partition("#")
        if path.startswith("http"):
            continue
        linked = (ROOT / page).parent / path if path else ROOT / page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), target


def anchors(page: Path) -> list[str]:
    """What a heading is called in an address, as GitHub and MyST do it."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("page", [path.relative_to(ROOT) for path in PAGES], ids=str)
def test_percent_signs_follow_their_number_at_once(page: Path) -> None:
    assert re.findall(r".{,30}[0-9)] %", (ROOT / page).read_text()) == []
