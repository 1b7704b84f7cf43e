"""Help: a page for each panel in both languages, and the list of all keys, made from the key table.

Knows: `help/*.md` and `keys.py`. Does not know: any panel.
"""

from __future__ import annotations

import textwrap
from importlib.resources import files

from rich.text import Text
from textual.widget import Widget
from textual.widgets import Markdown, Static

from llmos.tui import keys, verbs

from .sheet import Sheet


def page(panel: str) -> str:
    """The Markdown of a panel's help."""
    return (files("llmos.tui") / "help" / f"{panel}.md").read_text(encoding="utf-8")


class HelpPage(Sheet):
    """What the focused panel shows: as an operating system, as a language model, and where the analogy ends."""

    def __init__(self, panel: str) -> None:
        super().__init__()
        self.panel = panel
        self.title_text = f"F1 {panel}"

    def body(self) -> list[Widget]:
        return [Markdown(page(self.panel), open_links=False)]


class KeyList(Sheet):
    """Every key and every verb."""

    title_text = "all keys and verbs"

    def body(self) -> list[Widget]:
        return [Static(id="lines")]

    def on_resize(self) -> None:
        width = max(30, min(104, self.app.size.width * 9 // 10 - 8))
        rows = [row for line in lines() for row in hanging(line, width)]
        self.query_one("#lines", Static).update(Text("\n".join(rows)))


def hanging(line: str, width: int) -> list[str]:
    """A line in rows; what does not fit stands under its last column."""
    column = line.rfind("  ") + 2 if line.startswith("  ") else 0
    return textwrap.wrap(line, width, subsequent_indent=" " * column, drop_whitespace=True) or [""]


def lines() -> list[str]:
    """The tables of keys and verbs as lines."""
    out: list[str] = []
    for group, title in keys.GROUPS:
        out += [title, *(f"  {k.shown:<12} {k.word:<14} {k.about}" for k in keys.in_group(group)), ""]
    out += ["Typed after :", *(f"  {v.usage:<27} {v.about}" for v in verbs.VERBS)]
    return out
