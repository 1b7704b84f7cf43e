"""Context paging: when a context nears the end of its window, old spans go to the retrieval disk and leave a pointer.

Knows: which stretch of tokens to move, how the rest closes up, how to undo it. Does not know: what the disk is (a device named
`disk` gets the text, with its label), frames (`memory.py` gives back the pages from the cut on). After MemGPT (2023).

Keys carry their positions, so what stands behind a cut must be fed again: cuts are few and big. A stretch goes only once
the disk has said that it holds the text; if it can't, nothing changes, and the window runs on until it is full.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from . import lanes
from .errors import BadCall
from .labels import SYSTEM, Label, Ring
from .limits import COMPACT_AT, COMPACT_TO, KEEP_RECENT, LEAST_CUT
from .process import Process, State
from .space import AddressSpace, Moved

if TYPE_CHECKING:
    from .kernel import Kernel

DEVICE = "disk"


class Cut(NamedTuple):
    """A stretch of tokens first..end-1 that could go."""

    first: int
    end: int


# -- what would go ------------------------------------------------------------------------------------------------------


def plan(kernel: Kernel, space: AddressSpace) -> Cut | None:
    """The stretch that a compaction would move now; None when there is nothing to gain. Changes nothing: this is the preview.

    What stays: the system's own words at the beginning, the newest question, and the newest part of the window. What stands
    before the question goes first, then what was read and written since. Cuts are made at ends of lines. A planner's slots
    stay where they are.
    """
    if space.slot:
        return None
    if space.maps:
        return None  # a mapped document stays where its pages are
    asked, prompt = space.keep
    newest = len(space.tokens) - kernel.capacity * KEEP_RECENT // 100
    wanted = len(space.tokens) - kernel.capacity * COMPACT_TO // 100
    least = LEAST_CUT + 2 * max((record.length for record in space.moved), default=0)  # pointers alone are no gain
    for begin, most in ((_head(space), asked), (prompt, newest)):
        after = _line_end(kernel, space, begin, 1)
        first = _before_pointers(space, after)
        end = _line_end(kernel, space, min(after + wanted, most), -1)
        if end - first >= least:
            return Cut(first, end)
    return None


def _head(space: AddressSpace) -> int:
    """The length of the system's part at the beginning."""
    for start, label in space.spans:
        if label.ring > Ring.SYSTEM:
            return start
    return len(space.tokens)


def _before_pointers(space: AddressSpace, at: int) -> int:
    """Where the pointers begin that stand right before `at`: they go along with what goes next, or they would pile up."""
    for record in reversed(space.moved):
        if record.at + record.length == at:
            at = record.at
    return at


def _line_end(kernel: Kernel, space: AddressSpace, at: int, way: int) -> int:
    """The nearest place at or behind (`way` 1) or at or before (-1) `at` that follows a line's end; `at` if none is near."""
    for i in range(at, at + way * LEAST_CUT * 4, way):
        if i == 0 or (0 < i <= len(space.tokens) and b"\n" in kernel.words[space.tokens[i - 1]][0]):
            return i
    return max(at, 0)


def spans(kernel: Kernel, space: AddressSpace) -> list[tuple[int, int, Label, str]]:
    """The window, span by span: first position, tokens, label, beginning of the text."""
    ends = [start for start, _ in space.spans[1:]] + [len(space.tokens)] * bool(space.spans)
    return [
        (start, end - start, label, _text(kernel, space, start, min(end, start + 24)))
        for (start, label), end in zip(space.spans, ends, strict=False)
    ]


def _text(kernel: Kernel, space: AddressSpace, first: int, end: int) -> str:
    return b"".join(kernel.words[t][0] for t in space.tokens[first:end]).decode("utf-8", "replace")


# -- moving out ---------------------------------------------------------------------------------------------------------


