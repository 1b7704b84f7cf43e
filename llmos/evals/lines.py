"""Files of one JSON object a line: what every evaluation is given.

Knows: how such a file is read, and how a fault in it is told: the file, the line, one reason. Does not know: what an object
should say; its reader says so by raising `Wrong`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from llmos.errors import UsageError

MAX_LINES = 1_000_000
MAX_LINE = 1_000_000  # characters
MAX_FILE = 256 << 20  # bytes

T = TypeVar("T")


class Wrong(ValueError):
    """What an object should say and does not, in one line."""


def read(path: Path, meant: Callable[[int, dict[str, Any]], T]) -> list[T]:
    """What `meant` makes of each object and the number of its line. Raises UsageError about the first fault."""
    found: list[T] = []
    for number, text in _lines(path):
        try:
            if len(text) > MAX_LINE:
                raise Wrong(f"longer than {MAX_LINE:,} characters")
            found.append(meant(number, _object(text)))
        except Wrong as wrong:
            raise UsageError(f"{path}, line {number}: {wrong}") from None
        if len(found) > MAX_LINES:
            raise UsageError(f"{path}: more than {MAX_LINES:,} lines")
    if not found:
        raise UsageError(f"{path}: empty; it takes one JSON object a line")
    return found


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that say something, with their numbers. They end at newlines alone: text in JSON may hold other ends."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise UsageError(f"{path}: larger than {MAX_FILE >> 20} MB")
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: {(error.strerror or 'it cannot be read').lower()}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}, line {data[: error.start].count(10) + 1}: not UTF-8") from None
    return ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line, parse_int=_whole)
    except RecursionError:
        raise Wrong("nested too deeply") from None
    except ValueError as error:
        raise Wrong(f"no JSON: {str(error)[:80]}") from None
    if not isinstance(value, dict):
        raise Wrong("no object; a line is written as {...}")
    return value


def _whole(digits: str) -> int | float:
    """A number too long to be read as one is endless."""
    return int(digits) if len(digits) < 1000 else float(digits)
