"""Driving programs: a coroutine runs until it blocks, ends, or has made its share of calls.

Knows: coroutines, results, errors. Does not know: what a call does (`calls.py`). A bug in a program ends that program,
never the kernel.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from . import life, signals
from .calls import LATER, serve
from .errors import BadCall, Divergence, KernelError
from .limits import MAX_CALLS_A_TICK
from .process import Process, State
from .syscall import Call

if TYPE_CHECKING:
    from .kernel import Kernel


def serve_traps(kernel: Kernel) -> None:
    """Every program that has a result goes on; those woken meanwhile wait for the next tick."""
    for _ in range(len(kernel.woken)):
        process = kernel.woken.popleft()
        if process.state is State.WOKEN:
            _drive(kernel, process)


def _drive(kernel: Kernel, process: Process) -> None:
    for _ in range(MAX_CALLS_A_TICK):
        call = _go_on(kernel, process)
        if call is None:
            return
        if process.signals:  # instead of the call, which its program may make again
            process.error = signals.error_of(process)
            continue
        try:
            result = serve(kernel, process, call.name, call.args)
            if result is LATER:  # blocked, over, or woken already: then its result is there
                return
            process.result = result
        except KernelError as e:
            process.error = e
    kernel.woken.append(process)


def _go_on(kernel: Kernel, process: Process) -> Call | None:
    """Give the program its result; its next call, or None when it has ended."""
    result, error = process.result, process.error
    process.result = process.error = None
    coroutine = process.coroutine or _begin(kernel, process)
    try:
        call = coroutine.throw(error) if error else coroutine.send(result)
        if not isinstance(call, Call):
            raise BadCall("a program may only await calls of ulib")
        process.given += 1
        if kernel.diary is not None:
            _note(kernel.diary.setdefault(process.life, []), process.given - 1, (result, error, hash(call)))
        return call
    except StopIteration as stop:
        life.end(kernel, process, stop.value if isinstance(stop.value, int) else 0, None)
    except KernelError as e:
        life.end(kernel, process, e.status, None, f"{type(e).__name__}: {e}")
    except Divergence:
        raise
    except Exception as e:
        life.end(kernel, process, 1, None, f"crashed: {type(e).__name__}: {e}")
    return None


def _note(pages: list[tuple[Any, Any, int]], number: int, entry: tuple[Any, Any, int]) -> None:
    """Write down what a program was given and what it asked then; the past, lived again, is not written twice."""
    if number == len(pages):
        pages.append(entry)
    elif pages[number][2] != entry[2]:
        raise Divergence(f"lived again, a program asked for something else at its call {number}")


def _begin(kernel: Kernel, process: Process) -> Coroutine[Any, Any, Any]:
    """Begin a program and, if it ran before, give it what it was given. Raises Divergence when it asks for something else."""
    process.coroutine = coroutine = kernel.programs[process.program](*process.args)
    pages = (kernel.diary or {}).get(process.life, [])
    if len(pages) < process.given:
        raise Divergence(f"pid {process.pid}: the diary has {len(pages)} of {process.given} results")
    for number, (result, error, asked) in enumerate(pages[: process.given]):
        call = coroutine.throw(error) if error else coroutine.send(result)
        if hash(call) != asked:
            raise Divergence(f"pid {process.pid}: its program asked for something else at its call {number}")
    return coroutine
