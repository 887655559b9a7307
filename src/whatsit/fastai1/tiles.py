"""Pictures in a notebook, a few at a time, with buttons to choose some of them."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from whatsit.checks import described, is_count
from whatsit.commands import command_line
from whatsit.errors import ImageError, WhatsitError
from whatsit.events import note
from whatsit.extras import needing
from whatsit.i18n import Message, say
from whatsit.images import opened
from whatsit.notebooks import is_notebook, shell
from whatsit.project import Project
from whatsit.report.thumbnails import LARGE, shrink
from whatsit.text import in_folder, printable
from whatsit.undoing import last_action, undo

with needing(Message("lesson_widgets.what")):
    from ipywidgets import HTML, Button, Dropdown, HBox, Image, Label, Layout, VBox, Widget

WIDTH, HEIGHT = "200px", "180px"  # of the place that a picture is shown in


class Tile:
    """A picture with a button that chooses it for deletion, and with classes a menu of them."""

    def __init__(self, path: Path, label: str = "", classes: Sequence[str] = ()) -> None:
        self.path, self.label, self.is_chosen = path, label, False
        self.delete = Button(description=say("lesson_widgets.delete"), layout=Layout(width="auto"))
        self.delete.on_click(self._choose)
        names = [(printable(name), name) for name in classes]
        self.menu = Dropdown(options=names, value=label, layout=Layout(width="auto")) if names else None
        parts = [_picture(path), Label(in_folder(path)), *filter(None, [self.menu]), self.delete]
        self.box = VBox(parts, layout=Layout(width=WIDTH, margin="0 8px 8px 0"))

    @property
    def new_label(self) -> str | None:
        """The class that was chosen instead of its own, None without."""
        chosen = self.menu and self.menu.value
        return chosen if chosen != self.label else None

    def close(self) -> None:
        """End its widgets, which would take memory in the notebook and in the kernel."""
        for widget in (*self.box.children, self.box):
            widget.close()

    def _choose(self, button: object) -> None:
        self.is_chosen = not self.is_chosen
        self.delete.button_style = "danger" if self.is_chosen else ""


def _picture(path: Path) -> Widget:
    """A picture as large as it fits, or a note where it can't be read."""
    place = Layout(width=WIDTH, height=HEIGHT, object_fit="contain")
    try:
        with opened(path, at_least=LARGE) as image:
            return Image(value=shrink(image, LARGE), format="jpeg", layout=place)
    except ImageError as error:
        return HTML(escape(str(error)), layout=place)


class Batches(ABC):
    """Shows pictures `at_once`; `confirm` does what was chosen and shows the next, `undo` takes it back.

    With `together` they are shown only where all that are shown at once are still there.
    """

    def __init__(self, paths: Sequence[Path], at_once: int, confirm: str, together: bool = False) -> None:
        if not is_count(at_once, 1):
            raise WhatsitError(Message("lesson_widgets.bad_batch_size", given=described(at_once)))
        self._paths, self._at_once, self._together = list(paths), at_once, together
        self._begin = self._end = 0  # of the pictures that are shown now
        self._done: list[tuple[int, int]] = []  # the number of an action, and where its pictures begin
        self.tiles: list[Tile] = []
        self.confirm = Button(description=confirm, button_style="primary")
        self.confirm.on_click(lambda button: self._confirm())
        self.undo = Button(description=say("lesson_widgets.undo"), disabled=True)
        self.undo.on_click(lambda button: self._undo())
        self.news, self.box = HTML(), VBox()
        self._show("")
        self._cell = self._display()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {len(self.tiles)} pictures shown, {len(self._done)} changes made>"

    def _ipython_display_(self) -> None:
        """Show it in another cell than the one that made it, which shows it already."""
        if is_notebook() and shell().execution_count != self._cell:
            self._cell = self._display()

    def _display(self) -> Any:
        if not is_notebook():
            if self._paths:
                command = command_line("review", self._project.images)
                note(Message("lesson_widgets.no_notebook", name=type(self).__name__, command=command))
            return None
        from IPython.display import display

        display(self.box)
        return shell().execution_count

    def _show(self, news: str) -> None:
        """Show the next pictures, and what became of the last."""
        shown: list[Path] = []
        step = self._at_once if self._together else 1
        self._end = self._begin
        while self._end < len(self._paths) and len(shown) < self._at_once:
            some = self._paths[self._end : self._end + step]
            self._end += step
            shown += some if all(map(self._is_there, some)) else []
        before, self.tiles = self.tiles, list(map(self._tile, shown))
        self.news.value, self.undo.disabled = escape(news), not self._done
        row = HBox([tile.box for tile in self.tiles], layout=Layout(flex_flow="wrap"))
        buttons = [self.confirm, self.undo] if self.tiles else [self.undo]
        self.box.children = [
            row if self.tiles else HTML(escape(say("lesson_widgets.none_left"))),
            HBox(buttons),
            self.news,
        ]
        for tile in before:
            tile.close()

    def _confirm(self) -> None:
        try:
            action, news = self._carry_out()
        except WhatsitError as error:
            self.news.value = escape(str(error))
            return
        if action:
            self._done.append((action, self._begin))
            news = f"{news} {say('lesson_widgets.can_undo', command=self._command)}"
        self._begin = self._end
        self._show(news)

    def _undo(self) -> None:
        if not self._done:  # of two clicks at once, the second
            return
        action, begin = self._done[-1]
        if last_action(self._project) != action:
            self.news.value = escape(say("review.not_done_here", command=self._command))
            return
        try:
            (undone,) = undo(self._project)
        except WhatsitError as error:
            self.news.value = escape(str(error))
            return
        self._done.pop()
        self._begin = begin
        self._show(say("review.undone", count=len(undone.decisions)))

    @property
    def _command(self) -> str:
        return command_line("undo", self._project.images)

    @property
    @abstractmethod
    def _project(self) -> Project:
        """Where all that is done is written down."""

    @abstractmethod
    def _tile(self, path: Path) -> Tile:
        """What is shown of a picture."""

    @abstractmethod
    def _is_there(self, path: Path) -> bool:
        """Whether a picture is still to be shown."""

    @abstractmethod
    def _carry_out(self) -> tuple[int, str]:
        """Do what was chosen: the action's number, 0 for nothing, and a sentence. May raise WhatsitError."""
