"""The gauge: a chunk's measured weight reaches the kernel, which then keeps those who decode at their pace."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from llmos.bench_sched import Silence
from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos.gauge import Gauge
from llmos_kernel.cpu import Burst, Retired
from llmos_kernel.journal import Header, Recorder, replay
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.ports import Delivery
from llmos_kernel.syscall import trap

DECODERS, PACE = 12, 700


class Slow(ScriptedCpu):
    """A CPU with a clock of its own, on which a chunk costs so much and takes longer the first time: it is compiled."""

    def __init__(self, chunk: float) -> None:
        super().__init__(lambda _: 97, frames=1_000, lanes=DECODERS + 1, max_pages=200)
        self.now, self.cost, self.compiled = 0.0, chunk, False

    def run(self, bursts: Sequence[Burst]) -> Sequence[Retired]:
        self.now += 1.0
        if any(len(burst.feed) > 1 for burst in bursts) and len(bursts) > DECODERS:
            self.now += self.cost if self.compiled else 100 * self.cost
            self.compiled = True
        return super().run(bursts)


async def crowd() -> int:
    for _ in range(DECODERS):
        await trap("spawn", "worker", "x", 100_000)
    await trap("sleep", 40)
    return await worker("x" * 3_000, 1)


async def worker(text: str, length: int) -> int:
    await trap("think", (("text", text),), length, 0, 0, 1, 0, 0, 0)
    return 0


PROGRAMS: dict[str, Any] = {"init": crowd, "worker": worker}


@pytest.mark.parametrize("cost", [0.5, 2.0, 9.0])
def test_decoders_keep_their_pace_whatever_a_chunk_costs(cost: float) -> None:
    cpu, world, records = Slow(cost), Silence(), list[Any]()
    config, codec = Config(pace=PACE, quantum=100_000), ByteCodec()
    recorder = Recorder(Gauge(cpu, world.told.append, lambda: cpu.now), codec, world, records.append)
    kernel = Kernel(config, PROGRAMS, recorder, recorder, recorder, store=recorder)
    ticks = began = 0.0
    chunks = 0
    events = []
    while chunks < 30:
        kernel.step()
        events += kernel.take_events()
        if any(len(burst.feed) > 1 for burst in kernel.work.bursts) and len(kernel.work.bursts) > DECODERS:
            chunks += 1
            if chunks == 10:
                ticks, began = kernel.tick, cpu.now
    assert kernel.weight == pytest.approx(1000 * cost, abs=1)
    assert PACE / 1000 <= (kernel.tick - ticks) / (cpu.now - began) + 0.01 <= max(1 / (1 + cost), PACE / 1000) + 0.02
    recorder.close()
    *_, last = replay(Header.of(config, cpu, codec, ""), records, PROGRAMS)
    assert last.weight == kernel.weight
    assert last.take_events() == events


def test_every_chunk_is_told_in_ticks_without_one() -> None:
    cpu, told = Slow(2.0), list[Delivery]()
    gauge = Gauge(cpu, told.append, lambda: cpu.now)
    decode = [Burst((n + 1,), (0,), 0, (97,), 1) for n in range(DECODERS)]
    chunk = Burst(tuple(range(100, 104)), (0, 16, 32, 48), 0, (97,) * 64, 0)
    for _ in range(5):
        gauge.run(decode)
    for _ in range(2):
        gauge.run([*decode, chunk])
    assert told == [Delivery("weight", "200000"), Delivery("weight", "2000")]


def test_what_a_chunk_cost_more_than_was_paid_is_made_good() -> None:
    """Costs that change from chunk to chunk, by a factor within what is believed."""
    cpu, world, source = Slow(1.0), Silence(), Random(3)
    kernel = Kernel(
        Config(pace=PACE, quantum=100_000), PROGRAMS, Gauge(cpu, world.told.append, lambda: cpu.now), ByteCodec(), world
    )
    chunks, began, first = 0, 0.0, 0
    while chunks < 40:
        cpu.cost = source.uniform(1.0, 3.0)
        kernel.step()
        if any(len(burst.feed) > 1 for burst in kernel.work.bursts) and len(kernel.work.bursts) > DECODERS:
            chunks += 1
            if chunks == 5:
                first, began = kernel.tick, cpu.now
    assert PACE / 1000 - 0.01 <= (kernel.tick - first) / (cpu.now - began) <= PACE / 1000 + 0.1
