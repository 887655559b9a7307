"""One word for one thing, and it is the field's own: the old words of the house stay away."""

import re
import subprocess

from tests import ROOT

PLACES = (
    *("src", "tests", "docs", "benchmarks", "README.md", "README.zh-CN.md", "CHANGELOG.md"),
    *("Makefile", "CONTRIBUTING.md", "SECURITY.md"),
)
# British spellings and verbs that read as if translated, "is no" where "is not a" is meant, and names from
# before the code had the words of its field.
OLD = re.compile(
    r"\b(told|dealt|deals?|decks?|errs|mends|learnt|tells|keepers?|crowds?|steepest|stages?|listings?)\b|"
    r"\bis no (?!longer\b)|colour|labelled(?!by)|labelling|\bcentres?\b|\brecognis|"
    r"whatsit\.training\.stages|\bdraw_labelled\b",
    re.IGNORECASE,
)
FINE = re.compile(r"\b(if )?there is no |\bstage-\d", re.IGNORECASE)
# Where a word means something else: the stages of a network, or those of a download.
FINE_IN = {
    "src/whatsit/backbones/lite0.py": "stages",
    "src/whatsit/finetune/gradients.py": "stages?",
    "tests/collection/test_collect.py": "stages",
}
ELSEWHERE = ("docs/locale/", "src/whatsit/i18n/zh/", "tests/test_words.py")


def test_old_words_are_gone() -> None:
    listed = subprocess.run(
        ["git", "ls-files", *PLACES], cwd=ROOT, capture_output=True, check=True, text=True
    )
    found = []
    for name in listed.stdout.splitlines():
        path = ROOT / name
        if name.startswith(ELSEWHERE) or not path.is_file():
            continue
        data = path.read_bytes()
        if b"\0" in data:  # a picture or a bundle
            continue
        own = re.compile(FINE_IN.get(name, r"(?!)"), re.IGNORECASE)
        for number, line in enumerate(data.decode().splitlines(), 1):
            if OLD.search(own.sub("", FINE.sub("", line))):
                found.append(f"{name}:{number}: {line.strip()[:100]}")
    assert found == []
