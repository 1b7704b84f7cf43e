"""Going back: any tick again, to the bit of its state, quickly, and in bounded memory."""

from __future__ import annotations

import tracemalloc
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos_kernel.kernel import PHASES, Kernel
from llmos_kernel.rewind import EVERY, MOST, Rewind, state_hash

from . import lively  # noqa: TID251


@cache
def recorded(rounds: int = 24) -> tuple[Rewind, list[str]]:
    """A rewind over a finished session, and the live machine's state before each tick."""
    kernel, header, records = lively.machine(rounds)
    hashes: list[str] = []
    while not kernel.halted:
        hashes.append(state_hash(kernel))
        kernel.step()
        kernel.check_integrity()
    return Rewind(header, records, lively.PROGRAMS), hashes


def test_replay_equals_live_at_every_tick() -> None:
    rewind, hashes = recorded()
    assert len(hashes) > 2 * EVERY
    assert [state_hash(rewind.goto(tick)) for tick in range(0, len(hashes), 7)] == hashes[::7]


@settings(deadline=None, max_examples=12, derandomize=True)
@given(ticks=st.lists(st.integers(0, 100_000), min_size=1, max_size=4))
def test_any_tick_in_any_order_is_the_same_machine(ticks: list[int]) -> None:
    rewind, hashes = recorded()
    for tick in ticks:
        tick %= len(hashes)
        assert state_hash(rewind.goto(tick)) == hashes[tick]


@settings(deadline=None, max_examples=12, derandomize=True)
@given(tick=st.integers(1, 100_000), phase=st.integers(0, len(PHASES) - 1))
def test_back_after_step_is_where_one_was(tick: int, phase: int) -> None:
    rewind, hashes = recorded()
    tick %= len(hashes) - 1
    before = state_hash(rewind.goto(tick, phase))
    if phase:
        rewind.kernel.step_phase()
        if rewind.kernel.phase:  # back over a phase; over the last one, a whole tick
            rewind.back()
            assert rewind.state_hash() == before
    else:
        rewind.kernel.step()
        rewind.back()
        assert rewind.state_hash() == before == hashes[tick]


def test_a_live_machine_keeps_its_own_snapshots_and_goes_on_unharmed() -> None:
    kernel, header, records = lively.machine(24)
    rewind = Rewind(header, records, lively.PROGRAMS)
    kernel.diary = rewind.diary
    _, hashes = recorded()
    for tick in range(2 * EVERY + 9):
        kernel.step()
        rewind.keep(kernel)
        if tick % 97 == 96:
            assert state_hash(rewind.goto(tick - 50)) == hashes[tick - 50]
    assert [kept.tick for kept in rewind.kept] == [0, EVERY, 2 * EVERY]


def test_any_tick_is_a_short_replay_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long that takes is measured by `llmos bench kernel`; here the ticks that are run again are counted."""
    kernel, header, records = lively.machine(1_000)
    rewind = Rewind(header, records, lively.PROGRAMS)
    kernel.diary = rewind.diary
    for _ in range(3_000):
        kernel.step()
        kernel.events.clear()
        rewind.keep(kernel)
    steps, step = [0], Kernel.step

    def counted(kernel: Kernel) -> None:
        steps[0] += 1
        step(kernel)

    monkeypatch.setattr(Kernel, "step", counted)
    for tick in (1, 2_559, 2_999, 255, 1_777, 2_500, 2_499):
        steps[0] = 0
        assert rewind.goto(tick).tick == tick
        assert steps[0] < EVERY


def test_snapshots_are_thinned_and_the_first_and_the_newest_stay() -> None:
    rewind, _ = recorded()
    fresh = Rewind(rewind.header, rewind.tape, rewind.programs)
    kernel = fresh.kernel
    tracemalloc.start()
    for n in range(1, 3 * MOST):
        kernel.tick = n * EVERY
        fresh.keep(kernel, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    ticks = [kept.tick for kept in fresh.kept]
    assert len(ticks) <= MOST
    assert ticks[0] == 0
    assert ticks[-64:] == [n * EVERY for n in range(3 * MOST - 64, 3 * MOST)]
    assert peak < 20_000_000


def test_snapshots_are_bounded_in_bytes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    rewind, _ = recorded()
    fresh = Rewind(rewind.header, rewind.tape, rewind.programs)
    one = fresh.bytes
    monkeypatch.setattr("llmos_kernel.rewind.MOST_BYTES", 40 * one)
    for n in range(1, 200):
        fresh.kernel.tick = n * EVERY
        fresh.keep(fresh.kernel, 0)
        assert fresh.bytes == sum(len(kept.state) for kept in fresh.kept) <= 42 * one
    assert fresh.kept[0].tick == 0
    assert fresh.kept[-1].tick == 199 * EVERY
