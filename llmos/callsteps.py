"""The last call of a process, step by step: the stop, the call as it was written, the check, the device, what came back.

Knows: the events that a call leaves, and which ids were left to choose from where masks were seen. Does not know: the kernel's
tables, screens. A recording has no masks: it tells that there were some, and not what they left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from llmos_kernel.kernel import Kernel
from llmos_kernel.labels import Label, Ring
from llmos_kernel.look import word
from llmos_kernel.ports import Event

from .choices import Choices
from .status import Fact

NOTED = ("trap", "forming", "checked", "ask", "answered", "call", "result", "illegal", "injected")
"""Events that a call leaves, in the order in which they come."""
ENDS = ("result", "illegal", "injected")
SAID = {"allow": "allowed", "deny": "denied", "ask": "held, to ask the person"}
FEW = 6  # ids that a mask left, told of one token


def label(value: Label) -> str:
    """A label in words."""
    readers = f", readers {', '.join(value.readers)}" if value.readers else ""
    origin = f", from {', '.join(value.origin)}" if value.origin else ""
    return f"{Ring(value.ring).name}{readers}{origin}"


def last(noted: Sequence[Event], devices: Sequence[str]) -> list[Event]:
    """Of all that was noted of one process, what its last call left; none where it has called nothing."""
    begins = [i for i, event in enumerate(noted) if event[1] == "trap" or _by_program(event, devices)]
    if not begins:
        return []
    first, *rest = noted[begins[-1] :]
    if first[1] == "trap":
        return [first, *rest]
    mine = (event for event in rest if event[1] == "answered" or first[3] in event[3:5])
    return [first, *mine]  # calls of other devices may be under way


def _by_program(event: Event, devices: Sequence[str]) -> bool:
    return event[1] == "checked" and event[5] == "program" and event[3] in devices


def told(kernel: Kernel, choices: Choices, steps: Sequence[Event]) -> Iterator[Fact]:
    """The steps in order; then, of a model's call, each of its tokens."""
    first, end = steps[0], steps[-1]
    if first[1] == "trap":
        yield Fact("trap", f"tick {first[0]:,}: the model emitted TRAP, so that what follows is for the kernel")
        if formed := [event for event in steps if event[1] == "forming"]:
            yield Fact("written", str(formed[-1][3]), "m")
        yield Fact("grammar", _grammar(kernel))
    else:
        yield Fact("written", f"{first[3]} {first[4]}", "K")
    for tick, kind, _, *data in steps:
        yield from TELLERS[kind](tick, *data) if kind in TELLERS else ()
    done = any(event[1] in ENDS for event in steps)
    yield Fact("took", f"{end[0] - first[0]:,} ticks in all" if done else "not answered yet")
    yield from _tokens(kernel, choices, steps)


def _grammar(kernel: Kernel) -> str:
    if not kernel.config.grammar:
        return "none: each of its tokens was the model's own choice"
    return "each of its tokens was one that leaves it a call of what is mounted"


def _checked(
    tick: int, device: str, args: str, by: str, verdict: str, rule: str, why: str, *more: Any
) -> Iterator[Fact]:
    said = f"{SAID.get(verdict, verdict)}, rule {rule}"
    yield Fact("check", f"tick {tick:,}: {device} {args}: {said}{f', {why}' if why else ''}")
    yield Fact("its words", label(Label(*more[0])))


def _called(tick: int, device: str, text: str, by: str) -> Iterator[Fact]:
    yield Fact("device", f"tick {tick:,}: {device} began")


def _came(tick: int, device: str, text: str, ok: int, origin: str) -> Iterator[Fact]:
    yield Fact("device", f"tick {tick:,}: {device} {'is done' if ok else 'failed'}; what it brings is from {origin}")
    yield Fact("result", text, "d")


def _injected(tick: int, first: int, count: int, of: Any) -> Iterator[Fact]:
    place = f"tokens {first:,}-{first + count - 1:,} of the context, in tick {tick:,}"
    yield Fact("its label", f"{label(Label(*of))}; {place}")


TELLERS: dict[str, Callable[..., Iterator[Fact]]] = {
    "checked": _checked,
    "ask": lambda tick, number, *_: iter([Fact("asked", f"tick {tick:,}: question {number}, to the person")]),
    "answered": lambda tick, number, what: iter([Fact("answered", f"tick {tick:,}: {what}")]),
    "call": _called,
    "result": _came,
    "illegal": lambda tick, why: iter([Fact("illegal", f"tick {tick:,}: {why}")]),
    "injected": _injected,
}


def _tokens(kernel: Kernel, choices: Choices, steps: Sequence[Event]) -> Iterator[Fact]:
    """Each token between TRAP and its end, and what the grammar left to choose from."""
    at = next((event[10] for event in steps if event[1] == "checked"), -1)
    before = ""
    for tick, _, pid, text in (event for event in steps if event[1] == "forming"):
        piece = repr(text.removeprefix(before))
        known = choices.at(pid, at) if at >= 0 else None
        yield Fact(
            f"tick {tick:,}", f"{piece}{_left(kernel, known.may, known.some) if known and known.may >= 0 else ''}", "m"
        )
        before, at = text, at + (at >= 0)


def _left(kernel: Kernel, may: int, some: Sequence[int]) -> str:
    """The ids that a mask left, in a few words."""
    if may == 1:
        return "   the only one that was left"
    shown = " ".join(repr(word(kernel, token)) for token in some[:FEW])
    return f"   1 of {may:,} that were left: {shown}{' ...' if may > FEW else ''}"
