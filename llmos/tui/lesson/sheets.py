"""Sheets over a lesson: all that was said, over the whole width; what the class answered; and its help.

Knows: scenes, lessons. Does not know: keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from textual.widget import Widget
from textual.widgets import Markdown, Static

from llmos.lessons.collected import Tally
from llmos.lessons.lesson import Lesson
from llmos.lessons.session import Scene
from llmos.tui.keys import Key
from llmos.tui.paint import painted
from llmos.tui.screens.sheet import MARGINS, WIDEST, Sheet
from llmos.tui.theme import Palette

from . import keys, words


class StorySheet(Sheet):
    """Every step with its question, the answer and the reveal."""

    title_text = "all that was said"

    def __init__(self, scene: Scene, palette: Palette) -> None:
        super().__init__()
        self.scene, self.palette = scene, palette

    def body(self) -> list[Widget]:
        return [Static(id="story")]

    def on_resize(self) -> None:
        cells = max(20, min(WIDEST, self.app.size.width * 9 // 10) - MARGINS)
        self.query_one("#story", Static).update(painted(words.story(self.scene, cells, True).rows, self.palette))


class ClassSheet(Sheet):
    """What was answered to each question that is over, and by how many."""

    title_text = "the class"

    def __init__(self, scene: Scene, tallies: Mapping[str, Tally], folder: Path, palette: Palette) -> None:
        super().__init__()
        self.scene, self.tallies, self.folder, self.palette = scene, tallies, folder, palette

    def body(self) -> list[Widget]:
        return [Static(id="class")]

    def on_resize(self) -> None:
        cells = max(20, min(WIDEST, self.app.size.width * 9 // 10) - MARGINS)
        rows = words.tallied(self.scene, self.tallies, self.folder, cells)
        self.query_one("#class", Static).update(painted(rows, self.palette))


class HelpSheet(Sheet):
    """The lesson in both languages, where the analogy ends, its keys."""

    def __init__(self, one: Lesson, table: Sequence[Key]) -> None:
        super().__init__()
        self.one, self.table = one, table
        self.title_text = f"F1 lesson {one.name}"

    def body(self) -> list[Widget]:
        return [Markdown(words.page(self.one, keys.lines(self.table)), open_links=False)]
