"""`llmos bench kernel`: how many ticks a second the kernel makes, with the CPU's own work nearly free.

Knows: the scripted CPU, a program that thinks for ever, the clock. Does not know: models. One lane; all processes always want
it. A step is a whole tick: schedule, make resident, run one token, retire it. Best of a few rounds, because others use this
machine too.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.ports import Delivery, Request
from llmos_kernel.sched import POLICIES, Job, by_name
from llmos_kernel.syscall import trap

from .cpu.scripted import ByteCodec, ScriptedCpu

SOME, MANY = 10, 1_000
COUNTS = (10, 100, 1_000, 10_000)


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


def machine(count: int, policy: str = "rr") -> Kernel:
    """A machine with `count` processes that always want the lane, past its boot."""
    config = Config(args=(count - 1,), policy=policy)
    cpu = ScriptedCpu(lambda context: 97, frames=8 * count, lanes=1, max_pages=8)
    kernel = Kernel(config, {"init": parent, "child": child}, cpu, ByteCodec(), Nobody())
    while len(kernel.processes) < count or kernel.woken:
        kernel.step()
        kernel.take_events()
    return kernel


def steps_per_second(count: int, steps: int = 4_000, rounds: int = 5) -> int:
    kernel, best = machine(count), 0.0
    for _ in range(rounds):
        began = time.perf_counter()
        for _ in range(steps):
            kernel.step()
            kernel.take_events()
        best = max(best, steps / (time.perf_counter() - began))
    return round(best)


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
    """Steps a second with 10 and with 1,000 processes, and what a decision costs under each policy."""
    some, many = steps_per_second(SOME), steps_per_second(MANY)
    return {
        "steps_per_second": {str(SOME): some, str(MANY): many},
        "ratio": round(many / some, 3),
        "decision_ns": {name: {str(n): decision_ns(name, n) for n in COUNTS} for name in POLICIES},
    }
