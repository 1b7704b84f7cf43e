"""What a scheduling decision costs, counted and not timed: no more than the logarithm of how many processes there are."""

from __future__ import annotations

from math import log2
from typing import Any

import pytest

from llmos_kernel.sched import POLICIES, Job, Lottery, Policy, by_name
from llmos_kernel.sched.policy import Ordered

COUNTS = (10, 100, 1_000, 10_000)


class Tally:
    steps = 0


class Number(int):
    """An integer that counts how often it is compared."""

    def __lt__(self, other: int) -> bool:
        Tally.steps += 1
        return int.__lt__(self, other)

    __hash__ = int.__hash__

    def __eq__(self, other: object) -> bool:
        Tally.steps += 1
        return int.__eq__(self, other)


class Sums(list[int]):
    """The lottery's tree, counting what is looked up in it."""

    def __getitem__(self, at: Any) -> Any:
        Tally.steps += 1
        return list.__getitem__(self, at)


def instrumented(name: str, count: int) -> Policy:
    policy = by_name(name, 1)
    if isinstance(policy, Ordered):
        place = policy.place
        policy.place = lambda pid: tuple(map(Number, place(pid)))  # type: ignore[method-assign]
    for pid in range(1, count + 1):
        policy.add(Job(pid, length=count + pid, priority=pid % 5 + 1, tickets=1 + pid % 100))
    if isinstance(policy, Lottery):
        policy.sums = Sums(policy.sums)
    return policy


def cost(name: str, count: int, decisions: int = 100) -> float:
    """Comparisons (look-ups, for the lottery) of one decision: pick, charge, does it yield, queue again."""
    policy = instrumented(name, count)
    Tally.steps = 0
    for now in range(decisions):
        policy.advance(now)
        pid = policy.pick()
        policy.charge(pid, 1, 0)
        policy.yields(pid)
        policy.requeue(pid)
    return Tally.steps / decisions


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_a_decision_costs_no_more_than_the_logarithm_of_the_processes(name: str) -> None:
    costs = {count: cost(name, count) for count in COUNTS}
    assert costs[10] > 0
    for count in COUNTS:
        assert costs[count] / log2(count) < 2 * costs[10] / log2(10), costs


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_leaving_the_queue_is_cheap_too(name: str) -> None:
    """Half of 10,000 leave and come back: what is left behind in the heap does not pile up."""
    policy = instrumented(name, 10_000)
    Tally.steps = 0
    for pid in range(1, 5_001):
        policy.remove(pid)
        policy.add(Job(pid, length=pid))
    assert Tally.steps / 5_000 < 10 * log2(10_000)
