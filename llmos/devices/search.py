"""Reading the disk: `search TEXT` finds passages, `page TITLE#N` reads one on.

Knows: how a passage is shown with its source. Does not know: how passages are kept and ranked (`library.py`).
"""

from __future__ import annotations

from .base import Context, DeviceError, Result, cut
from .library import Library, Passage

RESULTS = 3  # passages that a search brings back
SHORT = 500  # characters shown of each

MAX_QUERY = 500  # characters


class Search:
    """Passages come back best first. The origin is the first one's; each is headed by its own."""

    name = "search"
    help = "finds texts on the disk, such as search page fault"
    usage = ("TEXT",)
    grammar = "start: TEXT\nTEXT: /[^\\n]{1,120}/\n"
    outside = False

    def __init__(self, library: Library, results: int = RESULTS) -> None:
        self.library = library
        self.results = results

    def call(self, text: str, ctx: Context) -> Result:
        """Raises DeviceError when there is nothing to search for."""
        query = text.strip()
        if not 1 <= len(query) <= MAX_QUERY:
            raise DeviceError(f"search takes 1 to {MAX_QUERY} characters")
        found = self.library.search(query, self.results)
        if not found:
            return Result("nothing found", "disk")
        return Result("\n\n".join(shown(passage, SHORT) for passage in found), found[0].origin)


class Page:
    """One whole passage and where it stands in its document."""

    name = "page"
    help = "reads on from a found text, such as page Paging#2"
    usage = ("TITLE#N",)
    grammar = 'start: TITLE ("#" NUMBER)?\nTITLE: /[^#\\n]{1,80}/\nNUMBER: /[1-9][0-9]{0,3}/\n'
    outside = False

    def __init__(self, library: Library) -> None:
        self.library = library

    def call(self, text: str, ctx: Context) -> Result:
        """Raises DeviceError when there is no such document or page."""
        title, mark, number = text.strip().removeprefix("disk:").rpartition("#")
        if not mark:
            title, number = number, "1"
        if not number.isdecimal() or len(number) > 9:
            raise DeviceError("write it as: TITLE#N, with N from 1")
        passage = self.library.page(title, int(number))
        return Result(cut(shown(passage)), passage.origin)


def shown(passage: Passage, limit: int = 10_000) -> str:
    """A passage under its place; where it goes on, how to read on."""
    text = passage.text if len(passage.text) <= limit else passage.text[:limit].rsplit(" ", 1)[0] + " ..."
    return f"[{passage.title}#{passage.n} of {passage.of}] {text}"
