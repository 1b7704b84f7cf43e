"""`llmos replay` without a screen: a journal run again and told as lines, or made into something for others.

Knows: what a journal's events are made of. Does not know: argument parsing, screens.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from llmos_kernel.ports import Event

from .narrate import log_line
from .printing import printable


def replay(path: Path, tick: int | None, events: bool, quiet: bool = False) -> dict[str, Any]:
    """Run a journal again and, unless `quiet`, tell its story: what was said on standard output, the log beside it.

    Gives {"ticks", "events", "processes", "halted"}.
    """
    import json as jsonlib

    from llmos_kernel.accounts import gantt
    from llmos_kernel.look import snapshot

    from .film import Shot
    from .filmed import NOTICE
    from .recording import lives

    count, kernel = 0, None
    spoken = Spoken()
    for kernel in lives(path):
        if isinstance(kernel, Shot) and not kernel.tick and not quiet:
            print(NOTICE, file=sys.stderr)
        for event in kernel.take_events():
            count += 1
            line = log_line(event)
            if events:
                print(jsonlib.dumps(_jsonable(event), ensure_ascii=False))
            elif line and not quiet:
                print(f"{line.tick:>6} {printable(line.text)}", file=sys.stderr)
            if not events and not quiet:
                spoken.hear(event)
        if tick is not None and kernel.tick >= tick:
            break
    assert kernel is not None
    if not events and not quiet:
        spoken.end()
        print(f"\nThe lanes in the last ticks:\n{gantt(kernel.timeline)}", file=sys.stderr, end="")
    seen = kernel.view.snapshot if isinstance(kernel, Shot) else snapshot(kernel)
    processes = [asdict(p) for p in seen.processes]
    return {"ticks": kernel.tick, "events": count, "processes": processes, "halted": kernel.halted}


class Spoken:
    """What the console showed, on standard output: whole lines, as several processes may be in the middle of theirs."""

    def __init__(self) -> None:
        self.begun: dict[int, str] = {}  # pid -> its line so far

    def hear(self, event: Event) -> None:
        if event[1] == "out" and isinstance(event[4], str):
            *lines, self.begun[event[2]] = (self.begun.pop(event[2], "") + event[4]).split("\n")
            for line in lines:
                print(printable(line), flush=True)

    def end(self) -> None:
        """What was left unfinished; a prompt at which nobody typed is nothing said."""
        for line in self.begun.values():
            if line.strip() not in ("", ">"):
                print(printable(line))


def export(path: Path, strace: bool, outs: dict[str, Path], json: bool) -> dict[str, Any]:
    """What can be made of a journal: {"events": n, and for each thing written its path}. With `json` the calls go aside."""
    from . import exports, recording

    written = {}
    for what, out in outs.items():  # each is a replay of its own: a long session is never in memory as a whole
        written[what] = str(exports.fresh(out, recording.made(path, what)))
    count = 0
    for event in recording.events(path):
        count += 1
        for line in exports.strace([event]) if strace else ():
            print(line, file=sys.stderr if json else sys.stdout)
    return {"events": count, **written}


def _jsonable(value: Any) -> Any:
    if isinstance(value, (tuple, list)):
        return [_jsonable(v) for v in value]
    return value.hex() if isinstance(value, bytes) else value
