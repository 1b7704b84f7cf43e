"""The handlers of the call table: each serves one system call for one process.

Knows: the kernel's tables. Does not know: who asked, program or model; both come here. A handler returns the result, or
`LATER` when the process was blocked and will be woken with it, or raises KernelError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from . import guard, life, rights, thinking
from .errors import BadCall, EndOfInput, KernelError, LimitReached, NoSuchChannel, NoSuchProcess
from .limits import MAX_OPEN
from .process import Process, State

if TYPE_CHECKING:
    from .kernel import Kernel

LATER: Final = object()


def sys_read(kernel: Kernel, process: Process, channel: int = 0) -> Any:
    """A typed line (without its newline), or the result of what was written to a device."""
    name = _channel(process, channel)
    if name == "console":
        return kernel.console.read(kernel, process, LATER)
    if channel not in process.pending:
        raise BadCall(f"nothing was written to {name}, so there is nothing to read")
    return kernel.requests.collect(kernel, process, process.pending.pop(channel), LATER)


def sys_write(kernel: Kernel, process: Process, channel: int, text: str) -> Any:
    """Text to the console, or one call to a device whose result `read` brings."""
    name = _channel(process, channel)
    if not isinstance(text, str):
        raise BadCall("write takes text")
    if name == "console":
        kernel.emit("out", process.pid, "K", text)
    elif channel in process.pending:
        raise BadCall(f"{name} has a result waiting: read it first")
    elif not guard.program_call(kernel, process, channel, name, text):
        return LATER
    return len(text)


def sys_open(kernel: Kernel, process: Process, name: str) -> int:
    """A channel number for the console or a mounted device."""
    if name != "console" and name not in kernel.devices:
        raise NoSuchChannel(f"no device {name!r}; mounted: {', '.join(kernel.devices) or 'none'}")
    if len(process.channels) >= MAX_OPEN:
        raise LimitReached(f"{MAX_OPEN} channels are open already; close one")
    channel = next(n for n in range(MAX_OPEN + 1) if n not in process.channels)
    process.channels[channel] = name
    return channel


def sys_close(kernel: Kernel, process: Process, channel: int) -> None:
    _channel(process, channel)
    del process.channels[channel]
    if channel in process.pending:
        kernel.requests.forget(process.pending.pop(channel))


def sys_fork(kernel: Kernel, process: Process, program: str, *args: Any) -> int:
    """The child's number. Its program starts anew; its context is the parent's, copied page by page when written."""
    guard.permit(kernel, process, "fork", program)
    return life.create(
        kernel, process.pid, program, args, process.seed, kernel.memory.fork(process.space), process.ring
    ).pid


def sys_spawn(kernel: Kernel, process: Process, program: str, *args: Any) -> int:
    guard.permit(kernel, process, "spawn", program)
    return life.create(kernel, process.pid, program, args, process.seed, None, process.ring).pid


def sys_wait(kernel: Kernel, process: Process, pid: int = 0) -> Any:
    """(pid, status) of a child that has ended; `pid` 0 means any. Blocks until one has."""
    children = [c for c in life.children(kernel, process.pid) if pid in (0, c.pid)]
    if not children:
        raise NoSuchProcess(f"no child {pid}" if pid else "no children")
    for child in children:
        if child.state is State.ZOMBIE:
            life.reap(kernel, child)
            return (child.pid, child.status)
    process.move(State.BLOCKED, f"child {pid}" if pid else "a child")
    return LATER


def sys_exit(kernel: Kernel, process: Process, status: int = 0, value: Any = None) -> Any:
    """End with a status (0 = fine) and, if wanted, a plain value for whoever started the machine."""
    life.end(kernel, process, status, value)
    return LATER


def sys_kill(kernel: Kernel, process: Process, pid: int) -> None:
    target = kernel.processes.get(pid)
    if target is None or target.state is State.ZOMBIE:
        raise NoSuchProcess(f"no process {pid}")
    if pid == 1:
        raise BadCall("pid 1 can't be killed; halt the machine instead")
    guard.permit(kernel, process, "kill", str(pid))
    life.end(kernel, target, 143, None, f"killed by pid {process.pid}")


def sys_sleep(kernel: Kernel, process: Process, ticks: int) -> Any:
    if not isinstance(ticks, int) or ticks < 0:
        raise BadCall("sleep takes a number of ticks, 0 or more")
    life.sleep(kernel, process, ticks)
    return LATER


def sys_ps(kernel: Kernel, process: Process) -> tuple[tuple[Any, ...], ...]:
    """(pid, ppid, program, state, tokens, pages, decoded, why) of every process, by number."""
    return tuple(
        (p.pid, p.ppid, p.program, str(p.state), len(p.space.tokens), len(p.space.frames), p.account.decoded, p.why)
        for p in kernel.processes.values()
    )


def sys_pledge(kernel: Kernel, process: Process, *devices: str) -> None:
    """From now on only these devices and calls, for this process and its children. Nothing gives the others back."""
    guard.narrow(kernel, process, "pledge", devices, rights.Manifest(devices=devices))


def sys_unveil(kernel: Kernel, process: Process, *paths: tuple[str, str]) -> None:
    """From now on only these paths, each with its modes ("r", "rw")."""
    guard.narrow(kernel, process, "unveil", paths, rights.Manifest(paths=rights.unveiled(paths)))


def _channel(process: Process, channel: Any) -> str:
    name = process.channels.get(channel) if isinstance(channel, int) else None
    if name is None:
        raise NoSuchChannel(f"channel {channel!r} is not open")
    return name


HANDLERS: dict[str, Callable[..., Any]] = {
    "think": thinking.sys_think,
    "read": sys_read,
    "write": sys_write,
    "open": sys_open,
    "close": sys_close,
    "fork": sys_fork,
    "spawn": sys_spawn,
    "wait": sys_wait,
    "exit": sys_exit,
    "kill": sys_kill,
    "sleep": sys_sleep,
    "ps": sys_ps,
    "pledge": sys_pledge,
    "unveil": sys_unveil,
}


def serve(kernel: Kernel, process: Process, name: str, args: tuple[Any, ...]) -> Any:
    """Look the call up and run its handler. Bad arguments become BadCall, never a crash of the kernel."""
    handler = HANDLERS.get(name)
    if handler is None:
        raise BadCall(f"no call {name!r}; there are {', '.join(HANDLERS)}")
    process.account.calls += 1
    try:
        return handler(kernel, process, *args)
    except (TypeError, ValueError) as e:
        raise BadCall(f"{name}: {e}") from None


__all__ = ["HANDLERS", "LATER", "EndOfInput", "KernelError", "serve"]
