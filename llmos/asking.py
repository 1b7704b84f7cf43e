"""`llmos ask`: one question to a machine booted for it, and the answer with what it rests on.

Knows: the fields of the answer (a contract). Does not know: argument parsing (`cli.py`), how a machine is made (`boot.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from . import checks
from .audit import AuditFile, default
from .boot import boot
from .errors import LlmosError
from .grounding import Source, ground
from .machine import Machine
from .options import SYSTEM, Options
from .status import SelfTest


def ask(
    question: str, options: Options, limit: int, temperature: int, check: bool, show: Callable[[str], Any] | None
) -> dict[str, Any]:
    """{"answer", "calls", "grounded", "checks", "tokens", "mark", "words"}; `show` gets the console's text as it comes."""
    init = ("ask", question, SYSTEM, limit, temperature)
    machine = boot(replace(options, init=init), _quiet)
    machine.audit = AuditFile(default())
    machine.world.end_input()  # nobody is there to be asked: an Ask is a Deny
    try:
        text, tokens, calls, mark = _run(machine, show)
    finally:
        machine.close()
    asked, room = len(machine.kernel.codec.encode(question)), machine.kernel.capacity
    if not (tokens or calls) and asked > room // 2:
        raise LlmosError(f"the question has {asked:,} tokens and leaves no room in a window of {room:,}")
    told = [{"device": d, "args": a, "result": r, "label": label} for d, a, r, label in calls]
    answer = text.strip()
    grounding = ground(answer, sources(calls), question)
    return {
        "answer": answer,
        "calls": told,
        "grounded": grounding.score,
        "checks": checks.check(answer) if check else [],
        "tokens": tokens,
        "mark": mark,
        "words": [list(word) for word in grounding.words],
    }


def sources(calls: Sequence[tuple[str, str, str, str]]) -> list[Source]:
    """What devices brought in: results that are no errors, under their origin."""
    return [
        Source(label.partition(":")[2], result)
        for device, _, result, label in calls
        if device and not result.startswith("error:")
    ]


def _run(machine: Machine, show: Callable[[str], Any] | None) -> tuple[Any, ...]:
    value: Any = None
    failure = ""
    for events in machine.events():
        for event in events:
            if show is not None and event[1] == "out" and event[3] != "u":
                show(str(event[4]))
            if event[1] == "exit" and event[2] == 2:
                value, failure = event[4], event[5]
    if value is None:
        raise LlmosError(f"no answer: {failure or 'the machine stopped'}")
    return tuple(value)


def _quiet(line: SelfTest) -> None:
    """The command's standard error stays clean."""
