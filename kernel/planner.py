"""A planner: a process whose own tokens can't attend to what came from outside, and who may carry it all the same.

Knows: slots (stretches of whole pages, all of one size, that hold words from outside), handles, what a reader may hand
back. Does not know: what the words say, how a table leaves the slots out (`space.py`), who may do what (`monitor.py`).

Whatever is tainted or private goes into a slot. The planner gets a *handle* for it, `@data1`: it may write that into a call,
where the kernel puts the words in its place, and can't look inside. To learn something of the words it starts a *reader*: a
child with the same context that does see the slots, has no rights, and ends with one value of a type declared before. Each
value costs bits of a budget. Positions go on after a slot as if it were full, so not even a length comes through.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import guard, life, rights
from .effects import effect_of
from .errors import BadCall, Denied
from .labels import SYSTEM, Label, data, join, join_all, private, tainted
from .limits import MAX_BITS, MAX_SLOT, MAX_VALUES
from .monitor import Action
from .process import Process
from .space import AddressSpace

if TYPE_CHECKING:
    from .kernel import Kernel

HANDLE = re.compile(r"@data([1-9]\d{0,3})\b")


def sys_planner(kernel: Kernel, process: Process, pages: int) -> None:
    """From now on and for good, words from outside go into slots of `pages` pages. The context is still empty."""
    if process.space.tokens or life.children(kernel, process.pid):
        raise BadCall("planner: a planner begins with an empty context and without children")
    if type(pages) is not int or not 1 <= pages <= MAX_SLOT:
        raise BadCall(f"planner: a slot has 1 to {MAX_SLOT} pages; got {pages!r}")
    process.space.slot, process.space.work = pages, None


def outside(space: AddressSpace, label: Label) -> bool:
    """Do words with this label go into a slot?"""
    return space.slot > 0 and (tainted(label) or private(label))


def hide(kernel: Kernel, space: AddressSpace, text: str, label: Label) -> str:
    """Put words into a slot of their own; their handle. What the slot can't hold the handle holds all the same."""
    _slot(kernel, space, text, label, (), kernel.codec.encode("\n")[:1], SYSTEM)
    return f"@data{len(space.handles)}"


def answer(kernel: Kernel, space: AddressSpace, text: str, label: Label) -> str:
    """The same for what a device brought: what the model sees of it is the handle, in the form of a result."""
    handle = f"@data{len(space.handles) + 1}"
    *head, end = kernel.dialect.answer(kernel.codec, handle)
    _slot(kernel, space, text, label, head, (end,), data("kernel"))
    return handle


def _slot(
    kernel: Kernel, space: AddressSpace, text: str, label: Label, head: Sequence[int], end: Sequence[int], own: Label
) -> None:
    """`head` up to the end of its page, the words up to the end of their slot, `end`: so no slot's token is sampled from."""
    page = kernel.geometry.page
    size, filler = space.slot * page, tuple(kernel.codec.encode("\n")[:1])
    kernel.append(space, (*head, *filler * (-(len(space.tokens) + len(head)) % page)), own, "d")
    seen, ids = space.tail, tuple(kernel.codec.encode(text))[:size]
    space.hidden = (*space.hidden, len(space.tokens) // page)
    kernel.append(space, ids + filler * (size - len(ids)), label, "d")
    space.tail = seen
    kernel.append(space, end, own, "d")
    space.handles = (*space.handles, (text, label))


def stretch(space: AddressSpace, count: int, page: int) -> int:
    """Of the next `count` tokens to feed, those before the next edge of a slot: a burst is inside one, or outside of all."""
    for first in space.hidden:
        for edge in (first * page, (first + space.slot) * page):
            if space.resident < edge:
                count = min(count, edge - space.resident)
    return count


def action(space: AddressSpace, device: str, text: str, label: Label, by: str) -> Action:
    """A call with its handles opened. Where the words only fill in content, they don't steer the call."""
    opened = [space.handles[n - 1] for m in HANDLE.finditer(text) if (n := int(m[1])) <= len(space.handles)]
    if not opened:
        return Action(device, text, label, by)
    full = HANDLE.sub(lambda m: space.handles[int(m[1]) - 1][0] if int(m[1]) <= len(space.handles) else m[0], text)
    brought = join_all(label for _, label in opened)
    read = [effect_of(device, words)._replace(size=0) for words in (text, HANDLE.sub("x", text), full)]
    if read[0] == read[1] == read[2]:
        return Action(device, full, label, by, (("text", brought),))
    return Action(device, full, join(label, brought), by)


# -- readers ------------------------------------------------------------------------------------------------------------


def sys_reader(kernel: Kernel, process: Process, program: str, values: int, *args: Any) -> int:
    """A child that sees the slots, may do nothing, and ends with a status of 0 to `values` - 1. Costs its bits now."""
    if type(values) is not int or not 2 <= values <= MAX_VALUES:
        raise BadCall(f"reader: a type has 2 to {MAX_VALUES} values; got {values!r}")
    guard.permit(kernel, process, "fork", program)
    _pay(process, (values - 1).bit_length())
    space = _seeing(kernel, process.space)
    child = life.create(kernel, process.pid, program, args, process.seed, space, process.ring)
    child.heard = join(child.heard, space.tail)
    guard.add_layer(kernel, child, rights.manifest({}))
    child.values = values
    return child.pid


def _pay(process: Process, bits: int) -> None:
    """From the budget that its manifests name, which its family shares, or else from its own."""
    most = rights.quota(process.rights, "bits")
    spent = process.used.get("bits", 0) if most is None else rights.spent(process.rights, process.purses)["bits"]
    if spent + bits > (MAX_BITS if most is None else most):
        raise Denied(f"reader: over its budget of {MAX_BITS if most is None else most} bits")
    for counts in (*process.purses, process.used):
        counts["bits"] = counts.get("bits", 0) + bits


def _seeing(kernel: Kernel, planner: AddressSpace) -> AddressSpace:
    """The same context over the same pages, with nothing left out from here on."""
    space = kernel.memory.fork(planner)
    first = space.hidden[0] * kernel.geometry.page if space.hidden else len(space.tokens)
    if space.resident > first:
        space.lossy = first  # what the planner computed after it was computed without the slots
    space.tail = join_all(label for _, label in space.spans)
    space.slot, space.hidden, space.handles = 0, (), ()
    return space


def handed(kernel: Kernel, process: Process, status: int) -> int:
    """What a parent gets to know of an end: a value of the declared type; a planner of other children, that they failed."""
    parent = kernel.processes.get(process.ppid)
    if process.values:
        return status if 0 <= status < process.values else 0
    return int(status != 0) if parent is not None and parent.space.slot else status


def sys_hand(kernel: Kernel, process: Process, text: str) -> str:
    """Give the planner that waits for me words that it can't read. The handle."""
    parent = kernel.processes.get(process.ppid)
    if parent is None or not parent.space.slot:
        raise BadCall("hand: my parent is no planner")
    if not (parent.waits_for("a child") or parent.waits_for(f"child {process.pid}")):
        raise BadCall("hand: my parent does not wait for me")
    if not isinstance(text, str):
        raise BadCall("hand takes text")
    return hide(kernel, parent.space, text, process.heard)
