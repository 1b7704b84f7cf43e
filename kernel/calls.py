"""The handlers of the call table: each serves one system call for one process.

Knows: the kernel's tables. Does not know: who asked, program or model; both come here. A handler returns the result, or
`LATER` when the process was blocked and will be woken with it, or raises KernelError.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from . import (
    adapters,
    channels,
    guard,
    lanes,
    life,
    mail,
    mapping,
    parking,
    pipes,
    planner,
    rights,
    segments,
    signals,
    thinking,
)
from .errors import BadCall, EndOfInput, KernelError, LimitReached, NoSuchChannel, NoSuchProcess
from .limits import KINDS, MAX_OPEN, MAX_PRIORITY
from .process import Process, State

if TYPE_CHECKING:
    from .kernel import Kernel

LATER: Final = object()


def sys_read(kernel: Kernel, process: Process, channel: int = 0) -> Any:
    """A typed line (without its newline), or the result of what was written to a device."""
    name = _channel(process, channel)
    if name == "console":
        return kernel.console.read(kernel, process, LATER)
    if name.startswith("pipe:"):
        return pipes.read(kernel, process, name, LATER)
    if name.startswith("request:"):
        raise EndOfInput("a shell that is run for somebody hears nothing")
    if channel not in process.pending:
        raise BadCall(f"nothing was written to {name}, so there is nothing to read")
    return kernel.requests.collect(kernel, process, process.pending.pop(channel), LATER)


def sys_write(kernel: Kernel, process: Process, channel: int, text: str) -> Any:
    """Text to the console, or one call to a device whose result `read` brings."""
    name = _channel(process, channel)
    if not isinstance(text, str):
        raise BadCall("write takes text")
    if name.startswith(("console", "request:")):
        _print(kernel, process, name, text)
    elif name.startswith("pipe:"):
        return pipes.write(kernel, process, name, text, LATER)
    elif channel in process.pending:
        raise BadCall(f"{name} has a result waiting: read it first")
    elif not guard.program_call(kernel, process, channel, name, text):
        return LATER
    return len(text)


def _print(kernel: Kernel, process: Process, name: str, text: str) -> None:
    most = process.limits.get("output")
    process.account.output += len(text)
    guard.spend(process, "output", len(text))
    if most is not None and (process.account.output > most or (guard.left(process, "output") or 0) < 0):
        raise LimitReached(f"pid {process.pid} may write {most} characters, and did")
    channels.print_on(kernel, process, name, "K", text)


def sys_pipe(kernel: Kernel, process: Process) -> tuple[int, int]:
    """Two channels: what is written to the second can be read from the first."""
    return tuple(_add_channel(kernel, process, name) for name in pipes.make(kernel))  # type: ignore[return-value]


def _add_channel(kernel: Kernel, process: Process, name: str) -> int:
    most = min(MAX_OPEN, process.limits.get("files", MAX_OPEN))
    if len(process.channels) >= most:
        raise LimitReached(f"{most} channels are open already; close one")
    channel = next(n for n in range(MAX_OPEN + 1) if n not in process.channels)
    process.channels[channel] = name
    pipes.hold(kernel, name)
    return channel


def sys_open(kernel: Kernel, process: Process, name: str) -> int:
    """A channel number for the console or a mounted device."""
    if name != "console" and name not in kernel.devices:
        raise NoSuchChannel(f"no device {name!r}; mounted: {', '.join(kernel.devices) or 'none'}")
    return _add_channel(kernel, process, name)


def sys_close(kernel: Kernel, process: Process, channel: int) -> None:
    name = _channel(process, channel)
    del process.channels[channel]
    pipes.release(kernel, name)
    if channel in process.pending:
        kernel.requests.forget(kernel, process.pending.pop(channel))


def sys_fork(kernel: Kernel, process: Process, program: str, *args: Any) -> int:
    """The child's number. Its program starts anew; its context is the parent's, copied page by page when written."""
    guard.permit(kernel, process, "fork", program)
    return life.create(
        kernel, process.pid, program, args, process.seed, kernel.memory.fork(process.space), process.ring
    ).pid


def sys_spawn(kernel: Kernel, process: Process, program: str, *args: Any) -> int:
    guard.permit(kernel, process, "spawn", program)
    return life.create(kernel, process.pid, program, args, process.seed, None, process.ring).pid


def sys_start(
    kernel: Kernel, process: Process, program: str, args: tuple[Any, ...], channels: tuple[tuple[int, int], ...]
) -> int:
    """Spawn with channels: each pair is (the child's number, mine). What is not given stays the console."""
    guard.permit(kernel, process, "spawn", program)
    named = [(theirs, _channel(process, mine)) for theirs, mine in channels]
    if any(theirs in (0, 1) and not name.startswith(("pipe:", "console", "request:")) for theirs, name in named):
        raise BadCall("a program's first two channels are pipes or the console")
    child = life.create(kernel, process.pid, program, args, process.seed, None, process.ring)
    for theirs, name in named:
        if theirs in child.channels:
            life.plug(kernel, child, theirs, name)
        else:
            child.channels[theirs] = name
            pipes.hold(kernel, name)
    return child.pid


def sys_exec(kernel: Kernel, process: Process, program: str, *args: Any) -> Any:
    """Become another program, with a new context and the same channels."""
    guard.permit(kernel, process, "exec", program)
    life.execute(kernel, process, program, args)
    return LATER


def sys_group(kernel: Kernel, process: Process, pid: int) -> None:
    """Make a child the head of a job of its own; its children will be part of it."""
    child = kernel.processes.get(pid)
    if child is None or child.ppid != process.pid or child.state is State.ZOMBIE:
        raise NoSuchProcess(f"no child {pid}")
    life.leave_group(kernel, child)
    life.join_group(kernel, child, pid)


def sys_nice(kernel: Kernel, process: Process, pid: int, level: int) -> None:
    """The priority and share of a process, 1 to 20; the larger the more."""
    guard.permit(kernel, process, "nice", str(pid))
    target = kernel.processes.get(pid)
    if target is None or target.state is State.ZOMBIE:
        raise NoSuchProcess(f"no process {pid}")
    lanes.renice(kernel, target, priority(level))


def priority(level: Any) -> int:
    if not isinstance(level, int) or not 1 <= level <= MAX_PRIORITY:
        raise BadCall(f"a priority is 1 to {MAX_PRIORITY}; got {level!r}")
    return level


def sys_limit(kernel: Kernel, process: Process, kind: str, most: int) -> None:
    """A limit for this process and the children it will have; it can only become smaller."""
    if kind not in KINDS or not isinstance(most, int) or most < 0:
        raise BadCall(f"limit takes one of {', '.join(KINDS)} and a number; got {kind!r}, {most!r}")
    process.limits[kind] = min(most, process.limits.get(kind, most))
    if kind == "ticks":
        life.watch_ticks(kernel, process)


def sys_wait(kernel: Kernel, process: Process, pid: int = 0) -> Any:
    """(pid, status) of a child that has ended; `pid` 0 means any. Blocks until one has."""
    children = [c for c in life.children(kernel, process.pid) if pid in (0, c.pid) and not c.request]
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


def sys_sleep(kernel: Kernel, process: Process, ticks: int) -> Any:
    if not isinstance(ticks, int) or ticks < 0:
        raise BadCall("sleep takes a number of ticks, 0 or more")
    life.sleep(kernel, process, ticks)
    return LATER


def sys_me(kernel: Kernel, process: Process) -> int:
    return process.pid


def sys_ps(kernel: Kernel, process: Process) -> tuple[tuple[Any, ...], ...]:
    """(pid, ppid, program, state, tokens, pages, decoded, why, adapter) of every process, by number."""
    return tuple(
        (
            p.pid,
            p.ppid,
            p.program,
            str(p.state),
            len(p.space.tokens),
            len(p.space.frames),
            p.account.decoded,
            p.why,
            adapters.name_of(kernel, p),
        )
        for p in kernel.processes.values()
    )


def sys_pledge(kernel: Kernel, process: Process, *devices: str) -> None:
    """From now on only these devices and calls, for this process and its children. Nothing gives the others back."""
    guard.narrow(kernel, process, "pledge", {"devices": devices}, rights.Manifest(devices=devices))


def sys_unveil(kernel: Kernel, process: Process, *paths: tuple[str, str]) -> None:
    """From now on only these paths, each with its modes ("r", "rw")."""
    guard.narrow(kernel, process, "unveil", dict(paths), rights.Manifest(paths=rights.unveiled(paths)))


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
    "kill": signals.sys_kill,
    "sleep": sys_sleep,
    "pipe": sys_pipe,
    "start": sys_start,
    "exec": sys_exec,
    "group": sys_group,
    "nice": sys_nice,
    "adapter": adapters.sys_adapter,
    "mmap": mapping.sys_mmap,
    "maps": mapping.sys_maps,
    "park": parking.sys_park,
    "unpark": parking.sys_unpark,
    "limit": sys_limit,
    "signal": signals.sys_signal,
    "send": mail.sys_send,
    "recv": mail.sys_recv,
    "planner": planner.sys_planner,
    "reader": planner.sys_reader,
    "hand": planner.sys_hand,
    "share": segments.sys_share,
    "attach": segments.sys_attach,
    "unshare": segments.sys_unshare,
    "me": sys_me,
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
