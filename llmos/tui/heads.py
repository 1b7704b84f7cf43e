"""Where a token looked, as a picture: a row a layer (or a head), a column a page.

Knows: `status.Attention`, cells. Does not know: sheets, keys. A cell's height stands for its share, a number at the end of each
row for the largest; colour only repeats the height.
"""

from __future__ import annotations

from dataclasses import dataclass

from llmos.status import Attention

from .text import Row, clip, pad, probability, sanitise
from .theme import author

MARKS = ((0.75, "█"), (0.5, "▇"), (0.35, "▆"), (0.2, "▅"), (0.1, "▄"), (0.05, "▃"), (0.02, "▂"), (0.01, "▁"))
"""From this share on, this height."""
SCALE = "· under 1 %  ▁ 1  ▂ 2  ▃ 5  ▄ 10  ▅ 20  ▆ 35  ▇ 50  █ 75 and more"
LABEL, PEAK = 12, 16  # cells before and after a row's pages
WIDE = 5  # cells of a page, at most
MOST = 4  # pages that are named below the picture


@dataclass(frozen=True)
class Aim:
    """What of an attention is drawn: rows are the layers of one head, or the heads of one layer; -1 is the mean of all."""

    by_layer: bool = True
    at: int = -1

    def turned(self) -> Aim:
        return Aim(not self.by_layer)

    def moved(self, step: int, attention: Attention) -> Aim:
        count = attention.heads if self.by_layer else attention.layers
        return Aim(self.by_layer, min(max(-1, self.at + step), count - 1))

    def rows(self, attention: Attention) -> list[tuple[str, tuple[float, ...]]]:
        """(name, shares a page) of each row, the mean of them first."""
        at = None if self.at < 0 else self.at
        if self.by_layer:
            named = [(f"layer {i}", attention.row(i, at)) for i in range(attention.layers)]
            return [("all layers", attention.row(None, at)), *named]
        named = [(f"head {i}", attention.row(at, i)) for i in range(attention.heads)]
        return [("all heads", attention.row(at, None)), *named]

    def words(self, attention: Attention) -> str:
        kind, count = ("head", attention.heads) if self.by_layer else ("layer", attention.layers)
        return f"{kind} {self.at} of 0-{count - 1}" if self.at >= 0 else f"all {count} {kind}s"


def picture(attention: Attention, aim: Aim, cells: int) -> list[Row]:
    """The whole picture in `cells` columns."""
    columns = Columns(len(attention.pages), max(1, cells - LABEL - PEAK))
    turn = "h: heads of one layer" if aim.by_layer else "h: layers of one head"
    chosen: Row = ((aim.words(attention), "bold accent"), (f"   left, right: another   {turn}", "dim"))
    rows: list[Row] = [chosen, columns.ruler(attention.pages), columns.authors(attention.who)]
    drawn = aim.rows(attention)
    rows += [columns.row(name, shares, attention.pages) for name, shares in drawn]
    return [*rows, ((clip(SCALE, cells), "dim"),), (), *_named(attention, drawn[0][1], cells)]


@dataclass(frozen=True)
class Columns:
    """How `pages` columns share `room` cells: a few for each, or several pages in one."""

    pages: int
    room: int

    @property
    def wide(self) -> int:
        """Cells of a page, with a blank if there are two."""
        return min(WIDE, max(1, self.room // self.pages))

    @property
    def joined(self) -> int:
        """Pages in one cell."""
        return -(-self.pages // self.room)

    def ruler(self, pages: tuple[int, ...]) -> Row:
        """Page numbers above their columns, as many as there is room for."""
        line = ""
        for i in range(0, self.pages, self.joined):
            here = i // self.joined * self.wide
            if here >= len(line) + bool(line):
                line = line.ljust(here) + str(pages[i])
        joined = f"  {self.joined} pages a cell" if self.joined > 1 else ""
        return ((pad("page", LABEL), "dim"), (line, "dim"), (joined, "dim"))

    def authors(self, who: str) -> Row:
        """Whose words fill each page."""
        cells = [who[i] for i in range(0, self.pages, self.joined)]
        return ((pad("written by", LABEL), "dim"), *((letter.ljust(self.wide), author(letter)) for letter in cells))

    def row(self, name: str, shares: tuple[float, ...], pages: tuple[int, ...]) -> Row:
        parts = [sum(shares[i : i + self.joined]) for i in range(0, self.pages, self.joined)]
        best = max(range(len(shares)), key=shares.__getitem__)
        end = f"  {probability(shares[best])} page {pages[best]}"
        cells = (((mark(part) * max(1, self.wide - 1)).ljust(self.wide), _style(part)) for part in parts)
        return ((pad(name, LABEL), "dim"), *cells, (end, "text"))


def mark(share: float) -> str:
    return next((glyph for least, glyph in MARKS if share >= least), "·")


def _style(share: float) -> str:
    return "bold model" if share >= 0.2 else "model" if share >= 0.05 else "dim"


def _named(attention: Attention, shares: tuple[float, ...], cells: int) -> list[Row]:
    """The pages that got most, with their words."""
    best = sorted(range(len(shares)), key=lambda i: (-shares[i], i))[:MOST]
    rows: list[Row] = []
    for i in best:
        head = f"page {attention.pages[i]:<4}{probability(shares[i])} "
        letter = attention.who[i]
        text = clip(sanitise(attention.texts[i]), cells - len(head) - 2)
        rows.append(((head, "text"), (letter + " ", author(letter)), (text, author(letter))))
    return rows
