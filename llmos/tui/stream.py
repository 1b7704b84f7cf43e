"""A stream of tokens in rows: the text, and under it who wrote each part.

Knows: token views, cells. Does not know: lanes, panels.
"""

from __future__ import annotations

from llmos_kernel.view import LaneView, TokenView

from .text import Row, Span, cell_len, sanitise, tail
from .theme import author

MORE = "…"  # stands before the first of a line's words where there is more before them
MARK = "▮"  # stands before what only one of two worlds has


def shown(token: TokenView, plain: bool) -> str:
    """A token's text; a control id is framed, so that text which merely looks like one is told from it."""
    if not token.control:
        return sanitise(token.text)
    before, after = ("<<", ">>") if plain else ("⟪", "⟫")
    return before + sanitise(token.text).strip("<|>") + after


def strip(
    lane: LaneView, width: int, deep: int, plain: bool, marked: int = 0, apart: int = -1
) -> list[tuple[Row, Row]]:
    """The last tokens in `deep` lines of `width` cells: (text, authors), oldest line first, filled from the end.

    An ellipsis stands where there is more before them. Counted from the end, token `marked` stands out, and `apart` is marked
    as one that another world does not have.
    """
    lines: list[Line] = [Line()]
    more = lane.first > 0
    for place, token in enumerate(reversed(lane.stream)):
        whole = MARK * (place == apart) + shown(token, plain)
        if lines[-1].used and lines[-1].used + cell_len(whole) > width:
            if len(lines) == deep:
                more = True
                break
            lines.append(Line())
        style = "bold reverse bad" if place == apart else "reverse " * (0 < place == marked) + author(token.who)
        lines[-1].put(whole if cell_len(whole) <= width else MORE + tail(whole, width - 1), style, token.who)
    if more:
        lines[-1].begin(width)
    return [line.rows() for line in reversed(lines)]


class Line:
    """One line, filled from its end."""

    def __init__(self) -> None:
        self.said: list[Span] = []
        self.who: list[Span] = []
        self.used = 0  # cells

    def put(self, text: str, style: str, who: str) -> None:
        size = cell_len(text)
        self.said.append((text, style))
        self.who.append((who[:1] * size, author(who).split()[-1]))
        self.used += size

    def begin(self, width: int) -> None:
        """With an ellipsis; what came first makes room for it."""
        while self.said and self.used >= width:
            (text, style), (who, _) = self.said.pop(), self.who.pop()
            self.used -= cell_len(text)
            if left := tail(text.removeprefix(MORE), width - 1 - self.used):
                self.put(left, style, who)
        self.said.append((MORE, "dim"))
        self.who.append((" ", "dim"))

    def rows(self) -> tuple[Row, Row]:
        return tuple(reversed(self.said)), tuple(reversed(self.who))
