"""What can be made of a session's events for others: Markdown, a terminal cast, a trace for a browser, strace lines.

Knows: events of a journal, in order. Does not know: machines, screens. Ticks become time at watch speed, since a journal
holds no clock. All but the transcript are made piece by piece, so that a session may be as long as it likes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from llmos_kernel.ports import Event

from .errors import UsageError
from .files import unused
from .narrate import Story, log_line
from .status import Run

TICK = 0.125  # seconds a tick takes in casts and traces: eight tokens a second
AUTHORS = {"u": "You", "m": "Model", "d": "Device", "K": "Machine"}


def fresh(path: Path, content: bytes | str | Iterable[bytes | str]) -> Path:
    """Write a file that is not there yet: name.svg, name-2.svg, ... What fails leaves nothing. Raises UsageError."""
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name the file to write")
    candidate = unused(path)
    try:
        file = candidate.open("xb")
    except OSError as e:
        raise UsageError(f"can't write {candidate}: {e.strerror}") from None
    try:
        with file:
            for piece in (content,) if isinstance(content, (bytes, str)) else content:
                file.write(piece if isinstance(piece, bytes) else piece.encode())
    except BaseException:
        candidate.unlink(missing_ok=True)  # no half of a file
        raise
    return candidate.resolve()


def transcript(runs: Sequence[Run], journal: str = "") -> str:
    """The console as Markdown, a paragraph an author; texts stand in code spans so that nothing in them is markup."""
    lines = ["# llmos session", ""]
    if journal:
        lines += [f"Recorded in `{journal}`.", ""]
    for (who, _), stretch in groupby(runs, lambda run: (run.who, run.pid)):
        text = "".join(run.text for run in stretch).strip("\n")
        if text.strip():
            fence = "`" * (max((len(part) for part in _ticks(text)), default=0) + 3)
            lines += [f"**{AUTHORS.get(who, who)}**", "", f"{fence}text", text, fence, ""]
    return "\n".join(lines)


def _ticks(text: str) -> list[str]:
    """The runs of backquotes in a text."""
    out, now = [], ""
    for char in text + " ":
        if char == "`":
            now += char
        elif now:
            out.append(now)
            now = ""
    return out


def cast(events: Iterable[Event], width: int = 80, height: int = 24) -> Iterator[str]:
    """The console as an asciicast (version 2)."""
    yield json.dumps({"version": 2, "width": width, "height": height, "title": "llmos"}) + "\n"
    for event in events:
        if event[1] == "out":
            text = _inert(str(event[4])).replace("\n", "\r\n")
            yield json.dumps([round(event[0] * TICK, 3), "o", text], ensure_ascii=False) + "\n"


def _inert(text: str) -> str:
    """No escape sequence of a model's or a file's making reaches another terminal."""
    return "".join(c if c == "\n" or c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def chrome_trace(events: Iterable[Event]) -> Iterator[str]:
    """Lanes and processes over time, in the Trace Event Format that browsers' tracing pages read."""
    between = '{"displayTimeUnit": "ms", "traceEvents": [\n'
    for piece in _traced(events):
        yield between + json.dumps(piece, ensure_ascii=False)
        between = ",\n"
    yield "\n]}\n" if between == ",\n" else between + "]}\n"


def _traced(events: Iterable[Event]) -> Iterator[dict[str, Any]]:
    open_since: dict[int, tuple[int, int]] = {}  # lane -> (pid, tick)
    last = 0
    for event in events:
        tick, kind, pid, *data = event
        last = max(last, tick + 1)
        if kind == "switch":
            lane = int(data[0])
            if lane in open_since:
                yield _slice(lane, *open_since[lane], tick)
            open_since[lane] = (pid, tick)
        elif (line := log_line(event)) is not None:
            yield {"name": line.text, "ph": "i", "ts": _us(tick), "pid": 1, "tid": 100 + pid, "s": "t"}
        for lane, (runner, since) in list(open_since.items()):
            if kind in ("exit", "thought", "call") and runner == pid:
                yield _slice(lane, runner, since, tick + 1)
                del open_since[lane]
    for lane, (pid, since) in open_since.items():
        yield _slice(lane, pid, since, last)


def _slice(lane: int, pid: int, since: int, until: int) -> dict[str, Any]:
    return {"name": f"pid {pid}", "ph": "X", "ts": _us(since), "dur": _us(until - since), "pid": 1, "tid": lane}


def _us(ticks: int) -> int:
    return round(ticks * TICK * 1_000_000)


STRACE = (
    "spawn",
    "think",
    "trap",
    "call",
    "result",
    "illegal",
    "refused",
    "judged",
    "ask",
    "answered",
    "thought",
    "exit",
)


def strace(events: Iterable[Event], pid: int | None = None) -> Iterable[str]:
    """A line for each call and what came of it, of one process or all."""
    for event in events:
        if event[1] in STRACE and pid in (None, event[2]):
            line = log_line(event)
            if line is not None:
                yield f"{line.tick:>8}  {_inert(line.text)}"


def _transcript(events: Iterable[Event]) -> Iterator[str]:
    """The newest part of the console, as much as a story keeps."""
    story, last = Story(), 0
    for event in events:
        story.take([event])
        last = event[0]
    yield transcript(story.console(last + 1))


MAKERS: dict[str, Callable[[Iterable[Event]], Iterator[str]]] = {
    "transcript": _transcript,
    "cast": cast,
    "trace": chrome_trace,
}
"""What `llmos replay` can write of a session's events -> how. It writes a recording without words, too (`film.py`)."""
