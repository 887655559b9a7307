"""`whatsit review` as it is typed: suspects, a link, and what was done in the end."""

import os
import re
import signal
import subprocess
import sys
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.conftest import Run, rendered
from tests.review.reviewed import bears, suspects
from whatsit.catalog import Catalog
from whatsit.cli import review_page
from whatsit.config import Split
from whatsit.review.session import Session
from whatsit.serving.local import Ready


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_page_of_a_folder_is_open_until_ctrl_c(cache: Path, digits: Path) -> None:
    odd = digits / "0" / "odd.png"
    odd.write_bytes(next((digits / "7").iterdir()).read_bytes())  # a seven among the zeros
    command = [sys.executable, "-m", "whatsit", "review", str(digits), "--no-browser", "--lang", "zh"]
    environment = {**os.environ, "SSH_CONNECTION": "203.0.113.7 50000 198.51.100.4 22"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout
        lines: list[str] = []
        while not (link := re.search(r"http://127\.0\.0\.1:\d+/\?key=[\w-]{22}&lang=zh", "".join(lines))):
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr and process.stderr.read()
        port = link[0].split(":")[2].split("/")[0]
        assert f"ssh -N -L {port}:127.0.0.1:{port} " in "".join(lines)
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        assert "<title>复查</title>" in browser.open(link[0]).read().decode()
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=30)
    assert process.returncode == 0, errors
    assert out.splitlines()[-1] == "已结束：保留 0 张，移除 0 张，改标签 0 张，不确定 0 张。"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--json"], "The page of a review prints no JSON."),
        (["--root-path", "bears"], "bears can't be used as a path."),
        (["--split", "side"], "side"),
    ],
)
def test_mistakes_are_one_sentence(command: Run, digits: Path, words: list[str], sentence: str) -> None:
    done = command("review", digits, *words)
    assert done.returncode == 2
    assert sentence in done.stderr


def test_terminal_says_that_test_pictures_are_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bears/test/black").mkdir(parents=True)
    rendered(7).save(tmp_path / "bears/test/black/t.jpg")
    catalog = bears(tmp_path / "bears")
    plan: list[tuple[Split | None, bool]] = [(None, True), ("test", False)]
    for split, is_said in plan:
        review_page._announce(
            Session(catalog, suspects(catalog)), Ready("http://x", None, True), split, False
        )
        assert ("1 test picture was left alone" in capsys.readouterr().out) is is_said


def test_end_of_the_review_of_a_table_names_the_cleaned_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = bears(tmp_path / "bears")
    table = tmp_path / "bears" / "labels.csv"
    table.write_text("path,label\n" + "".join(f"{item.path},{item.label}\n" for item in drawn))
    catalog = Catalog.read(table, lasting=True, to_train=False)
    session = Session(catalog, suspects(catalog))
    keys = [one["key"] for one in session.answer("list", {"count": 2})["items"]]
    session.answer("decide", {"choices": [{"keys": keys, "choice": "remove"}]})
    review_page._say_end(session, table, None)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Ended: 0 kept, 2 removed, 0 relabeled, 0 not sure."
    assert "cleaned.csv  Take back" in lines[1]
