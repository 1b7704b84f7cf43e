"""Reading files that somebody else wrote: every count, offset and size is compared with the file before it is used.

Knows: how to refuse. Does not know: what a file means. Inside the loaders a fault is a `Damaged`, with what is wrong and
not where; `load` adds the path and makes it the one line that a person reads.
"""

from __future__ import annotations

import json
import reprlib
import stat
from pathlib import Path
from typing import Any

MAX_JSON = 64 * 2**20
"""Bytes of one JSON text: tokenizers of large vocabularies have 35 MB. Read, a text of empty lists takes 25 times that."""

MAX_COUNT = 2**31 - 1
"""No size in a model's description is larger."""

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 60


class Damaged(ValueError):
    """The file breaks its own format, or asks for what we do not do."""


def size_of(path: Path) -> int:
    """Bytes of a regular file. Damaged when it is anything else (a folder, a pipe, a device); OSError when not there."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise Damaged("not a regular file")
    return found.st_size


def read_bytes(path: Path, most: int) -> bytes:
    """A whole file of at most `most` bytes."""
    size = size_of(path)
    if size > most:
        raise Damaged(f"{path.name} has {size:,} bytes; more than {most:,} can't be right")
    with path.open("rb") as file:
        return file.read(most + 1)


def read_object(path: Path, most: int = MAX_JSON) -> dict[str, Any]:
    """A JSON file that holds one object."""
    return parse_object(read_bytes(path, most), path.name)


def parse_object(data: bytes, name: str) -> dict[str, Any]:
    """One JSON object; no key may come twice in any object."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
    except UnicodeDecodeError as e:
        raise Damaged(f"{name} is not UTF-8 (byte {e.start})") from None
    except RecursionError:
        raise Damaged(f"{name} is nested too deeply") from None
    except Damaged as e:
        raise Damaged(f"{name}: {e}") from None
    except ValueError as e:
        raise Damaged(f"{name} is not JSON: {e}") from None
    if not isinstance(value, dict):
        raise Damaged(f"{name} holds no JSON object")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Damaged(f"the key {shown(key)} comes twice")
        found[key] = value
    return found


def shown(value: object) -> str:
    """Something from the file inside a message: printable, and short, however long or deep it is."""
    text = _SHORT.repr(value).encode("ascii", "backslashreplace").decode()
    return text if len(text) <= 60 else text[:57] + "..."


def count(value: Any, what: str, least: int = 1, most: int = MAX_COUNT) -> int:
    """A whole number between `least` and `most`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Damaged(f"{what} is {shown(value)}, not a whole number from {least:,} to {most:,}")
    return value


def number(value: Any, what: str, least: float = 0.0, most: float = 1e12) -> float:
    """A finite number in (`least`, `most`]."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Damaged(f"{what} is {shown(value)}, not a finite number")
    if not least < value <= most:  # false for NaN, too
        raise Damaged(f"{what} is {shown(value)}, not in ({least:g}, {most:g}]")
    return float(value)


def flag(value: Any, what: str) -> bool:
    """True or false, nothing else."""
    if not isinstance(value, bool):
        raise Damaged(f"{what} is {shown(value)}, not true or false")
    return value


def text(value: Any, what: str) -> str:
    """A string."""
    if not isinstance(value, str):
        raise Damaged(f"{what} is {shown(value)}, not text")
    return value
