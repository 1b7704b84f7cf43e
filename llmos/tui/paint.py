"""Rows as the library's text: for sheets and lists that are not panes.

Knows: rows, palettes. Does not know: screens.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from .text import Row, ascii_only
from .theme import Palette


def painted(rows: Sequence[Row], palette: Palette) -> Text:
    """One text, a line a row; nothing in it is read as markup."""
    text = Text()
    for i, row in enumerate(rows):
        if i:
            text.append("\n")
        for part, style in row:
            text.append(ascii_only(part) if palette.plain else part, palette.style(style))
    return text
