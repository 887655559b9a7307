"""What the tutorial's commands print and draw in Chinese: `make docs-pictures` makes both languages anew."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chinese import CATALOGS, refresh, translate
from tests.tutorial import BLOCK, PAGE, Visit, photograph, photograph_review, rerun

ASKED = " --lang zh"  # only to make the page: where the system is Chinese, nobody has to type it


def in_chinese(page: str, folder: Path, visit: Visit | None = None) -> dict[str, str]:
    """Each block of commands and outputs, and what its commands print in Chinese now."""
    asked = re.sub(r"^\$ whatsit .*", rf"\g<0>{ASKED}", page, flags=re.M)
    now = (block.replace(f"{ASKED}\n", "\n") for block in BLOCK.findall(rerun(asked, folder, visit)))
    return dict(zip(BLOCK.findall(page), now, strict=True))


def main() -> None:
    refresh()
    with TemporaryDirectory() as name:
        now = in_chinese(PAGE.read_text(), Path(name), lambda link: photograph_review(link, ".zh_CN"))
        translate(CATALOGS / "start.po", now)
        photograph(Path(name), ".zh_CN")


if __name__ == "__main__":
    main()
