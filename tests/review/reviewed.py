"""A folder of drawn pictures with suspects that a test invents, and their page in a browser."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.conftest import rendered
from tests.serving.served import Listening
from tests.web import tab
from whatsit.catalog import Catalog
from whatsit.i18n import Message
from whatsit.review.page import create_app
from whatsit.review.session import Session
from whatsit.review.suspect import Reason, Suspect, Suspects
from whatsit.serving.door import Rules

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

KEY = "correct-horse"
LABELS = {"black": 4, "grizzly": 4, "teddy": 14}  # training pictures of each
# Of each suspect, best first: class, number of the picture, reason, suggestion, group, answer.
PLAN: list[tuple[str, int, Reason, str, int | None, str]] = [
    ("black", 0, "label", "relabel: grizzly", None, "grizzly"),
    ("grizzly", 0, "duplicate", "remove", 0, "grizzly"),
    ("teddy", 0, "duplicate", "keep", 0, "teddy"),
    ("black", 1, "quality", "remove", None, "black"),
    ("black", 2, "label", "relabel: grizzly", None, "grizzly"),
    ("grizzly", 1, "outlier", "remove", None, "teddy"),
    ("grizzly", 2, "outlier", "remove", None, "teddy"),
    *(("teddy", n, "loss", "keep", None, "black") for n in range(1, 14)),
]


def bears(folder: Path) -> Catalog:
    """Three classes of drawn pictures, split by folders."""
    for seed, (label, count) in enumerate(LABELS.items()):
        for n in range(count):
            path = folder / "train" / label / f"{label}_{n:02}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            rendered(100 * seed + n).save(path)
        path = folder / "valid" / label / f"{label}_v.jpg"
        path.parent.mkdir(parents=True)
        rendered(100 * seed + 99).save(path)
    return Catalog.from_folder(folder, to_train=False)


def suspects(catalog: Catalog, plan: Sequence[Any] = PLAN) -> Suspects:
    """As the plan has them."""
    items = {item.path.name: item for item in catalog}
    found = []
    for place, (label, number, reason, suggestion, group, predicted) in enumerate(plan):
        item = items[f"{label}_{number:02}.jpg"]
        why = Message("plain.text", text=f"Reason {place + 1}.")
        score, answer = 0.99 - place / 50, (predicted, 0.9)
        found.append(
            Suspect(item.path, item.content, label, "train", reason, score, suggestion, why, group, *answer)
        )
    return Suspects(tuple(found), 0, None, 0.03)


def many(catalog: Catalog, count: int) -> Suspects:
    """So many, which share the catalog's pictures."""
    items = catalog.items
    why = Message("plain.text", text="It looks odd.")
    return Suspects(
        tuple(
            Suspect(
                items[n % len(items)].path.with_name(f"{n}.jpg"),
                *(items[n % len(items)].content, items[n % len(items)].label, "train", "label"),
                *(1 - n / count, "relabel: teddy", why, None, "teddy", 0.9),
            )
            for n in range(count)
        ),
        0,
        None,
        0.03,
    )


@contextmanager
def paged(browser: "Browser", session: Session, lang: str = "en", **options: Any) -> "Iterator[Page]":
    """The session's page; afterwards, that nothing failed in it."""
    faults: list[str] = []
    on: dict[str, Callable[[Any], object]] = {
        "pageerror": lambda error: faults.append(str(error)),
        "console": lambda said: faults.append(said.text) if "ontent Security" in said.text else None,
    }
    with (
        Listening(create_app(session, Rules(KEY, only_loopback=True))) as served,
        tab(browser, on, **options) as page,
    ):
        page.goto(served.url(f"/?key={KEY}&lang={lang}"))
        page.locator(".deciding").wait_for()
        yield page
    assert faults == []
