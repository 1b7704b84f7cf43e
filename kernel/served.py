"""Devices that are the kernel itself: `shell`, `send`, `sleep` and `exit`, called like any other device.

Knows: how each is written, the table of requests that brings the answer to whoever asked, model or program. Does not know:
how a call was found or judged (`instructions.py`, `guard.py`): what comes here may be done. A shell's line runs as a child of
its caller, under the caller's rights, and all that the child and its own children heard goes with the answer. `send` to a
name that is no process here is left to the world, which keeps mailboxes for people.
"""

from __future__ import annotations

from heapq import heappush
from typing import TYPE_CHECKING

from . import life, mail
from .errors import BadCall, KernelError, LimitReached, NoSuchProcess
from .forms import RECIPIENT
from .labels import join
from .limits import MAX_SHELLS, MAX_SLEEP, MAX_TYPED, SHELL_TICKS
from .ports import Delivery, Request
from .process import Process, State

if TYPE_CHECKING:
    from .kernel import Kernel

SHELL = "sh-c"  # the program that runs one line


def serve(kernel: Kernel, process: Process, number: int) -> None:
    """Do what request `number` asks, or say why not; its answer comes now or later, like a device's."""
    pending = kernel.requests.table[number]
    try:
        {"shell": _shell, "send": _send, "sleep": _sleep, "exit": _exit}[pending.device](kernel, process, number)
    except KernelError as e:
        _answer(kernel, number, str(e), ok=False)


def _answer(kernel: Kernel, number: int, text: str, ok: bool = True) -> None:
    device = kernel.requests.table[number].device
    origin = device if device == "shell" else "kernel"
    kernel.requests.done(kernel, number, Delivery("done", str(number), (text, origin), int(ok)))


# -- shell --------------------------------------------------------------------------------------------------------------


def _shell(kernel: Kernel, process: Process, number: int) -> None:
    """A child that speaks into this request and hears nothing. It and its children are one job, which ends with it."""
    pending = kernel.requests.table[number]
    line = pending.text.strip()
    if not line or len(line) > MAX_TYPED or not line.isprintable():
        raise BadCall(f"write one line of at most {MAX_TYPED} characters, as in: cat notes.txt | grep milk")
    if _depth(kernel, process) >= MAX_SHELLS:
        raise LimitReached(f"{MAX_SHELLS} shells inside each other are enough")
    child = life.create(kernel, process.pid, SHELL, (line,), process.seed, None, process.ring)
    life.leave_group(kernel, child)
    life.join_group(kernel, child, child.pid)
    if pending.by_model:
        child.heard = join(child.heard, process.space.tail)
    for channel in (0, 1):
        life.plug(kernel, child, channel, f"request:{number}")
    child.limits["ticks"] = min(SHELL_TICKS, child.limits.get("ticks", SHELL_TICKS))
    life.watch_ticks(kernel, child)
    child.request, pending.child = number, child.pid


def _depth(kernel: Kernel, process: Process | None) -> int:
    """How many shells a process lives in."""
    depth = 0
    while process is not None and process.pid != 1:
        depth += process.request > 0
        process = kernel.processes.get(process.ppid)
    return depth


def ended(kernel: Kernel, shell: Process) -> None:
    """A shell's line is over: what is left of its job ends too, and the answer is what they said."""
    for other in [p for p in kernel.processes.values() if p.group == shell.pid]:
        if other.state is not State.ZOMBIE:  # an earlier one may have taken it along
            life.end(kernel, other, 137, None, "its shell has ended")
    pending = kernel.requests.table.get(shell.request)
    if pending is None:
        return
    pending.heard = join(pending.heard, shell.heard)
    said = pending.output.strip("\n")
    how = "" if shell.status == 0 else f"the shell ended: {shell.why}"
    _answer(kernel, shell.request, "\n".join(part for part in (said, how) if part) or "done", ok=not how)


# -- send, sleep, exit --------------------------------------------------------------------------------------------------


def _send(kernel: Kernel, process: Process, number: int) -> None:
    pending = kernel.requests.table[number]
    match = RECIPIENT(pending.text.strip())
    text = (match[2] or "").strip() if match else ""
    if match is None or not text:
        raise BadCall("write it as: NAME TEXT")
    target = _process(kernel, process, match[1])
    if target is None:
        kernel.world.submit(Request(number, process.pid, pending.device, pending.text))
        return
    heard = join(process.heard, process.space.tail) if pending.by_model else process.heard
    mail.post(kernel, process.pid, target, text, heard)
    _answer(kernel, number, f"sent to {target.program} (process {target.pid})")


def _process(kernel: Kernel, process: Process, name: str) -> Process | None:
    """Whom a number or a program's name means; None for a name that no process here has."""
    living = [p for p in kernel.processes.values() if p.state is not State.ZOMBIE]
    if name.isdecimal():
        found = [p for p in living if str(p.pid) == name]
        if not found:
            raise NoSuchProcess(f"no process {name[:20]}")
    else:
        found = [p for p in living if p.program == name.casefold() and p is not process]
    if len(found) > 1:
        raise BadCall(f"several processes run {name}: {', '.join(str(p.pid) for p in found)}; name one by its number")
    return found[0] if found else None


def _sleep(kernel: Kernel, process: Process, number: int) -> None:
    pending = kernel.requests.table[number]
    words = pending.text.split()
    if not (words and words[0].isdecimal() and words[1:] in ([], ["ticks"]) and len(words[0]) < 20):
        raise BadCall("write it as: sleep TICKS, such as sleep 20")
    if int(words[0]) > MAX_SLEEP:
        raise LimitReached(f"a model sleeps at most {MAX_SLEEP:,} ticks at once")
    pending.due = kernel.tick + int(words[0])
    heappush(kernel.sleepers, (pending.due, process.pid))


def rang(kernel: Kernel, process: Process, due: int) -> None:
    """The tick that a sleeping request waited for has come."""
    for number, pending in list(kernel.requests.table.items()):
        if pending.pid == process.pid and pending.due == due:
            _answer(kernel, number, f"slept until tick {due}")


def _exit(kernel: Kernel, process: Process, number: int) -> None:
    pending = kernel.requests.table[number]
    status = pending.text.strip() or "0"
    if not pending.by_model:
        raise BadCall("only a model ends its process so; a program returns")
    if not (status.isdecimal() and len(status) < 4 and int(status) < 256):
        raise BadCall("write it as: exit, or exit STATUS with 0 to 255")
    life.end(kernel, process, int(status), None, "its model ended it")
