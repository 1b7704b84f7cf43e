"""exact8's promise over random company: chunks, bursts, lanes, neighbours, frames, table widths and shared pages, bitwise."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmos import store
from llmos.cpu.engine import Engine
from llmos.cpu.loaders import load

from .small import PAGE, Context, engine

PROMPT = [7, 250, 31, 4, 99, 180, 2, 61, 13, 200, 5, 88, 149, 30, 77, 12, 211, 8, 40, 41, 9]
LENGTH = 37
"""Tokens when a process is done: two pages are full then, and a third begun."""

OPTIONS = ({"temperature": 0}, {"temperature": 1200, "seed": 3, "min_p": 20})


@cache
def cpu(wide: bool) -> Engine:
    """The same model twice: few lanes, large chunks and narrow tables, or the opposite."""
    return engine("exact8", lanes=2, max_pages=30, chunk=16, frames=64) if wide else engine("exact8")


@cache
def alone(option: int) -> tuple[list[int], list[bytes]]:
    lane = Context(cpu(False), PROMPT, range(1, 4), **OPTIONS[option])
    lane.run(LENGTH - len(PROMPT))
    return lane.ids, lane.bytes()


def together(own: Context, others: list[Context], place: int, steps: list[int]) -> None:
    """Run `own` to its length in bursts of `steps`, in lane `place` of those who still have room beside it."""
    for count in [*steps, LENGTH]:
        count = min(count, LENGTH - len(own.ids))
        group = [lane for lane in others if len(lane.ids) + count <= PAGE * len(lane.frames)]
        group.insert(min(place, len(group)), own)
        if count:
            for lane, retired in zip(group, own.cpu.run([x.burst(1, count) for x in group]), strict=True):
                lane.take(retired)


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(
    wide=st.booleans(),
    option=st.sampled_from([0, 1]),
    chunks=st.lists(st.integers(1, 16), max_size=8),
    steps=st.lists(st.integers(1, 9), max_size=4),
    neighbours=st.lists(st.lists(st.integers(3, 299), min_size=2, max_size=30), max_size=3),
    place=st.integers(0, 3),
    pages=st.integers(3, 9),
    share=st.booleans(),
    shuffled=st.permutations(range(1, 40)),
)
def test_any_company(
    wide: bool,
    option: int,
    chunks: list[int],
    steps: list[int],
    neighbours: list[list[int]],
    place: int,
    pages: int,
    share: bool,
    shuffled: list[int],
) -> None:
    machine = cpu(wide)
    free = iter(shuffled)
    take = lambda n: [next(free) for _ in range(n)]  # noqa: E731
    own = Context(machine, PROMPT, take(min(pages, machine.geometry.max_pages)), **OPTIONS[option])
    for chunk in chunks:
        own.fed += machine.run([own.burst(min(chunk, len(PROMPT) - 1 - own.fed), 0)])[0].fed if own.fed < 20 else 0
    own.prefill(16)
    others = []
    for ids in neighbours[: machine.geometry.lanes - 1]:
        first = [own.frames[0]] if share else []
        other = Context(machine, PROMPT[:PAGE] + ids if share else ids, [*first, *take(4 - len(first))], temperature=0)
        other.fed = PAGE if share else 0
        other.prefill(16)
        others.append(other)
    together(own, others, place, steps)
    assert (own.ids, own.bytes()) == alone(option)


@pytest.mark.real
def test_company_on_smollm2() -> None:
    """A sample on the real weights and all 30 layers: a chunked prompt, neighbours, other frames, a wider table, a restore."""
    machine = Engine(load(store.resolve("smollm2")), "exact8", 24, 3, 6, 16)
    by_itself = Context(machine, PROMPT, range(1, 4), **OPTIONS[1])
    by_itself.prefill(16)
    by_itself.run(LENGTH - len(PROMPT))
    own = Context(machine, PROMPT, (17, 9, 12, 20, 21), **OPTIONS[1])
    own.prefill(7)
    saved = [machine.save(frame) for frame in own.frames]
    own.frames = (4, 22, 23, 18, 19)
    for frame, data in zip(own.frames, saved, strict=True):
        machine.load(frame, data)
    other = Context(machine, PROMPT[::-1], (5, 6, 7), temperature=0)
    fork = Context(machine, [*PROMPT[:PAGE], 1, 2, 3], (own.frames[0], 10, 11), temperature=0)
    fork.fed = PAGE
    other.prefill(16)
    fork.prefill(16)
    together(own, [other, fork], 1, [5, 1])
    assert (own.ids, own.bytes()) == (by_itself.ids, by_itself.bytes())
