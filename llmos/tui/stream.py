"""A stream of tokens in rows: the text, and under it who wrote each part.

Knows: token views, cells. Does not know: lanes, panels.
"""

from __future__ import annotations

from collections.abc import Sequence

from llmos_kernel.view import TokenView

from .text import Row, Span, cell_len, sanitise, tail
from .theme import author

MARK = "▮"  # stands before what only one of two worlds has


def shown(token: TokenView, plain: bool) -> str:
    """A token's text; a control id is framed, so that text which merely looks like one is told from it."""
    if not token.control:
        return sanitise(token.text)
    before, after = ("<<", ">>") if plain else ("⟪", "⟫")
    return before + sanitise(token.text).strip("<|>") + after


def strip(
    stream: Sequence[TokenView], width: int, deep: int, plain: bool, marked: int = 0, apart: int = -1
) -> list[tuple[Row, Row]]:
    """The last tokens in `deep` lines of `width` cells: (text, authors), oldest line first, filled from the end.

    Counted from the end, token `marked` stands out, and `apart` is marked as one that another world does not have.
    """
    lines: list[tuple[list[Span], list[Span], int]] = []
    said: list[Span] = []
    who: list[Span] = []
    used = 0
    for place, token in enumerate(reversed(stream)):
        text = MARK * (place == apart) + shown(token, plain)
        size = cell_len(text)
        if used + size > width:
            if not said:  # one token wider than the line: its end
                text = tail(text, width)
                size = cell_len(text)
            else:
                lines.append((said, who, used))
                if len(lines) == deep:
                    break
                said, who, used = [], [], 0
                text = tail(text, width)
                size = cell_len(text)
        style = "bold reverse bad" if place == apart else "reverse " * (0 < place == marked) + author(token.who)
        said.append((text, style))
        who.append((token.who[:1] * size, author(token.who).split()[-1]))
        used += size
    else:
        lines.append((said, who, used))
    return [(tuple(reversed(text)), tuple(reversed(marks))) for text, marks, _ in reversed(lines)]
