"""What a notebook's widget answers, without a notebook."""

from concurrent.futures import ThreadPoolExecutor
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

import whatsit as wi
from tests.review.reviewed import bears, suspects
from tests.shown import assert_short
from whatsit.i18n import speaking
from whatsit.review.pictures import TILE
from whatsit.review.session import Session
from whatsit.review.widget import ReviewWidget

if TYPE_CHECKING:
    from playwright.sync_api import Browser


class Listening(ReviewWidget):
    """A widget whose messages are heard here."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.heard: list[tuple[dict[str, Any], list[bytes]]] = []

    def send(self, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        self.heard.append((content, buffers or []))

    def ask(self, verb: str, **values: Any) -> tuple[dict[str, Any], list[bytes]]:
        self._handle_custom_msg({"view": "v", "id": 7, "verb": verb, "values": values}, [])
        return self.heard.pop()


@pytest.fixture
def session(tmp_path: Path) -> Session:
    catalog = bears(tmp_path / "bears")
    return Session(catalog, suspects(catalog))


def test_answers_go_to_the_view_that_asked(session: Session) -> None:
    widget = Listening(session)
    content, buffers = widget.ask("open", count=2)
    assert (content["view"], content["id"], content["answer"]["folder"]) == ("v", 7, "bears")
    assert buffers == []
    assert_short(widget, "20 suspects")


def test_many_pictures_come_as_bytes_in_one_message_and_empty_where_they_are_gone(session: Session) -> None:
    first, second, third = (one.content for one in session.found[:3])
    session.found[1].path.write_bytes(b"")
    wanted = [[first, TILE], [second, TILE], ["0" * 64, TILE], [third, TILE]]
    content, buffers = Listening(session).ask("pictures", wanted=wanted)
    assert content == {"view": "v", "id": 7}
    assert buffers[1:3] == [b"", b""]
    assert [buffers[n][:3] for n in (0, 3)] == [b"\xff\xd8\xff"] * 2
    assert buffers[0] == session.picture(first, TILE)


def test_refusals_are_sentences_in_the_language_that_the_widget_was_made_in(session: Session) -> None:
    with speaking("zh"):
        widget = Listening(session)
    with ThreadPoolExecutor(1) as other_thread:  # as Jupyter asks while a cell is running
        content, _ = other_thread.submit(widget.ask, "undo").result()
        page = other_thread.submit(widget.ask, "page").result()[0]["page"]
    assert content["error"] == "没有可撤销的操作。"
    assert 'lang="zh-CN"' in page


def test_fault_is_answered_too(session: Session) -> None:
    widget = Listening(session)
    with pytest.raises(KeyError):
        widget._hear(widget, {"view": "v", "verb": "pictures"}, [])
    assert widget.heard[0][0]["error"] == "Something went wrong in the kernel. Its log says what."


def test_page_needs_no_network_and_may_reach_none(session: Session) -> None:
    page = unescape(Listening(session).ask("page")[0]["page"])
    assert "connect-src 'none'" in page
    assert "img-src data:;" in page
    assert "fetch(" not in page


NOTEBOOK = """page => new Promise((loaded) => {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts";
    frame.srcdoc = page;
    frame.onload = loaded;
    document.body.append(frame);
})"""
AT_ONCE = "() => { window.setTimeout = (act) => { act(); return 1; }; }"  # all waiting is over
NO_KERNEL = "() => frames[0].postMessage('port', '*', [new MessageChannel().port2])"


def test_silent_kernel_is_reported_once(session: Session, browser: "Browser") -> None:
    host = browser.new_page()
    host.evaluate(NOTEBOOK, Listening(session).ask("page")[0]["page"])
    host.frames[1].evaluate(AT_ONCE)
    host.evaluate(NO_KERNEL)
    toast = host.frame_locator("iframe").locator(".toast")
    expect(toast).to_contain_text("The notebook's kernel has not answered yet.")
    assert toast.count() == 1
    host.close()


def test_review_of_what_is_not_a_learner_says_what_to_write() -> None:
    with pytest.raises(wi.WhatsitError, match=r"needs a learner, not 'bears'\. Write wi\.Review\(learner\)"):
        wi.Review("bears")  # type: ignore[arg-type]
