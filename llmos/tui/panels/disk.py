"""The disk: texts to search in, pages of the page file, the last search with what it found, and what left a context.

Knows: counters, the last search, moved spans. Does not know: how texts are ranked, or how pages are written.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmos.status import Found, MachineView
from llmos.tui.desk import Desk
from llmos.tui.owners import colour
from llmos.tui.text import Row, Span, clip, flow, pad, sanitise
from llmos_kernel.view import MovedView

from .scroll import Body


class Disk(Body):
    key = "disk"

    def pick(self, view: MachineView, desk: Desk) -> object:
        s = view.snapshot
        away = tuple((p.pid, p.absent) for p in s.processes if p.absent)
        return s.counters, away, s.selected, s.moved, view.found, _stored(view)

    def heading(self) -> tuple[Row, Row]:
        return (("disk", "title"),), (("Z undo", "dim"),) if self.view.snapshot.moved else ()

    def lines(self, width: int) -> Sequence[Row]:
        return [self._texts(width), *self._pages(width), *_search(self.view.found, width), *self._moved(width)]

    def _texts(self, width: int) -> Row:
        return (("text   ", "dim"), (clip(_stored(self.view) or "nothing to search in", width - 7), "text"))

    def _pages(self, width: int) -> list[Row]:
        """The page file, and whose pages have no frame."""
        c = self.view.snapshot.counters
        traffic: list[Row] = [
            (("pages  ", "dim"), (f"{c.slots_used:,} of {c.slots:,} slots", "text")),
            (("out ", "dim"), (f"{c.swapped_out:,}", "text")),
            (("in ", "dim"), (f"{c.swapped_in:,}", "text")),
        ]
        away: list[Span] = [
            (f"  pid {p.pid}: {p.absent}", colour(p.pid)) for p in self.view.snapshot.processes if p.absent
        ]
        return [flow(traffic, width, "  "), *([(("       not in RAM", "dim"), *away)] if away else [])]

    def _moved(self, width: int) -> list[Row]:
        s = self.view.snapshot
        if not s.moved:
            return [(("out of a context  nothing yet", "dim"),)]
        tokens = sum(span.tokens for span in s.moved)
        head: Row = (
            (f"out of pid {s.selected}  ", "dim"),
            (f"{len(s.moved)} span{'s' * (len(s.moved) > 1)}, {tokens:,} tokens", "busy"),
            ("  undo: Z", "dim"),
        )
        return [head, *(_span(span, width) for span in reversed(s.moved))]


def _stored(view: MachineView) -> str:
    """What the self-test found on the disk; of a recording, what it says of that."""
    return next((" ".join(sanitise(test.text).split()) for test in view.boot if test.part == "disk"), "")


def _search(found: Found | None, width: int) -> list[Row]:
    """What was asked last and what came, best first, each with how many of the words it has."""
    if found is None:
        return [(("search  none yet", "dim"),)]
    asked: Row = (("search ", "dim"), (clip(sanitise(f'"{found.query}"'), width - 7), "accent"))
    head = flow([asked, ((f"pid {found.pid}", colour(found.pid)),), ((f"tick {found.tick:,}", "dim"),)], width, "  ")
    if not found.hits:
        return [head, ((" nothing found" if found.answered else " at work", "dim"),)]
    return [head, *(_hit(number, *hit, found.words, width) for number, hit in enumerate(found.hits, 1))]


def _hit(number: int, place: str, words: int, text: str, of: int, width: int) -> Row:
    name = min(24, max(12, width // 3))
    return (
        (f" {number} ", "dim"),
        (pad(sanitise(place), name), "device"),
        (f" {words}/{of} words  ", "text" if words == of else "dim"),
        (clip(sanitise(text), max(0, width - name - 17)), "dim"),
    )


def _span(span: MovedView, width: int) -> Row:
    return (
        (pad(f"{span.tokens:,}", 6, True) + " ", "dim"),
        (pad(sanitise(span.title), 10) + " ", "busy"),
        (clip(sanitise(span.text), max(0, width - 18)), "dim"),
    )
