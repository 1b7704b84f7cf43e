"""`llmos replay` without a screen: a journal run again and told as lines, or made into something for others.

Knows: what a journal's events are made of. Does not know: argument parsing, screens.
"""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from . import journal as journals
from .boot import sources
from .errors import LlmosError
from .narrate import log_line
from .printing import printable


def replay(path: Path, tick: int | None, events: bool, quiet: bool = False) -> dict[str, Any]:
    """Run a journal again and, unless `quiet`, tell its story; {"ticks", "events", "processes", "halted"}."""
    import json as jsonlib

    from llmos_apps import PROGRAMS
    from llmos_kernel.accounts import gantt
    from llmos_kernel.errors import Divergence
    from llmos_kernel.journal import replay as run_again
    from llmos_kernel.look import snapshot

    header, records = journals.read(path)
    count, kernel = 0, None
    try:
        for kernel in run_again(header, records, PROGRAMS):
            for event in kernel.take_events():
                count += 1
                line = log_line(event)
                if events:
                    print(jsonlib.dumps(_jsonable(event), ensure_ascii=False))
                elif line and not quiet:
                    print(f"{line.tick:>6} {printable(line.text)}", file=sys.stderr)
            if tick is not None and kernel.tick >= tick:
                break
    except Divergence as e:
        hint = "" if header.sources == sources() else " (the programs have changed since it was recorded)"
        raise LlmosError(f"{path}: the replay took another way: {e}{hint}") from None
    assert kernel is not None
    if not events and not quiet:
        print(f"\nThe lanes in the last ticks:\n{gantt(kernel.timeline)}", file=sys.stderr, end="")
    processes = [asdict(p) for p in snapshot(kernel).processes]
    return {"ticks": kernel.tick, "events": count, "processes": processes, "halted": kernel.halted}


def export(path: Path, strace: bool, outs: dict[str, Path], json: bool) -> dict[str, Any]:
    """What can be made of a journal: {"events": n, and for each thing written its path}. With `json` the calls go aside."""
    from . import exports, recording

    written = {}
    for what, out in outs.items():  # each is a replay of its own: a long session is never in memory as a whole
        written[what] = str(exports.fresh(out, exports.MAKERS[what](recording.events(path))))
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
