"""Every line of code in the glossary runs, and gives what stands beside it."""

import re
from html import unescape
from pathlib import Path

CODE = re.compile(r"<pre><code>(.*?)</code></pre>", re.DOTALL)
LINE = re.compile(r'<span data-line="\d+">(.*?)</span>', re.DOTALL)


def lines_of(written: Path) -> list[list[str]]:
    page = written.read_text(encoding="utf-8")
    glossary = page[page.index('id="glossary"') : page.index('class="everyone"')]
    return [[unescape(line) for line in LINE.findall(block)] for block in CODE.findall(glossary)]


def test_each_line_runs_after_the_first_ones(written: Path) -> None:
    before, *others = lines_of(written)
    assert len(others) == 29
    for (line,) in others:
        known: dict[str, object] = {}
        exec("\n".join(before), known)
        code, _, result = line.partition("  # ")
        if result:
            assert repr(eval(code, known)) == result
        else:
            exec(code, known)


def test_both_languages_have_the_same_lines(written: Path) -> None:
    assert lines_of(written) == lines_of(written.with_name("index.zh.html"))
