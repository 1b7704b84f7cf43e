"""A sheet of text over the room: scrolls, and any closing key puts it away.

Knows: how a sheet looks and closes. Does not know: what is written on it.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget

WIDEST = 108
MARGINS = 8  # of frame, padding and scroll bar


class Sheet(ModalScreen[None]):
    """Subclasses give `body`, widgets from top to bottom."""

    DEFAULT_CSS = f"""
    Sheet {{ align: center middle; }}
    Sheet > VerticalScroll {{ width: 90%; max-width: {WIDEST}; height: auto; max-height: 92%;
        border: heavy $accent; background: $background; padding: 0 2; }}
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,f1,question_mark", "close", "close", show=False),
        Binding("down,j", "scroll(2)", "down", show=False),
        Binding("up,k", "scroll(-2)", "up", show=False),
        Binding("pagedown,space", "scroll(20)", "page down", show=False),
        Binding("pageup", "scroll(-20)", "page up", show=False),
    ]
    title_text = ""

    def compose(self) -> ComposeResult:
        with VerticalScroll() as sheet:
            sheet.border_title = Content(self.title_text)  # never read as markup
            sheet.border_subtitle = "Esc closes"
            yield from self.body()

    def body(self) -> list[Widget]:
        raise NotImplementedError

    def action_close(self) -> None:
        self.dismiss(None)

    def action_scroll(self, rows: int) -> None:
        self.query_one(VerticalScroll).scroll_relative(y=rows, animate=False)
