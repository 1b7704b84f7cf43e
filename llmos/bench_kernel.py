"""`llmos bench kernel`: how fast the kernel is when the CPU's own work is nearly free, and how fast it goes back.

Knows: the scripted CPU, programs that think for ever, the clock. Does not know: models. What is counted: a *step* is one tick
(`Kernel.step`) of a machine with one lane that all processes want, and in nearly every one a token is sampled; a *token* is
counted on a machine with eight lanes, where a tick samples up to eight. The CPU's work is in both. Best of many short
rounds, because others use this machine too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from llmos_kernel.journal import Header, Recorder
from llmos_kernel.kernel import Config, Kernel, Program
from llmos_kernel.ports import Delivery, Request
from llmos_kernel.rewind import Rewind
from llmos_kernel.sched import POLICIES, Job, by_name
from llmos_kernel.syscall import trap

from .cpu.scripted import ByteCodec, ScriptedCpu
from .tape import Reel

SOME, MANY = 10, 1_000
COUNTS = (10, 100, 1_000, 10_000)
SCRUB, BACK = 10_000, 50_000  # ticks of the sessions in which one goes to any tick, and one tick back
TRIES = 12


class Nobody:
    """A world in which nothing happens."""

    def poll(self) -> Sequence[Delivery]:
        return ()

    def submit(self, request: Request) -> None:
        """There are no devices."""


async def parent(count: int) -> int:
    for _ in range(count):
        await trap("spawn", "child")
    await trap("wait")
    return 0


async def child() -> int:
    while True:
        await trap("think", (("text", "x"),), 64, 0, 0, 0, 0, 0, 0)
        await trap("exec", "child")
    return 0


PROGRAMS: dict[str, Program] = {"init": parent, "child": child}


def machine(count: int, lanes: int = 1, tape: Reel | None = None) -> tuple[Kernel, Header]:
    """A machine with `count` processes that always want a lane, past its boot; recorded if there is a tape."""
    config = Config(args=(count - 1,))
    cpu, codec, world = ScriptedCpu(lambda context: 97, 8 * count, lanes, max_pages=8), ByteCodec(), Nobody()
    header = Header.of(config, cpu, codec, "")
    if tape is None:
        kernel = Kernel(config, PROGRAMS, cpu, codec, world)
    else:
        recorder = Recorder(cpu, codec, world, tape)
        kernel = Kernel(config, PROGRAMS, recorder, recorder, recorder, store=recorder)
    while tape is None and (len(kernel.processes) < count or kernel.woken):
        kernel.step()
        kernel.take_events()
    return kernel, header


def rates(count: int, lanes: int = 1, steps: int = 200, rounds: int = 100) -> tuple[int, int]:
    """(ticks, tokens) a second."""
    kernel, _ = machine(count, lanes)
    ticks = tokens = 0.0
    for _ in range(rounds):
        began, before = time.perf_counter(), kernel.decoded
        for _ in range(steps):
            kernel.step()
            kernel.take_events()
        seconds = time.perf_counter() - began
        ticks, tokens = max(ticks, steps / seconds), max(tokens, (kernel.decoded - before) / seconds)
    return round(ticks), round(tokens)


def recorded(ticks: int) -> tuple[Rewind, Reel]:
    """A session of `ticks` ticks with ten processes on two lanes, its snapshots taken as it went."""
    tape = Reel()
    kernel, header = machine(SOME, 2, tape)
    rewind = Rewind(header, tape, PROGRAMS)
    kernel.diary = rewind.diary
    while kernel.tick < ticks:
        kernel.step()
        kernel.take_events()
        rewind.keep(kernel)
    return rewind, tape


def rewinding() -> dict[str, Any]:
    """The slowest of a dozen jumps to any tick, and of a dozen single steps back; and what was kept for it."""
    rewind, _ = recorded(SCRUB)
    scrub = max(_ms(partial(rewind.goto, n * 7_919 % SCRUB)) for n in range(1, TRIES + 1))
    rewind, tape = recorded(BACK)
    rewind.goto(BACK)
    return {
        f"scrub_ms_of_{SCRUB}": scrub,
        f"back_ms_at_{BACK}": max(_ms(rewind.back) for _ in range(TRIES)),
        "snapshots": len(rewind.kept),
        "snapshot_bytes": rewind.bytes,
        "record_bytes": tape.size,
    }


def _ms(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return round((time.perf_counter() - began) * 1e3, 1)


def decision_ns(name: str, count: int, decisions: int = 2_000) -> int:
    """Nanoseconds for one decision: pick, charge, ask whether it yields, queue again."""
    policy = by_name(name, 1)
    for pid in range(1, count + 1):
        policy.add(Job(pid, length=count + pid, tickets=pid))
    best = 1.0
    for _ in range(3):
        began = time.perf_counter()
        for _ in range(decisions):
            pid = policy.pick()
            policy.charge(pid, 1, 0)
            policy.yields(pid)
            policy.requeue(pid)
        best = min(best, time.perf_counter() - began)
    return round(best / decisions * 1e9)


def bench_kernel() -> dict[str, Any]:
    """Steps and tokens a second with 10 and with 1,000 processes, going back, and what a decision costs under each policy."""
    some, many = rates(SOME)[0], rates(MANY)[0]
    return {
        "steps_per_second": {str(SOME): some, str(MANY): many},
        "ratio": round(many / some, 3),
        "tokens_per_second_8_lanes": {str(n): rates(n, lanes=8)[1] for n in (SOME, MANY)},
        "rewind": rewinding(),
        "decision_ns": {name: {str(n): decision_ns(name, n) for n in COUNTS} for name in POLICIES},
    }
