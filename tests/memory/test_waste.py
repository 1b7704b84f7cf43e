"""Bars of the memory that need no clock: little of it is wasted, a fork copies nothing, equal beginnings are held once."""

from __future__ import annotations

import pytest

from llmos import bench_memory


@pytest.mark.parametrize("processes", [1, 8, 32])
def test_at_least_95_percent_of_used_memory_holds_tokens(processes: int) -> None:
    figures = bench_memory.waste(processes)
    assert figures["used_percent"] >= 95
    assert figures["most_wasted_slots"] < bench_memory.PAGE, "more than a page of one process is empty"
    assert figures["tokens"] >= 300 * processes


def test_a_fork_copies_no_page_until_it_writes() -> None:
    assert bench_memory.fork(4_000)["pages_copied"] == 0


def test_equal_beginnings_are_held_once() -> None:
    figures = bench_memory.sharing()
    assert figures["frames_used"] < figures["pages_mapped"]
    assert figures["saved_percent"] > 35
