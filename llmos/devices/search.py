"""Reading the disk: `search TEXT` finds passages, `page TITLE#N` reads one on.

Knows: how a passage is shown with its source. Does not know: how passages are kept and ranked (`library.py`).
"""

from __future__ import annotations

import json
import re

from llmos_kernel.labels import Label

from .base import Context, DeviceError, Result, cut
from .embedder import words
from .library import Library, Passage

RESULTS = 3  # passages that a search brings back
SHORT = 500  # characters shown of each
MAX_PLACES = 3  # of a passage that are shown when it is longer

MAX_QUERY = 500  # characters


class Search:
    """Passages come back best first. The origin is the first one's; each is headed by its own."""

    name = "search"
    help = "finds texts on the disk, such as search page fault"
    usage = ("TEXT",)
    grammar = "start: TEXT\nTEXT: /[^\\n]{1,120}/\n"
    outside = False

    def __init__(self, library: Library, results: int = RESULTS, short: int = SHORT) -> None:
        self.library = library
        self.results, self.short = results, short

    def call(self, text: str, ctx: Context) -> Result:
        """Raises DeviceError when there is nothing to search for."""
        query = text.strip()
        if not 1 <= len(query) <= MAX_QUERY:
            raise DeviceError(f"search takes 1 to {MAX_QUERY} characters")
        found = self.library.search(query, self.results)
        if not found:
            return Result("nothing found", "disk")
        return Result("\n\n".join(shown(passage, self.short, query) for passage in found), found[0].origin)


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


class PageOut:
    """The disk as the kernel writes to it: text that left a context, under its title and with its label. Not for models."""

    name = "disk"
    help = "keeps what leaves a context, for the kernel"
    usage = ("JSON",)
    grammar = "start: /.+/\n"
    outside = False

    def __init__(self, library: Library) -> None:
        self.library = library

    def call(self, text: str, ctx: Context) -> Result:
        """`text` is [title, [ring, readers, origin], text] as JSON; the origin of the answer is where it is now.

        Raises DeviceError when it can't be kept.
        """
        try:
            title, (ring, readers, origin), body = json.loads(text)
            label = Label(int(ring), tuple(readers), tuple(origin))
        except (ValueError, TypeError):
            raise DeviceError("not a record of the kernel") from None
        return Result("kept", f"disk:{self.library.keep(title, body, label)}")


def around(text: str, query: str, limit: int) -> str:
    """About `limit` characters of `text`: its parts around the first few places where it has words of `query`."""
    if len(text) <= limit:
        return text
    low = text.lower()
    wanted = sorted({m.start() for word in words(query) for m in re.finditer(re.escape(word), low)})
    size = limit // max(min(len(wanted), MAX_PLACES), 1)
    parts: list[tuple[int, int]] = []
    for place in wanted or [0]:
        if parts and place + size // 2 <= parts[-1][1]:
            continue
        if len(parts) == MAX_PLACES:
            break
        begin = max(place - size // 3, parts[-1][1] if parts else 0)
        parts.append((begin, min(begin + size, len(text))))
    return " ... ".join(["", *(_whole(text, *part) for part in parts), ""]).strip()


def _whole(text: str, begin: int, end: int) -> str:
    """A part of `text` without the words that its ends cut."""
    part = text[begin:end]
    if begin and not text[begin - 1].isspace() and len(part.split(None, 1)) == 2:
        part = part.split(None, 1)[1]
    if end < len(text) and not text[end].isspace() and len(part.rsplit(None, 1)) == 2:
        part = part.rsplit(None, 1)[0]
    return part.strip()


def shown(passage: Passage, limit: int = 10_000, query: str = "") -> str:
    """A passage under its place; where it goes on, how to read on."""
    text = around(passage.text, query, limit)
    return f"[{passage.title}#{passage.n} of {passage.of}] {text}"