def near(kernel: Kernel, space: AddressSpace) -> bool:
    """Has it reached the watermark?"""
    full = max(kernel.capacity * COMPACT_AT // 100, space.pressed)
    return bool(kernel.config.compact) and len(space.tokens) >= full and space.leaving is None


def calling(process: Process) -> bool:
    """Is it in the middle of an instruction? Nothing is moved then: what it says may rest on what would go."""
    return process.thought is not None and process.thought.capture >= 0


def pressed(kernel: Kernel, process: Process) -> bool:
    """The memory-pressure interrupt: at the watermark the process stops and waits for the disk. False when it may go on."""
    space = process.space
    if not near(kernel, space):
        return False
    if calling(process):
        return False
    cut = plan(kernel, space)
    if cut is None:
        kernel.emit("overflow", process.pid, len(space.tokens), kernel.capacity)
        space.pressed = len(space.tokens) + LEAST_CUT
        return False
    kernel.emit("pressure", process.pid, len(space.tokens), kernel.capacity)
    begin(kernel, process, cut)
    return True


def begin(kernel: Kernel, process: Process, cut: Cut) -> None:
    """Send the stretch to the disk. A process that runs waits for that; one that waits already may go on meanwhile: what it
    hears and says comes behind the stretch."""
    space = process.space
    number = len(space.moved) + 1 + space.undone
    title = f"window {process.pid} part {number}"
    label = space.label_of(cut.first, cut.end - 1)
    text = _text(kernel, space, *cut)
    record = Moved(
        number,
        cut.first,
        0,
        title,
        label,
        tuple(space.tokens[cut.first : cut.end]),
        bytes(space.who[cut.first : cut.end]),
        _spans_of(space, cut),
        text,
    )
    if process.state is State.RUNNING:
        lanes.leave(kernel, process)
        process.move(State.BLOCKED, DEVICE)
    space.leaving = record
    kernel.requests.submit(kernel, process, DEVICE, json.dumps([title, list(label), text]), by_model=False)


def _spans_of(space: AddressSpace, cut: Cut) -> tuple[tuple[int, Label], ...]:
    inside = [(start - cut.first, label) for start, label in space.spans if cut.first < start < cut.end]
    before = [label for start, label in space.spans if start <= cut.first]
    return ((0, before[-1]), *inside)


def finish(kernel: Kernel, process: Process, ok: bool, why: str, origin: str) -> None:
    """The disk has answered: take the stretch out, or leave all as it is. A process that waited for it goes on either way.

    `origin` says where the text is, such as "disk:window 3 part 1"; another machine may have used that title before.
    """
    space, record = process.space, process.space.leaving
    space.leaving = None
    if record is not None and ok:
        if origin.startswith("disk:"):
            record = record._replace(title=origin.removeprefix("disk:"))
        pointer = f"[{len(record.tokens)} tokens were moved to the disk as {record.title!r}: search finds them]\n"
        ids = kernel.codec.encode(pointer)
        kernel.learn(ids)
        _replace(kernel, process, record.at, len(record.tokens), ids, b"K" * len(ids), ((0, SYSTEM),))
        space.moved.append(record._replace(length=len(ids)))
        kernel.emit("moved", process.pid, record.title, len(record.tokens), len(ids))
    elif record is not None:
        space.pressed = len(space.tokens) + LEAST_CUT
        kernel.emit(
            "refused", process.pid, f"the disk did not take {len(record.tokens)} tokens: {why}; nothing was moved"
        )
    if process.waits_for(DEVICE):
        lanes.ready(kernel, process)


def undo(kernel: Kernel, process: Process) -> None:
    """Put the newest moved stretch back where it was. Raises BadCall when there is none, or no room."""
    space = process.space
    if space.leaving is not None:
        raise BadCall(f"a part of pid {process.pid} is on its way to the disk")
    if not space.moved:
        raise BadCall(f"nothing of pid {process.pid} was moved out")
    record = space.moved[-1]
    if len(space.tokens) + len(record.tokens) - record.length > kernel.capacity:
        raise BadCall(f"no room for {len(record.tokens)} tokens in a window of {kernel.capacity}")
    space.moved.pop()
    space.undone += 1
    _replace(kernel, process, record.at, record.length, record.tokens, record.who, record.spans)
    space.pressed = len(space.tokens) + LEAST_CUT
    kernel.emit("undone", process.pid, record.title, len(record.tokens))


def _replace(
    kernel: Kernel,
    process: Process,
    at: int,
    length: int,
    ids: tuple[int, ...],
    who: bytes,
    labels: tuple[tuple[int, Label], ...],
) -> None:
    """Other tokens stand at `at` now instead of `length` old ones; pages from there on are computed again."""
    space, shift = process.space, len(ids) - length
    kernel.memory.cut(space, at // kernel.geometry.page)
    after = [label for start, label in space.spans if start <= at + length]
    space.tokens[at : at + length] = ids
    space.who[at : at + length] = who
    before = [(start, label) for start, label in space.spans if start < at]
    rest = [(start + shift, label) for start, label in space.spans if start > at + length]
    middle = [(at + start, label) for start, label in labels]
    joint = [(at + len(ids), after[-1])] if at + len(ids) < len(space.tokens) else []
    space.spans = _merged([*before, *middle, *joint, *rest])
    process.high = min(process.high, space.resident)
    asked, prompt = space.keep
    if at < asked:
        space.keep = (asked + shift, prompt + shift)
    if process.thought is not None and process.thought.capture >= at:
        process.thought.capture += shift
        process.thought.opened += shift


def _merged(found: list[tuple[int, Label]]) -> list[tuple[int, Label]]:
    """Spans in order, neighbours of one label as one."""
    result: list[tuple[int, Label]] = []
    for start, label in found:
        if not result or result[-1][1] != label:
            result.append((start, label))
    return result


__all__ = ["DEVICE", "Cut", "begin", "finish", "plan", "pressed", "spans", "undo"]
