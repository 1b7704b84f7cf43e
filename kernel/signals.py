"""Signals: STOP, CONT, INT, TERM and KILL.

Knows: what each does by default, who catches or ignores what, how a waiting call is broken off. Does not know: who may send
one (`monitor.py`), keys. A program catches a signal as an exception at the call it waits in or makes next; that call is not
made, and the program may make it again. KILL and STOP can't be caught. INT is always an exception, `Interrupted`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import guard, lanes, life, mail, pipes
from .errors import BadCall, Interrupted, KernelError, NoSuchProcess, Signalled
from .process import Process, State

if TYPE_CHECKING:
    from .kernel import Kernel

NUMBERS = {"INT": 2, "KILL": 9, "TERM": 15, "CONT": 18, "STOP": 19}
ACTIONS = ("default", "catch", "ignore")


def sys_signal(kernel: Kernel, process: Process, signal: str, action: str) -> None:
    """What to do when INT, TERM or CONT comes: default, catch or ignore."""
    if signal not in ("INT", "TERM", "CONT") or action not in ACTIONS:
        raise BadCall(f"signal takes INT, TERM or CONT and {', '.join(ACTIONS)}; got {signal!r}, {action!r}")
    process.actions.pop(signal, None)
    if action != "default":
        process.actions[signal] = action


def sys_kill(kernel: Kernel, process: Process, pid: int, signal: str = "TERM") -> Any:
    """Send a signal; a negative number means the whole job of that number. The sender may be among them."""
    guard.permit(kernel, process, "kill", str(pid))
    post(kernel, pid, signal, f"killed by pid {process.pid}")
    from .calls import LATER

    return None if process.state is State.WOKEN else LATER  # it may have stopped or ended itself


def post(kernel: Kernel, pid: int, signal: str, why: str) -> None:
    """A signal to a process, or with a negative number to a job. Raises NoSuchProcess or BadCall."""
    if signal not in NUMBERS:
        raise BadCall(f"no signal {signal!r}; there are {', '.join(NUMBERS)}")
    if pid in (1, -1):
        raise BadCall("pid 1 can't be killed; halt the machine instead")
    if pid < 0:
        targets = [p for p in kernel.processes.values() if p.group == -pid and p.pid != 1]
    else:
        targets = [p for p in (kernel.processes.get(pid),) if p is not None]
    targets = [p for p in targets if p.state is not State.ZOMBIE]
    if not targets:
        raise NoSuchProcess(f"no process {pid}" if pid > 0 else f"no job {-pid}")
    for target in targets:
        if target.state is not State.ZOMBIE:  # an earlier one may have taken it along
            send(kernel, target, signal, why)


def send(kernel: Kernel, process: Process, signal: str, why: str) -> None:
    kernel.emit("signal", process.pid, signal, why)
    if signal == "STOP":
        _stop(kernel, process)
        return
    if signal == "CONT":
        _continue(kernel, process)
    action = process.actions.get(signal, "default")
    if signal == "KILL" or (signal == "TERM" and action == "default"):
        life.end(kernel, process, 128 + NUMBERS[signal], None, why)
    elif action == "catch" or (signal == "INT" and action == "default"):
        _raise(kernel, process, signal)


def error_of(process: Process) -> KernelError:
    """The oldest waiting signal as the exception that its program gets."""
    signal = process.signals.pop(0)
    return Interrupted("interrupted from the keyboard") if signal == "INT" else Signalled(signal)


def _raise(kernel: Kernel, process: Process, signal: str) -> None:
    """Break off what it waits for. Whoever has a result already gets that first, and the signal at its next call."""
    process.signals.append(signal)
    if process.state not in (State.WOKEN, State.STOPPED):
        cancel(kernel, process)
        life.fail(kernel, process, error_of(process))


def cancel(kernel: Kernel, process: Process) -> None:
    """Take a process out of every queue it waits in; what it thought stays in its context."""
    if process.state is State.READY:
        kernel.policy.remove(process.pid)
    kernel.console.forget(process.pid)
    kernel.requests.forget_all(kernel, process.pid)
    guard.forget(kernel, process.pid)
    pipes.forget(kernel, process.pid)
    mail.forget(kernel, process.pid)
    process.pending.clear()
    process.thought = None
    process.space.leaving = None  # what was on its way to the disk stays in the window
    lanes.leave(kernel, process)


def _stop(kernel: Kernel, process: Process) -> None:
    if process.state is State.STOPPED:
        return
    then = State.READY if process.state is State.RUNNING else process.state
    if process.state is State.READY:
        kernel.policy.remove(process.pid)
    elif process.state is State.WOKEN and process in kernel.woken:
        kernel.woken.remove(process)
    lanes.leave(kernel, process)
    process.move(State.STOPPED, process.why)
    process.then = then


def _continue(kernel: Kernel, process: Process) -> None:
    if process.state is not State.STOPPED:
        return
    if process.then is State.READY:
        lanes.ready(kernel, process, stopped=False)
    elif process.then is State.WOKEN:
        process.move(State.WOKEN)
        kernel.woken.append(process)
    else:
        process.move(State.BLOCKED, process.why)
    if process.signals and process not in kernel.woken:
        cancel(kernel, process)
        life.fail(kernel, process, error_of(process))
