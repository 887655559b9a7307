"""The review in a notebook: the browser's page, whose questions and pictures travel as widget messages.

So it works where a browser can't reach the ports of the kernel's computer, as in a notebook on a server.
"""

from typing import Any

import anywidget
import traitlets

from whatsit.errors import WhatsitError
from whatsit.i18n import language, say, speaking
from whatsit.review.front import page as review_page
from whatsit.review.session import Session
from whatsit.text import brief
from whatsit.web import asset


class ReviewWidget(anywidget.AnyWidget):
    """Shows a session, in the language of the moment when it was made."""

    _esm, _css = asset("review_widget.js").text, asset("review_widget.css").text
    _title = traitlets.Unicode().tag(sync=True)
    _loading = traitlets.Unicode().tag(sync=True)

    def __init__(self, session: Session) -> None:
        super().__init__(_title=say("review_widget.title"), _loading=say("review_widget.loading"))
        self._session, self._lang = session, language()
        self.on_msg(self._hear)

    def __repr__(self) -> str:
        return brief(self, f"{len(self._session.found)} suspects")

    def _hear(self, widget: object, message: dict[str, Any], buffers: object) -> None:
        """Answer a question, also in another thread than that of the cells, as Jupyter does."""
        answer: dict[str, Any] = {"error": say("review_widget.fault")}
        pictures: list[bytes] = []
        try:
            with speaking(self._lang):
                answer, pictures = self._answer(message["verb"], message.get("values", {}))
        finally:
            self.send({"view": message["view"], "id": message.get("id"), **answer}, pictures)

    def _answer(self, verb: str, values: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
        """What is sent for a question: the page itself, pictures, or what the session answers."""
        if verb == "page":
            return {"page": review_page("review_frame.js", inline=True, messages=("review_widget.",))}, []
        if verb == "pictures":
            return {}, [self._picture(content, size) for content, size in values["wanted"]]
        try:
            return {"answer": self._session.answer(verb, values)}, []
        except WhatsitError as error:
            return {"error": str(error)}, []

    def _picture(self, content: str, size: int) -> bytes:
        """A picture, empty where it is gone."""
        try:
            return self._session.picture(content, size)
        except WhatsitError:
            return b""
