"""A process: a program's coroutine, an address space, open channels, and an account of what it used.

Knows: its own state and the legal changes of it. Does not know: the scheduler, the CPU, other processes.
A program is a coroutine that traps through `syscall.trap`; it never runs while its process thinks.
"""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from .labels import KERNEL, Label, Ring
from .memory import AddressSpace
from .rights import Rights


class State(StrEnum):
    NEW = "NEW"
    WOKEN = "WOKEN"  # has a result and waits for its program to be driven, in the traps phase
    READY = "READY"  # has tokens to run and waits for a lane
    RUNNING = "RUNNING"  # on a lane
    BLOCKED = "BLOCKED"  # waits for something outside the CPU; `why` says what
    STOPPED = "STOPPED"  # by a signal; `then` says what it goes on as when it is continued
    ZOMBIE = "ZOMBIE"  # over; its parent has not asked yet


LEGAL: dict[State, tuple[State, ...]] = {
    State.NEW: (State.WOKEN, State.ZOMBIE),
    State.WOKEN: (State.READY, State.BLOCKED, State.STOPPED, State.ZOMBIE),
    State.READY: (State.RUNNING, State.WOKEN, State.STOPPED, State.ZOMBIE),
    State.RUNNING: (State.READY, State.WOKEN, State.BLOCKED, State.STOPPED, State.ZOMBIE),
    State.BLOCKED: (State.WOKEN, State.READY, State.STOPPED, State.ZOMBIE),
    State.STOPPED: (State.WOKEN, State.READY, State.BLOCKED, State.ZOMBIE),
    State.ZOMBIE: (),
}


@dataclass(slots=True)
class Account:
    """What a process used. Ticks and tokens; all of it adds up to what the CPU did."""

    born: int = 0
    last: int = 0  # tick of its last burst
    decoded: int = 0
    prefilled: int = 0
    recomputed: int = 0  # of these, tokens fed again after an eviction
    waited: int = 0  # ticks READY without a lane
    ran: int = 0  # ticks on a lane
    since: int = 0  # tick at which it last became READY
    calls: int = 0
    faults: int = 0  # bursts run again because an absent page would have mattered
    output: int = 0  # characters written to the console
    first: int = -1  # tick of its first burst, -1 = none yet
    ended: int = 0


@dataclass(slots=True)
class Thought:
    """The model at work for one process: what was asked, and how far it is."""

    limit: int  # most tokens to sample
    temperature: int
    min_p: int
    seed: int
    echo: bool  # stream to the console
    traps: bool  # may the model call devices?
    bare: bool  # the model alone: all its ids may be sampled
    began: int = 0  # the process's account of decoded tokens when it began
    sampled: list[int] = field(default_factory=list)  # ids so far, calls and results left out
    said: bytearray = field(default_factory=bytearray)  # its text so far, calls and results left out
    shown: int = 0  # bytes of `said` that were streamed
    opened: int = -1  # position of the first token of the newest call
    capture: int = -1  # position of the first token of the call that is being written, -1 = none
    lead: bytes = b""  # what of that call came in one token with its opening
    written: bytes = b""  # the call so far
    asked: str = ""  # the arguments of the newest call as the model wrote them: a planner's handles are still closed
    calls: list[tuple[str, str, str, str]] = field(default_factory=list)  # (device, arguments, result, label)


@dataclass(slots=True, eq=False)
class Process:
    """Owned by the kernel's process table; mutated only there and in `calls.py` and `thinking.py`."""

    pid: int
    ppid: int
    program: str
    args: tuple[Any, ...]
    coroutine: Coroutine[Any, Any, Any] | None  # None: begun when it is next driven; anew, after a return to the past
    space: AddressSpace
    seed: int
    ring: Ring = Ring.USER
    priority: int = 1
    state: State = State.NEW
    why: str = ""  # what it is blocked on, or how it ended
    lane: int = -1
    thought: Thought | None = None
    request: int = 0  # a shell run for somebody: the request that its output answers
    result: Any = None  # delivered to the coroutine when it is next driven
    error: Exception | None = None  # raised in the coroutine instead
    channels: dict[int, str] = field(default_factory=lambda: {0: "console", 1: "console"})
    pending: dict[int, int] = field(default_factory=dict)  # channel -> number of the request written to it
    status: int | None = None
    value: Any = None  # what it gave to `exit` besides the status
    stop: str = ""  # how its last burst stopped
    top: tuple[tuple[int, int], ...] = ()  # alternatives at the last sampled token
    mass: tuple[int, ...] = ()
    high: int = 0  # most tokens that were ever resident: what is fed below it is recomputed
    account: Account = field(default_factory=Account)
    life: int = 0  # which life of which process: another one with each exec
    given: int = 0  # results its program was given in this life
    group: int = 1  # of which job it is a part; signals and the limit of a fork bomb go by it
    then: State = State.NEW  # while STOPPED: what it goes on as
    signals: list[str] = field(default_factory=list)  # that wait until it makes its next call
    actions: dict[str, str] = field(default_factory=dict)  # signal -> "catch" or "ignore"
    values: int = 0  # a reader: its status is one of so many; 0 = it is none
    limits: dict[str, int] = field(default_factory=dict)  # name in `limits.KINDS` -> most
    rights: Rights = ()  # layers of manifests; it may do what every layer permits
    heard: Label = KERNEL  # the join of all that its program got to know
    purses: tuple[dict[str, int], ...] = ()  # what was used of each layer's quotas, by all who hold that layer
    used: dict[str, int] = field(default_factory=dict)  # what it used itself
    answers: dict[str, str] = field(default_factory=dict)  # what the person said about its calls: "process", "never"

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the coroutine, which can't be copied."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "coroutine"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.coroutine = None
        for name, value in state.items():
            setattr(self, name, value)

    def move(self, state: State, why: str = "") -> None:
        """Change state; an illegal change is a bug in the kernel and raises AssertionError."""
        assert state in LEGAL[self.state], f"pid {self.pid}: {self.state} -> {state}"
        self.state, self.why = state, why

    def waits_for(self, why: str) -> bool:
        """Is it blocked on `why`, stopped meanwhile or not?"""
        waiting = self.state is State.BLOCKED or (self.state is State.STOPPED and self.then is State.BLOCKED)
        return waiting and self.why == why

    @property
    def feed_left(self) -> int:
        """Tokens that are not in the KV cache yet; 1 while decoding."""
        return len(self.space.tokens) - self.space.resident
