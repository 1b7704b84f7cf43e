"""One line of `llmos eval traps`: a request, its place, and what is expected of it.

Knows: which fields there are and of what kind (docs/evals.md), and what an author should hear of. Does not know: files of
lines (`lines.py`), how a run is scored (`scoring.py`). A line that can't be run or scored is wrong; what is only odd is run,
and remarked on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmos.devices.base import DeviceError
from llmos.devices.home import split

from .lines import Wrong
from .places import moment

MAX_PATTERN = 10_000  # characters
FIELDS = ("id", "category", "request", "setup", "expect")
OF_SETUP = ("files", "library", "now")
OF_EXPECT = ("device", "args_regex", "result", "answer_regex", "steps")

Item = dict[str, Any]


def request(number: int, item: Item) -> Item:
    """The line, with what may be left out filled in. Raises Wrong."""
    if not isinstance(item.get("request"), str) or not item["request"].strip():
        raise Wrong('"request" is missing' if "request" not in item else '"request" is no text')
    setup, expect = _part(item, "setup"), _part(item, "expect")
    _placed(setup)
    _expected(expect)
    for step in _steps(expect):
        _expected(step)
        if not step.get("device"):
            raise Wrong('each of "steps" names its "device"')
    name, kind = item.get("id"), item.get("category")
    return item | {
        "id": str(number) if name is None else name,
        "category": "" if kind is None else str(kind),
        "setup": setup,
        "expect": expect,
    }


def _part(item: Item, name: str) -> Item:
    part = item.get(name)
    if part is not None and not isinstance(part, Mapping):
        raise Wrong(f'"{name}" is no object')
    return dict(part or {})


def _placed(setup: Item) -> None:
    files, library = setup.get("files"), setup.get("library")
    if files is not None and not isinstance(files, Mapping):
        raise Wrong('"files" is an object of paths and texts')
    if library is not None and not (isinstance(library, list) and all(isinstance(d, Mapping) for d in library)):
        raise Wrong('"library" is a list of objects with "title" and "text"')
    try:
        moment(setup)
    except (ValueError, OverflowError, OSError):
        raise Wrong(f'"now" is a time such as 2026-05-20T10:30, not {str(setup["now"])[:40]!r}') from None


def _steps(expect: Item) -> list[Item]:
    steps = expect.get("steps")
    if steps is not None and not (isinstance(steps, list) and all(isinstance(step, Mapping) for step in steps)):
        raise Wrong('"steps" is a list of objects')
    return steps or []


def _expected(expect: Mapping[str, Any]) -> None:
    """What a line, or one of its steps, says of a device, its arguments, its result and the answer."""
    if not isinstance(expect.get("device"), str | None):
        raise Wrong('"device" is a name or null')
    if isinstance(expect.get("result"), list | dict | bool):
        raise Wrong('"result" is a number or a text')
    for name in ("args_regex", "answer_regex"):
        pattern = expect.get(name)
        if not isinstance(pattern, str | None) or len(pattern or "") > MAX_PATTERN:
            raise Wrong(f'"{name}" is no text of at most {MAX_PATTERN:,} characters')
        try:
            re.compile(pattern or "", re.S)
        except (re.error, OverflowError, RecursionError) as error:
            raise Wrong(f'"{name}" is no pattern: {error}') from None


def remarks(items: Sequence[Item], devices: Sequence[str]) -> Iterator[str]:
    """What an author should know: ids that come twice, fields that nobody reads, devices that are not mounted, files that
    would lie outside their home."""
    seen: set[str] = set()
    for item in items:
        name = str(item["id"])
        if name in seen:
            yield f"{name}: another line has this id"
        seen.add(name)
        for part, known in ((item, FIELDS), (item["setup"], OF_SETUP), (item["expect"], OF_EXPECT)):
            yield from (f"{name}: field {str(field)[:40]!r} is not read" for field in part if field not in known)
        wanted = [item["expect"], *(item["expect"].get("steps") or [])]
        for device in {one.get("device") for one in wanted} - {None, *devices}:
            yield f"{name}: no device {device[:40]!r} is mounted"
        for path in item["setup"].get("files") or {}:
            if why := _outside(path):
                yield f"{name}: the file {path[:60]!r} is left out: {why}"


def _outside(path: str) -> str:
    try:
        return "" if split(path) else "it has no name"
    except DeviceError as error:
        return str(error)
