"""Accounts add up to what the CPU ran; a long prompt delays nobody by more than a chunk; fairness and the timeline as text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmos.cpu.scripted import ByteCodec, ScriptedCpu
from llmos_kernel.accounts import gantt, jain
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.look import snapshot
from llmos_kernel.syscall import trap

from . import lively  # noqa: TID251
from .worlds import Panel  # noqa: TID251


def test_the_accounts_sum_to_the_tokens_the_cpu_ran() -> None:
    kernel, _, records = lively.machine(6)
    seen: dict[int, Any] = {}
    while not kernel.halted:
        kernel.step()
        seen |= dict(kernel.processes)
    bursts = [burst for record in records if record[0] == "run" for burst in record[1]]
    assert sum(p.account.decoded for p in seen.values()) == kernel.decoded == sum(len(b[0]) for b in bursts)
    assert sum(p.account.ran for p in seen.values()) == len(bursts)
    fed = sum(b[2] for b in bursts)
    assert sum(p.account.prefilled for p in seen.values()) == kernel.prefilled <= fed


async def crowd(decoders: int, prompt: int) -> int:
    for _ in range(decoders):
        await trap("spawn", "decoder", 400)
    await trap("sleep", 100)
    await trap("spawn", "reader", prompt)
    await trap("sleep", 10_000)
    return 0


async def decoder(tokens: int) -> int:
    await trap("think", (("text", "x"),), tokens, 0, 0, 0, 0, 0, 0)
    return 0


async def reader(prompt: int) -> int:
    await trap("think", (("text", "y" * prompt),), 1, 0, 0, 0, 0, 0, 0)
    return 0


def test_a_prompt_of_4000_tokens_beside_31_decoders_leaves_them_a_token_in_every_tick() -> None:
    """In every tick of the reading all 31 decode, and at most one chunk is read."""
    programs: dict[str, Any] = {"init": crowd, "decoder": decoder, "reader": reader}
    cpu = ScriptedCpu(lambda _: 97, frames=1_300, lanes=32, max_pages=300, chunk=16)
    kernel = Kernel(Config(args=(31, 4_000)), programs, cpu, ByteCodec(), Panel())
    reading = []
    for _ in range(420):
        kernel.step()
        chunks = [len(b.feed) for b in kernel.work.bursts if len(b.feed) > 1]
        if kernel.tick > 102 and chunks:
            reading.append((len(kernel.work.bursts) - len(chunks), chunks))
    assert len(reading) == 250
    assert all(decoding == 31 and len(chunks) == 1 and chunks[0] <= 16 for decoding, chunks in reading)


@pytest.mark.parametrize("decoders", [31, 12])
def test_decoders_keep_70_percent_of_their_speed_beside_a_prompt_of_4000_tokens(decoders: int) -> None:
    """A cost model: a token written costs 5, one read 8, and to read at all 32. The speed is tokens written by cost."""
    programs: dict[str, Any] = {"init": crowd, "decoder": decoder, "reader": reader}
    cpu = ScriptedCpu(lambda _: 97, frames=1_900, lanes=decoders + 1, max_pages=300)
    config = Config(args=(decoders, 4_000), pace=700)
    kernel = Kernel(config, programs, cpu, ByteCodec(), Panel())
    cost = written = read = 0
    for _ in range(460):
        kernel.step()
        feeds = [len(b.feed) for b in kernel.work.bursts]
        there = any(p is not None and p.program == "reader" for p in kernel.lanes)
        if there and feeds.count(1) == decoders:
            chunk = sum(feeds) - decoders
            written += decoders
            read += chunk
            cost += 5 * decoders + (32 + 8 * chunk if chunk else 0)
    assert 0.7 <= (written / cost) / (1 / 5) < 0.72, "they keep as much, and not much more: the prompt is read"
    assert read > 600


def test_without_many_decoders_a_prompt_is_read_in_whole_chunks() -> None:
    programs: dict[str, Any] = {"init": crowd, "decoder": decoder, "reader": reader}
    cpu = ScriptedCpu(lambda _: 97, frames=1_900, lanes=4, max_pages=300)
    kernel = Kernel(Config(args=(3, 400), pace=700), programs, cpu, ByteCodec(), Panel())
    feeds = set()
    for _ in range(140):
        kernel.step()
        feeds |= {len(b.feed) for b in kernel.work.bursts}
    assert 64 in feeds


@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=20))
def test_jains_index_lies_between_one_of_n_and_one(served: list[int]) -> None:
    assert 1000 // len(served) <= jain(served) <= 1000
    assert jain([7] * len(served)) == 1000


def test_the_timeline_as_text_and_the_snapshot_carry_the_figures() -> None:
    kernel, _, _ = lively.machine(6)
    for _ in range(60):
        kernel.step()
    view = snapshot(kernel)
    assert 0 < view.counters.fairness <= 1000
    assert any(p.response >= 0 and p.energy > 0 and p.ran > 0 for p in view.processes)
    lines = gantt(view.timeline, 40).splitlines()
    assert len(lines) == 3
    assert all(len(line) == len("lane 0 ") + 40 for line in lines[:2])
    assert gantt([(0, 3, 3, 5)]) == "lane 0 .AAB\nA=pid 3  B=pid 5\n"
