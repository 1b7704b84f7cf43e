"""Help: a page for each panel in both languages, and the list of all keys, made from the key table.

Knows: `help/*.md` and `keys.py`. Does not know: any panel.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from importlib.resources import files

from rich.text import Text
from textual import events
from textual.widget import Widget
from textual.widgets import Markdown, Static

from llmos import paths
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
    """Every key and every verb, as the person's key map has them; a click on a line does it."""

    title_text = "all keys and verbs   a click does it"

    def __init__(self, table: Sequence[keys.Key]) -> None:
        super().__init__()
        self.table = table
        self.rows: list[tuple[str, str]] = []  # (text, action) of each row that is drawn

    def body(self) -> list[Widget]:
        return [Static(id="lines")]

    def on_resize(self) -> None:
        width = max(30, min(104, self.app.size.width * 9 // 10 - 8))
        self.rows = [(row, action) for line, action in entries(self.table) for row in hanging(line, width)]
        self.query_one("#lines", Static).update(Text("\n".join(row for row, _ in self.rows)))

    def on_click(self, event: events.Click) -> None:
        widget, region = self.get_widget_at(*event.screen_offset)
        if widget.id == "lines" and (action := self.rows[event.screen_y - region.y][1]):
            self.dismiss(None)
            self.app.call_later(self.app.run_action, f"app.{action}")


def hanging(line: str, width: int) -> list[str]:
    """A line in rows; what does not fit stands under its last column."""
    column = line.rfind("  ") + 2 if line.startswith("  ") else 0
    return textwrap.wrap(line, width, subsequent_indent=" " * column, drop_whitespace=True) or [""]


def entries(table: Sequence[keys.Key]) -> list[tuple[str, str]]:
    """The tables of keys and verbs as lines, each with the action that it stands for."""
    out: list[tuple[str, str]] = []
    for group, title in keys.GROUPS:
        rows = keys.in_group(table, group)
        out += [(title, ""), *((f"  {k.shown:<12} {k.word:<14} {k.about}", k.action) for k in rows), ("", "")]
    out += [("Typed after :", ""), *((f"  {v.usage:<27} {v.about}", f"verb('{v.name}')") for v in verbs.VERBS)]
    return [*out, ("", ""), *((line, "") for line in OWN.format(file=paths.keys(), example=keys.EXAMPLE).splitlines())]


OWN = """Your own keys
  --keys vim    on the command line: h j k l move.
  {file}
  may hold [keys] and below it lines such as {example}: the word of the second column above, in small letters with _ for \
anything else, and its keys; of two rows with one word the one that acts in text inputs is called WORD_while_typing."""
