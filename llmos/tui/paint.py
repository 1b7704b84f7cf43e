"""Rows as the library's text: for sheets and lists that are not panes. And the last thing done to a line of the screen.

Knows: rows, palettes, the library's filters of lines. Does not know: screens.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.segment import Segment
from rich.text import Text
from textual.color import Color
from textual.filter import LineFilter

from .text import Row, ascii_only
from .theme import Palette


class OnlyAscii(LineFilter):
    """Whatever drew it, frames and scroll bars of the library too: a line in characters that every terminal has."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [Segment(ascii_only(text), style, control) for text, style, control in segments]


ONLY_ASCII = OnlyAscii()


def filters(palette: Palette) -> list[LineFilter]:
    """What an app with this palette does to its lines besides what the library does."""
    return [ONLY_ASCII] if palette.plain else []


def painted(rows: Sequence[Row], palette: Palette) -> Text:
    """One text, a line a row; nothing in it is read as markup."""
    text = Text()
    for i, row in enumerate(rows):
        if i:
            text.append("\n")
        for part, style in row:
            text.append(part, palette.style(style))
    return text
