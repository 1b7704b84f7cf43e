"""A program on standard input and output, as lines: for pipes, screen readers and terminals that are no machine room.

Knows: what of the events a person sees. Does not know: argument parsing, how the machine is made.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .audit import AuditFile, default
from .boot import boot
from .machine import Machine
from .narrate import log_line
from .onlooker import Onlooker
from .options import Options
from .printing import printable
from .status import SelfTest


def run_plain(program: str, options: Options, json: bool, references: Path | None = None) -> int:
    """A program on standard input and output; its exit status. Ctrl-C interrupts the foreground process."""
    options = replace(options, trace=references is not None)
    machine = boot(options, _boot_lines)
    machine.audit = AuditFile(default())
    write = sys.stderr.write if json else sys.stdout.write
    status, failure, touched = 0, "", list[dict[str, Any]]()
    onlooker = Onlooker(machine, write)
    threading.Thread(target=_feed, args=(machine, onlooker), daemon=True).start()
    pending = machine.events(onlooker.answer)
    while True:
        try:
            for events in pending:
                _print_out(events, write)
                onlooker.follow(events)
                status = next((e[3] for e in events if e[1] == "exit" and e[2] == 1), status)
                failure = next((e[5] for e in events if e[1] == "exit" and e[2] <= 2 and e[5]), failure)
                touched += [
                    {"pid": e[2], "program": e[3], "references": list(e[4])} for e in events if e[1] == "references"
                ]
            break
        except KeyboardInterrupt:
            machine.command("interrupt")
            pending = machine.events(onlooker.answer)
    if json:
        import json as jsonlib

        print(jsonlib.dumps({"program": program, "status": status, "ticks": machine.kernel.tick}))
    if failure and status != 130:  # a Ctrl-C is told by the command line
        print(f"llmos: {program}: {printable(failure)}", file=sys.stderr)
    machine.close()
    if references is not None:
        from .labs.references import save

        save(references, touched)
    return int(status)


def _feed(machine: Machine, onlooker: Onlooker) -> None:
    for line in sys.stdin:
        text = line.rstrip("\n")
        if onlooker.wants(text):
            onlooker.typed(text)
        else:
            machine.type(text)
    machine.world.end_input()


KERNEL_SIGN = "⛨"  # begins what only the kernel says; programs and models can't print it


def _print_out(events: Sequence[tuple[Any, ...]], write: Callable[[str], Any]) -> None:
    for event in events:
        if event[1] == "out" and event[3] != "u":
            write(printable(event[4]).replace(KERNEL_SIGN, "?"))
        elif event[1] == "ask":
            write(printable(f"\n{KERNEL_SIGN} the kernel asks: {event[4]} {event[5]}\n"))
            write(printable(f"  its words are {event[6]}; {event[8]}. once, process, never or no?\n"))
        elif event[1] in ("deadlock", "oom") and (line := log_line(event)):
            write(printable(f"{KERNEL_SIGN} {line.text}\n"))
    sys.stdout.flush()


def _boot_lines(line: SelfTest) -> None:
    """Boot progress for plain runs: only what is finished, on standard error."""
    if line.state == "ok":
        print(f"{line.part:<8} {line.text}", file=sys.stderr)
