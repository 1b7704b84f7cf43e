"""The program that the CPU runs, as text to read beside it: the forward pass, word for word from its file.

Knows: where the file is. Does not know: how to run it; nothing of it is imported.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from llmos.tui.text import Row, sanitise

WORDS = re.compile(r"^(\s*)(def|class|from|import|return|if|else|for|while|with)\b")


@cache
def program() -> tuple[str, ...]:
    """The lines of `llmos/cpu/model.py`."""
    path = Path(__file__).parents[2] / "cpu" / "model.py"
    return tuple(path.read_text(encoding="utf-8").splitlines())


def source(lines: Sequence[str]) -> list[Row]:
    """Code a little coloured: the first word of statements, and comments, where the shapes stand."""
    rows: list[Row] = []
    for line in lines:
        code, mark, comment = line.partition("  # ")
        found = WORDS.match(code)
        head = found.end() if found else 0
        row: Row = ((sanitise(code[:head]), "accent"), (sanitise(code[head:]), "text"))
        rows.append((*row, (sanitise(mark + comment), "user")) if mark else row)
    return rows
