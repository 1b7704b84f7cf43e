"""Adapters: which set of weights runs a process, chosen for each and while it runs, like a microcode update.

Knows: their names and numbers, the call and the verb that choose one. Does not know: weights (the CPU's owner installed
them). Keys and values are of the weights that computed them, so a change gives all frames of the process back: its
tokens are fed again, and it goes on as if it had had the new weights from the beginning. Pages are shared among
processes of one adapter only (`memory.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import guard
from .errors import BadCall, NoSuchProcess
from .process import Process, State

if TYPE_CHECKING:
    from .kernel import Kernel

NONE = "none"


def number(names: tuple[str, ...], name: str) -> int:
    """What the CPU calls it. Raises BadCall for a name nobody installed."""
    known = (NONE, *names)
    if name not in known:
        raise BadCall(f"no adapter {name!r}; there are {', '.join(known)}")
    return known.index(name)


def name_of(kernel: Kernel, process: Process) -> str:
    return (NONE, *kernel.config.adapters)[process.space.adapter]


def choose(kernel: Kernel, process: Process, name: str) -> None:
    """From its next token on this process runs with these weights."""
    chosen = number(kernel.config.adapters, name)
    if chosen != process.space.adapter:
        kernel.memory.drop(process.space)
        process.space.adapter = chosen
        kernel.emit("adapter", process.pid, name)


def sys_adapter(kernel: Kernel, process: Process, name: str, pid: int = 0) -> None:
    """Choose the adapter of a process, of the caller itself with `pid` 0."""
    target = kernel.processes.get(pid) if pid else process
    if target is None or target.state is State.ZOMBIE:
        raise NoSuchProcess(f"no process {pid}")
    if target is not process:
        guard.permit(kernel, process, "adapter", str(pid))
    choose(kernel, target, str(name))
