"""Working sets: never more frames than allowed; what is lossy is marked, never shared; digests call pages back; all replays."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from llmos.errors import UsageError
from llmos.labs import references
from llmos_kernel.errors import BadCall
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.look import snapshot
from llmos_kernel.ports import Delivery
from llmos_kernel.replacement import REPLACEMENTS
from llmos_kernel.syscall import trap
from llmos_kernel.workingset import WorkingSet
from llmos_kernel.workingset import build as build_set

from . import machines
from .machines import build, run

LIMIT = 6


def watched(kernel: Kernel) -> None:
    """The laws of a window, after every tick."""
    for process in kernel.processes.values():
        space = process.space
        assert space.held() <= LIMIT
        if space.lossy is not None:
            assert len(space.chain) <= space.lossy // kernel.geometry.page, "a lossy page was published"
        if space.frames and space.work and space.held():
            assert space.frames[0] != 0 or space.work.pins.first == 0, "the pinned first page left"
    snapshot(kernel, 2)


@pytest.mark.parametrize("name", sorted(REPLACEMENTS))
def test_a_window_is_never_exceeded_and_lossy_pages_are_not_shared(name: str) -> None:
    seen: Counter[str] = Counter()
    kernel = build(window=LIMIT, replacement=name)
    run(kernel, lambda k: (watched(k), seen.update(e[1] for e in k.events)))
    assert seen["pageout"]
    assert bool(seen["fault"]) == (name == "attention")


def test_a_window_as_large_as_the_context_changes_nothing() -> None:
    assert run(build(frames=200, window=60, replacement="attention")) == run(build(frames=200))


def test_a_small_window_changes_the_answers_and_says_so() -> None:
    kernel = build(frames=200, window=LIMIT, replacement="fifo")
    lossy: set[int] = set()
    given = run(kernel, lambda k: lossy.update(p.pid for p in k.processes.values() if p.space.lossy is not None))
    calm = run(build(frames=200))
    assert {pid for pid in calm if given[pid] != calm[pid]} <= lossy


def test_called_back_pages_and_prefetches_are_counted() -> None:
    kernel = build(window=12, replacement="attention")
    most: Counter[str] = Counter()

    def count(kernel: Kernel) -> None:
        for p in kernel.processes.values():
            if p.space.work:
                c = p.space.work.counters
                assert c.prefetch_hits <= c.prefetches
                assert c.restarts <= c.bursts * 2 + 2
                most["faults"] = max(most["faults"], c.faults)
                most["prefetches"] = max(most["prefetches"], c.prefetches)

    run(kernel, count)
    assert most["faults"]
    assert most["prefetches"]


def test_the_best_absent_page_takes_the_place_of_the_worst() -> None:
    work = WorkingSet(6, "attention")
    assert work.victims(range(6), 5, 5, 0) == []  # 0 is pinned, and 4 and 5, the last
    worth = {0: 0, 1: 100, 2: 300, 3: 200, 4: 0, 5: 0, 7: 250, 8: 120, 9: 110}
    work.weigh(worth, [7, 8, 9])
    assert work.restart(80, 1)
    assert work.callers([7, 8, 9]) == [(7, False)]
    assert work.victims(range(6), 5, 5, 1) == [1]
    work.came(7, False)
    work.weigh(worth | {8: 999}, [1, 8, 9])
    assert not work.restart(80, 1), "once is enough"
    assert work.callers([1, 8, 9]) == [(8, True)], "what is still wanted comes for the next burst"
    work.weigh(worth | {1: 200}, [1, 8, 9])
    assert not work.wanted, "as much is not worth the way"


def test_windows_under_pressure_of_the_whole_machine() -> None:
    run(build(frames=11, window=LIMIT, replacement="attention"), watched)
    run(build(frames=11, window=LIMIT, replacement="lru", slots=0), watched)


def test_the_window_of_a_living_process_can_change() -> None:
    kernel = build(frames=200)

    def narrow(kernel: Kernel) -> None:
        if kernel.tick == 20:
            kernel.world.typed.append(Delivery("command", "window", (2, LIMIT, "clock")))
        if kernel.tick == 40:
            kernel.world.typed.append(Delivery("command", "window", (2, 0)))
            assert kernel.processes[2].space.held() <= LIMIT

    run(kernel, narrow)


def test_impossible_windows_are_refused() -> None:
    with pytest.raises(BadCall, match="needs 4"):
        build_set(3, "lru")
    with pytest.raises(BadCall, match="no replacement policy"):
        build_set(8, "best")
    assert build_set(0, "best") is None


def test_a_window_replays_without_frames_or_digests() -> None:
    config = Config(args=(4, 30), slots=machines.SLOTS, window=LIMIT, replacement="attention", trace=1)
    events, again, _ = machines.twice(build(), config)
    assert again == events
    strings = [e[4] for e in events if e[1] == "references"]
    assert len(strings) == 4
    assert all(strings)


def test_another_program_in_a_process_begins_another_reference_string(monkeypatch: pytest.MonkeyPatch) -> None:
    async def changer() -> int:
        await trap("think", (("user", "a text of some length " * 4),), 9)
        await trap("exec", "child", "another text of some length " * 4, 9)
        return 0

    monkeypatch.setitem(machines.PROGRAMS, "changer", changer)
    kernel, told = build(frames=80, init="changer", args=(), trace=1), list[tuple[str, int]]()
    run(kernel, lambda k: told.extend((e[3], len(e[4])) for e in k.events if e[1] == "references"))
    assert [program for program, _ in told] == ["changer", "child"]
    assert all(count > 9 for _, count in told)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"processes": []}', '{"processes": [{"references": []}]}', "\0"])
def test_what_is_no_recorded_string_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "refs.json").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="holds no reference strings"):
        references.load(tmp_path / "refs.json")


@pytest.mark.parametrize(("pages", "columns"), [(5, 5), (40, 11), (64, 12)])
def test_a_table_of_misses_fits_a_terminal(pages: int, columns: int) -> None:
    result = references.run_references([*range(pages), *range(pages)])
    lines = references.table_text(result).splitlines()
    assert all(len(line) <= 96 for line in lines)
    assert lines[1].split() == [*map(str, references.SHOWN[: columns - 1]), str(pages)]
    assert all(len(line.split()) == columns + 1 for line in lines[2:10])
    assert lines[9].split()[-1] == str(pages)


def test_recorded_strings_go_through_every_policy() -> None:
    result = references.run_references([1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5])
    assert result["misses"]["fifo"][2:4] == [9, 10]
    assert result["misses"]["lru"][2:4] == [10, 8]
    assert result["misses"]["opt"][2:4] == [7, 6]
    assert {"policy": "fifo", "frames": 3, "misses": 9, "with_one_more": 10} in result["belady"]
    assert all(gap >= 0 for row in result["beyond_opt"].values() for gap in row)


@pytest.mark.parametrize(("policy", "found"), [("fifo", True), ("lru", False)])
def test_the_search_for_beladys_anomaly(policy: str, found: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "SEARCHES", 1_500)
    result = references.search(policy, 0)
    assert result["found"] is found
    if found:
        again = [references.misses(policy, n, result["refs"]) for n in (3, 4)]
        assert again == [result["misses"], result["with_one_more"]]
        assert again[1] > again[0]
