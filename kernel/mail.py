"""Mailboxes: one for each process; messages are plain values, first in, first out, with back-pressure.

Knows: what waits in each box, who waits for a message and for room. Does not know: what a message means. Every change of a
box serves those who wait at once, so that no wake-up is lost.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import life
from .errors import LimitReached, NoSuchProcess
from .labels import Label, join
from .limits import MAX_MAIL
from .process import Process, State

if TYPE_CHECKING:
    from .kernel import Kernel


@dataclass(slots=True)
class Box:
    messages: deque[tuple[int, Any, Label]] = field(default_factory=deque)  # (sender, value, what the sender had heard)
    senders: deque[tuple[int, Any]] = field(default_factory=deque)  # that wait for room


def sys_send(kernel: Kernel, process: Process, pid: int, value: Any) -> Any:
    """A message to a process; blocks while its box is full."""
    from .calls import LATER

    target = kernel.processes.get(pid)
    if target is None or target.state is State.ZOMBIE:
        raise NoSuchProcess(f"no process {pid}")
    process.move(State.BLOCKED, f"room in the mailbox of {pid}")
    kernel.mail.setdefault(pid, Box()).senders.append((process.pid, value))
    _serve(kernel, pid)
    return LATER


def post(kernel: Kernel, sender: int, target: Process, value: Any, heard: Label) -> None:
    """A message from somebody who does not wait for room. Raises LimitReached when there is none."""
    box = kernel.mail.setdefault(target.pid, Box())
    if len(box.messages) >= MAX_MAIL:
        raise LimitReached(f"the mailbox of {target.pid} is full: {MAX_MAIL} messages wait in it")
    box.messages.append((sender, value, heard))
    _serve(kernel, target.pid)


def sys_recv(kernel: Kernel, process: Process) -> Any:
    """(sender, value) of the oldest message; blocks until there is one."""
    from .calls import LATER

    process.move(State.BLOCKED, "a message")
    kernel.mail.setdefault(process.pid, Box())
    _serve(kernel, process.pid)
    return LATER


def _serve(kernel: Kernel, pid: int) -> None:
    """Messages from those who wait, as far as there is room; then to the owner, if it waits."""
    box, owner = kernel.mail[pid], kernel.processes[pid]
    while True:
        while box.senders and len(box.messages) < MAX_MAIL:
            sender, value = box.senders.popleft()
            box.messages.append((sender, value, kernel.processes[sender].heard))
            life.wake(kernel, kernel.processes[sender], None)
        if not (box.messages and owner.waits_for("a message")):
            return
        sender, value, heard = box.messages.popleft()
        owner.heard = join(owner.heard, heard)
        life.wake(kernel, owner, (sender, value))


def forget(kernel: Kernel, pid: int) -> None:
    """A process waits for no room any longer."""
    for box in kernel.mail.values():
        for waiting in [w for w in box.senders if w[0] == pid]:
            box.senders.remove(waiting)


def close(kernel: Kernel, pid: int) -> None:
    """A process is over: its box is gone, and who waited for room is told."""
    box = kernel.mail.pop(pid, None)
    for sender, _ in box.senders if box else ():
        life.fail(kernel, kernel.processes[sender], NoSuchProcess(f"process {pid} has ended"))


def check(kernel: Kernel) -> None:
    """The laws of mailboxes; AssertionError names the one that is broken."""
    for pid, box in kernel.mail.items():
        owner = kernel.processes[pid]
        assert not (box.messages and owner.waits_for("a message")), f"pid {pid} sleeps beside a message"
        assert not (box.senders and len(box.messages) < MAX_MAIL), f"a sender sleeps beside room in the box of {pid}"
        for sender, _ in box.senders:
            assert kernel.processes[sender].why == f"room in the mailbox of {pid}", f"pid {sender} does not wait"
