"""`llmos bench waiting`: what processes that wait for a slow device cost the one that runs.

Knows: a scripted machine with one thinker and a crowd that waits. Does not know: models; the ticks are the kernel's own, so the
share is far larger here than beside a model's decode step, of which `of_a_step` is the part.
"""

from __future__ import annotations

import statistics
import threading
import time
from typing import Any

from llmos_apps import PROGRAMS, ulib
from llmos_kernel.kernel import Config, Kernel, Program

from .cpu.scripted import ByteCodec, ScriptedCpu
from .devices.base import Context, Result
from .machine import Machine
from .world import HostWorld

WAITING = 64
TICKS = 1_500
STEP = 5e-3  # seconds: one decode step at 200 tokens a second, faster than any model here on a small computer


class Slow:
    """Answers when it is let go."""

    name, help, usage, grammar, outside = "slow", "waits", ("TEXT",), "start: /[a-z]+/\n", False

    def __init__(self) -> None:
        self.gate = threading.Event()

    def call(self, text: str, ctx: Context) -> Result:
        self.gate.wait(60)
        return Result("late", "slow")


async def crowd(waiting: int, tokens: int) -> int:
    for _ in range(waiting):
        await ulib.spawn("waiter")
    await ulib.think(("text", "go on"), limit=tokens, chat=False, traps=False)
    return 0


async def waiter() -> int:
    await ulib.call("slow", "x")
    return 0


def crowded(waiting: int, ticks: int) -> tuple[Machine, Slow]:
    """A machine in which one process thinks and `waiting` wait for the device, all of them there already."""
    slow = Slow()
    world = HostWorld({"slow": slow}, Context(timeout=60))
    config = Config(args=("crowd", waiting, ticks + 100), devices=("slow",))
    programs: dict[str, Program] = {**PROGRAMS, "crowd": crowd, "waiter": waiter}
    kernel = Kernel(config, programs, ScriptedCpu(lambda ids: 97, 200, 2, 150), ByteCodec(), world)
    machine = Machine(kernel, world)
    for _ in range(50):
        machine.step()
    assert sum(p.program == "waiter" and p.state == "BLOCKED" for p in kernel.processes.values()) == waiting
    return machine, slow


def bench_waiting() -> dict[str, Any]:
    """Blocks for seconds. Ticks with and without the crowd take turns, so that both see the same computer."""
    rounds = [(_tick(0), _tick(WAITING)) for _ in range(5)]
    alone, beside = (statistics.median(one[i] for one in rounds) for i in (0, 1))
    return {
        "waiting": WAITING,
        "tick_us_alone": round(alone * 1e6, 1),
        "tick_us_beside": round(beside * 1e6, 1),
        "share_of_a_bare_tick": round(beside / alone - 1, 4),
        "of_a_step": round((beside - alone) / STEP, 5),
    }


def _tick(waiting: int) -> float:
    machine, slow = crowded(waiting, TICKS)
    took = []
    for _ in range(TICKS):
        began = time.perf_counter()
        machine.step()
        took.append(time.perf_counter() - began)
    slow.gate.set()
    machine.close()
    return sorted(took)[TICKS // 10]
