"""What the tutorial's commands print and draw in Chinese: `make docs-pictures` makes both languages anew."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.chinese import CATALOGS, refresh, translate
from tests.tutorial import BLOCK, PAGE, photograph, rerun

ASKED = " --lang zh"  # only to make the page: where the system is Chinese, nobody has to type it


def in_chinese(page: str, folder: Path) -> dict[str, str]:
    """Each block of commands and outputs, and what its commands print in Chinese now."""
    asked = re.sub(r"^\$ whatsit .*", rf"\g<0>{ASKED}", page, flags=re.M)
    now = (block.replace(f"{ASKED}\n", "\n") for block in BLOCK.findall(rerun(asked, folder)))
    return dict(zip(BLOCK.findall(page), now, strict=True))


def main() -> None:
    refresh()
    with TemporaryDirectory() as name:
        translate(CATALOGS / "start.po", in_chinese(PAGE.read_text(), Path(name)))
        photograph(Path(name), ".zh_CN")


if __name__ == "__main__":
    main()
