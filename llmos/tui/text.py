"""Text for a grid of cells: rows of styled spans, and the one door through which foreign text must pass.

Knows: cells, spans, `sanitise`. Does not know: what is drawn, where, or in which colours (a style is a name here).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rich import cells as wide
from rich.cells import set_cell_size

Span = tuple[str, str]
"""(text, name of a style)"""
Row = tuple[Span, ...]

STRANGE = "\N{REPLACEMENT CHARACTER}"
WORD = re.compile(r" *[^ ]+| +")
STACK = 2  # combining marks that may sit on one character; more would climb out of the line
_KEPT = {"\n": "↵", "\t": "⇥", "\r": "␍", "\x7f": "␡", "\xa0": " ", "\ufe0e": "", "\ufe0f": ""}


def sanitise(text: str) -> str:
    """`text` on one line and inert: what a terminal could obey or hide becomes a visible picture of itself.

    Control characters turn into their pictures, bidirectional overrides and invisible characters into U+FFFD.
    Never longer than `text`; applying it twice changes nothing.
    """
    return text if text.isascii() and text.isprintable() else _inert(text)


@lru_cache(4096)
def _inert(text: str) -> str:
    out: list[str] = []
    stacked = STACK  # nothing to sit on yet
    for char in text:
        shown = _picture(char)
        if unicodedata.category(shown[:1] or " ") in ("Mn", "Me"):
            stacked += 1
            shown = shown if stacked <= STACK else STRANGE
        elif shown:
            stacked = 0
        out.append(shown)
    return "".join(out)


def _picture(char: str) -> str:
    if char in _KEPT:
        return _KEPT[char]
    if char < " ":
        return chr(0x2400 + ord(char))
    if char.isprintable() and not _selects(char):
        return char
    return " " if unicodedata.category(char) == "Zs" else STRANGE


def _selects(char: str) -> bool:
    """Variation selectors are printable for Python and invisible for people."""
    return "\ufe00" <= char <= "\ufe0d" or "\U000e0100" <= char <= "\U000e01ef"


def cell_len(text: str) -> int:
    """Cells that a text takes; most is ASCII, and then the library need not be asked."""
    return len(text) if text.isascii() else wide.cell_len(text)


def width(row: Row) -> int:
    """Cells that `row` takes."""
    return sum(cell_len(text) for text, _ in row)


def fit(row: Row, cells: int, style: str = "text") -> Row:
    """`row` padded with blanks to exactly `cells` cells, or cut to that, with an ellipsis if more than blanks went."""
    out: list[Span] = []
    left = cells
    for place, (text, name) in enumerate(row):
        size = cell_len(text)
        if size > left:
            shown = set_cell_size(text, left) if left > 0 else ""
            gone = "".join((text[len(shown) :], *(more for more, _ in row[place + 1 :]))).strip()
            halved = not text.startswith(shown)  # a character of two cells
            return _ended([*out, (shown, name)], cells) if (gone or halved) and cells > 0 else (*out, (shown, name))
        if size:
            out.append((text, name))
            left -= size
    if left > 0:
        out.append((" " * left, style))
    return tuple(out)


def _ended(row: list[Span], cells: int) -> Row:
    """A row of `cells` cells with an ellipsis in the last of them."""
    while cell_len(row[-1][0]) == 0:
        row.pop()
    text, style = row[-1]
    return (*row[:-1], (set_cell_size(text, cell_len(text) - 1) + "…", style))


def clip(text: str, cells: int) -> str:
    """`text` in at most `cells` cells, with an ellipsis where something was cut."""
    if cell_len(text) <= cells:
        return text
    return set_cell_size(text, cells - 1).rstrip() + "…" if cells > 0 else ""


def tail(text: str, cells: int) -> str:
    """The longest end of `text` that fits in `cells` cells."""
    first, used = len(text), 0
    while first > 0 and used + cell_len(text[first - 1]) <= cells:
        first -= 1
        used += cell_len(text[first])
    return text[first:]


def pad(text: str, cells: int, right: bool = False) -> str:
    """`text` in exactly `cells` cells; `right` puts the blanks in front."""
    text = clip(text, cells)
    blanks = " " * (cells - cell_len(text))
    return blanks + text if right else text + blanks


def bar(part: float, cells: int) -> str:
    """A horizontal bar in eighths of a cell, padded to `cells` cells."""
    eighths = round(min(max(part, 0.0), 1.0) * cells * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(cells)


def heat(share: float) -> str:
    """One cell that grows with `share` in 0..1."""
    return "▁▂▃▄▅▆▇█"[min(7, int(min(max(share, 0.0), 1.0) * 8))]


def probability(p: float) -> str:
    """ ".81" for 0.81: two digits are enough for the eye and keep columns narrow."""
    return "1.0" if p >= 0.995 else f"{p:.2f}"[1:]


def spread(left: Row, right: Row, cells: int, style: str = "text") -> Row:
    """`left` and `right` at the two ends of `cells` cells; the right end goes first when there is no room."""
    room = cells - width(left) - width(right)
    return fit((*left, (" " * room, style), *right), cells, style) if room >= 1 else fit(left, cells, style)


def flow(items: list[Row], cells: int, gap: str = "   ") -> Row:
    """As many of `items` as fit in `cells` cells, with gaps between; never half of one."""
    out: list[Span] = []
    used = 0
    for item in items:
        size = width(item) + (len(gap) if out else 0)
        if used + size > cells:
            break
        if out:
            out.append((gap, "text"))
        out.extend(item)
        used += size
    return tuple(out)


def wrap(row: Row, cells: int) -> list[Row]:
    """`row` over as many rows as it needs, broken at blanks where there are any; at least one row."""
    rows: list[Row] = []
    line: list[Span] = []
    used = 0
    for text, style in _words(row):
        size = cell_len(text)
        if used + size > cells and used:
            rows.append(tuple(line))
            line, used = [], 0
            text = text.lstrip(" ")
            size = cell_len(text)
        while size > cells > 0:
            head, text = _split(text, cells)
            rows.append(((head, style),))
            size = cell_len(text)
        if text:
            line.append((text, style))
            used += size
    return [*rows, tuple(line)]


def _words(row: Row) -> list[Span]:
    """Each word with the blanks before it, as a span."""
    return [(word, style) for text, style in row for word in WORD.findall(text)]


def _split(text: str, cells: int) -> tuple[str, str]:
    """As much of `text` as fits in `cells` cells (at least one character), and the rest."""
    n, used = 0, 0
    while n < len(text) and used + cell_len(text[n]) <= cells:
        used += cell_len(text[n])
        n += 1
    n = max(n, 1)
    return text[:n], text[n:]


_ASCII = str.maketrans(
    dict(zip("╭╮╰╯┏┓┗┛┌┐└┘", "+" * 12, strict=True))
    | dict(zip("─━│┃▏▎┊", "-=||||:", strict=True))
    | dict(zip("▁▂▃▄▅▆▇█", ".:-=+*%#", strict=True))
    | dict(zip("░▍▌▋▊▉", ".=====", strict=True))
    | dict(zip("●○◐✓✗▶▸◂▮·»→↵⇥…⟪⟫", "*o~vx>><#.>>$>~<>", strict=True))
    | dict(zip("•◦▪‣■’‘“”–—−×÷", "*-*>#''\"\"---x/", strict=True))
    | {"🔎": "/ "}
)


def ascii_only(text: str) -> str:
    """The same cells in ASCII; what has no likeness there is a question mark for each cell it took."""
    if text.isascii():
        return text
    text = text.translate(_ASCII)
    return "".join(c if c.isascii() else "?" * cell_len(c) for c in text)
