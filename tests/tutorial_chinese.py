"""What the tutorial's commands print and draw in Chinese: `make docs-pictures` makes both languages anew."""

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from tests.chinese import CATALOGS, translate
from tests.tutorial import BLOCK, FIRST, PAGE, browser, rerun, save

ASKED = " --lang zh"  # only to make the page: where the system is Chinese, nobody has to type it


def in_chinese(page: str, folder: Path) -> dict[str, str]:
    """Each block of commands and outputs, and what its commands print in Chinese now."""
    asked = re.sub(r"^\$ whatsit .*", rf"\g<0>{ASKED}", page, flags=re.M)
    now = (block.replace(f"{ASKED}\n", "\n") for block in BLOCK.findall(rerun(asked, folder)))
    return dict(zip(BLOCK.findall(page), now, strict=True))


def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        translate(CATALOGS / "start.po", in_chinese(PAGE.read_text(), folder))
        with browser(1280, 860, "light") as page:
            page.goto((folder / FIRST).as_uri())
            page.screenshot(path=folder / "report.png")
        save(Image.open(folder / "report.png"), "report-light.zh_CN.png")
        save(Image.open(folder / "why" / "cat.png"), "why.zh_CN.png", 900)


if __name__ == "__main__":
    main()
