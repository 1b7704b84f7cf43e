"""Swap is exact: whatever leaves and whenever, the tokens are the same. And what can't leave stays."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos import paths
from llmos.boot import page_file
from llmos.swap import PageFile, RamPages
from llmos_kernel import pager
from llmos_kernel.errors import NoSuchProgram
from llmos_kernel.kernel import Config, Kernel
from llmos_kernel.labels import Label, Ring
from llmos_kernel.memory import AddressSpace, Memory
from llmos_kernel.ports import Delivery
from llmos_kernel.swap import Costs, Slots, swaps
from llmos_kernel.syscall import trap

from . import machines
from .machines import build, run


@pytest.fixture(scope="module")
def calm() -> dict[int, Any]:
    """The tokens with frames to spare."""
    return run(build(frames=200))


def swap_everybody(kernel: Kernel) -> None:
    for process in list(kernel.processes.values()):
        assert pager.swap_out(kernel, process)
    assert kernel.memory.available() == kernel.memory.total


def test_swap_at_every_token_changes_nothing(calm: dict[int, Any]) -> None:
    kernel = build(frames=200)
    assert run(kernel, swap_everybody) == calm
    assert kernel.swapped_out > 200


@pytest.mark.parametrize("cut", range(0, 60, 3))
def test_one_swap_at_any_point_changes_nothing(cut: int, calm: dict[int, Any]) -> None:
    assert run(build(frames=200), lambda k: swap_everybody(k) if k.tick == cut else None) == calm


@pytest.mark.parametrize(("costs", "kind"), [((1, 1, 1_000_000), "swapin"), ((1_000_000, 1, 1), "evict")])
def test_too_few_frames_change_nothing_by_swap_or_by_recompute(
    costs: tuple[int, int, int], kind: str, calm: dict[int, Any]
) -> None:
    kernel = build(frames=32, costs=costs)
    seen: Counter[str] = Counter()
    assert run(kernel, lambda k: seen.update(e[1] for e in k.events)) == calm
    assert seen[kind]
    assert (seen["swapin"] == 0) == (kind == "evict")


def test_a_forked_family_swaps_exactly() -> None:
    calm = run(build(frames=200, init="forker", args=("a text of some length " * 8, 20)))
    assert run(build(frames=200, init="forker", args=("a text of some length " * 8, 20)), swap_everybody) == calm
    assert run(build(frames=34, init="forker", args=("a text of some length " * 8, 20))) == calm


def test_a_fork_that_fails_gives_its_frames_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def parent() -> int:
        await trap("think", (("user", "a text of some length " * 4),), 5)
        for _ in range(3):
            with pytest.raises(NoSuchProgram):
                await trap("fork", "nosuch")
        await trap("think", (), 5)
        return 0

    monkeypatch.setitem(machines.PROGRAMS, "parent", parent)
    kernel = build(frames=40, init="parent", args=())
    run(kernel)
    assert kernel.memory.available() == kernel.memory.total


def test_parked_from_the_panel_and_back(calm: dict[int, Any]) -> None:
    kernel = build(frames=200)

    def park(kernel: Kernel) -> None:
        if kernel.tick % 7 == 0:
            kernel.world.typed += [Delivery("command", "swapout", (pid,)) for pid in (2, 3)]

    assert run(kernel, park) == calm
    assert kernel.swapped_in


class Failing(RamPages):
    """A disk that runs full, and one that loses a page."""

    def __init__(self, room: int, damaged: int = -1) -> None:
        super().__init__(machines.SLOTS)
        self.room, self.damaged = room, damaged

    def put(self, slot: int, data: bytes, key: bytes = b"") -> bool:
        return len(self.pages) < self.room and super().put(slot, data, key)

    def get(self, slot: int) -> bytes | None:
        return None if slot == self.damaged else super().get(slot)


@pytest.mark.parametrize("store", [Failing(0), Failing(7), Failing(1000, damaged=3)])
def test_a_full_or_damaged_disk_loses_nothing(store: Failing, calm: dict[int, Any]) -> None:
    seen: list[str] = []
    kernel = build(frames=32, store=store, costs=(1, 1, 1_000_000))
    assert run(kernel, lambda k: seen.extend(e[1] for e in k.events)) == calm
    assert ("swapfull" in seen) == (store.room < 1000)


def test_few_slots_are_enough_for_some_and_the_rest_is_computed_again(calm: dict[int, Any]) -> None:
    assert run(build(frames=32, slots=9, costs=(1, 1, 1_000_000))) == calm


def test_without_a_place_for_a_page_file_a_machine_has_no_swap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calm: dict[int, Any]
) -> None:
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    monkeypatch.setattr(paths, "swap", lambda: tmp_path / "file" / "swap" / "pages")
    said: list[Any] = []
    store = page_file(build().geometry, 8, said.append)
    assert [(line.part, "no swap: can't open the page file" in line.text) for line in said] == [("RAM", True)]
    assert run(build(frames=32, store=store, costs=(1, 1, 1_000_000))) == calm


def test_a_replay_needs_no_page_file(calm: dict[int, Any]) -> None:
    config = Config(args=(4, 30), slots=machines.SLOTS, window=0)
    events, again, records = machines.twice(build(frames=32), config)
    assert any(record[0] == "put" for record in records)
    assert again == events


def test_the_cost_model_is_the_sum_of_its_constants() -> None:
    assert swaps(Costs(10, 10, 1), dirty=4, pages=4, tokens=81)
    assert not swaps(Costs(10, 10, 1), dirty=4, pages=4, tokens=80)
    assert swaps(Costs(10, 10, 1), dirty=0, pages=4, tokens=41), "clean pages need not be written"


@given(st.lists(st.sampled_from("as-"), max_size=60), st.integers(0, 8))
def test_slots_are_never_lost_or_doubled(steps: list[str], count: int) -> None:
    slots, held = Slots(count), list[int]()
    for step in steps:
        if step == "a":
            slot = slots.allocate()
            assert (slot is None) == (len(set(held)) == count)
            held += [slot] if slot is not None else []
        elif step == "s" and held:
            slots.share(held[0])
            held.append(held[0])
        elif held:
            slots.release(held.pop())
        slots.check(held)


# -- the frame allocator ------------------------------------------------------------------------------------------------

ops = st.lists(st.tuples(st.sampled_from("gfdpc"), st.integers(0, 5), st.integers(1, 40)), max_size=40)


@settings(max_examples=60, deadline=None)
@given(ops)
def test_frames_are_mapped_cached_or_free_after_every_operation(steps: list[tuple[str, int, int]]) -> None:
    memory = Memory(24, 4)
    labels = [Label(Ring.USER), Label(Ring.DATA, (), ("web",)), Label(Ring.USER, ("ana",))]
    spaces = [AddressSpace() for _ in range(3)]
    for kind, which, count in steps:
        space = spaces[which % len(spaces)]
        if kind == "g":
            space.append(range(count), labels[which % 3], "u")
        elif kind == "f" and len(spaces) < 6:
            spaces.append(memory.fork(space))
        elif kind == "d":
            memory.drop(space)
        elif kind == "c":
            memory.cut(space, count % 3)
        elif kind == "p":
            _feed(memory, space, count)
        memory.check(spaces)
        _no_frame_under_two_labels(memory, spaces)


def _feed(memory: Memory, space: AddressSpace, count: int) -> None:
    """What a burst does to the tables: adopt, reserve, retire, publish."""
    if not space.frames and space.tokens:
        memory.adopt(space)
    count = min(count, len(space.tokens) - space.resident)
    if -(-(space.resident + count) // memory.page) - len(space.frames) + 1 > memory.available() or count <= 0:
        return
    memory.reserve(space, count)
    space.resident += count
    memory.publish(space)


def _no_frame_under_two_labels(memory: Memory, spaces: list[AddressSpace]) -> None:
    """Processes that map one frame have the same tokens under the same labels in it."""
    seen: dict[int, tuple[Any, ...]] = {}
    for space in spaces:
        for i, frame in enumerate(space.frames):
            first, last = i * memory.page, min((i + 1) * memory.page, space.resident)
            if memory.refs[frame] > 1 and last == (i + 1) * memory.page:
                said = (space.tokens[first:last], space.label_of(first, last - 1))
                assert seen.setdefault(frame, said) == said


def test_equal_prefixes_are_shared_under_equal_labels_only() -> None:
    memory = Memory(24, 4)
    spaces = [AddressSpace() for _ in range(3)]
    for space, label in zip(spaces, [Label(), Label(), Label(Ring.DATA, (), ("web",))], strict=True):
        space.append(range(9), label, "u")
        _feed(memory, space, 9)
    assert spaces[0].frames[:2] == spaces[1].frames[:2]
    assert not set(spaces[0].frames) & set(spaces[2].frames)


def test_what_not_everybody_may_read_is_shared_by_a_fork_alone() -> None:
    """Not even with somebody under the same label, and neither is what was computed after it."""
    memory = Memory(24, 4)
    spaces = [AddressSpace() for _ in range(2)]
    for space in spaces:
        space.append(range(4), Label(), "u")
        space.append(range(4), Label(Ring.USER, ("ana",)), "u")
        space.append(range(5), Label(), "u")
        _feed(memory, space, 13)
    first, second = (space.frames for space in spaces)
    assert first[0] == second[0]
    assert not set(first[1:]) & set(second)
    assert memory.fork(spaces[0]).frames == first


def test_copy_on_write_never_changes_another_process() -> None:
    memory = Memory(24, 4)
    mother = AddressSpace()
    mother.append(range(6), Label(), "u")
    _feed(memory, mother, 6)
    daughter = memory.fork(mother)
    before = mother.frames
    daughter.append([7], Label(), "u")
    assert memory.reserve(daughter, 1) == [(before[1], daughter.frames[1])]
    assert mother.frames == before
    assert daughter.frames[0] == before[0]
    assert daughter.frames[1] != before[1]


# -- the page file ------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.binary(max_size=64)), max_size=20))
def test_pages_come_back_byte_for_byte(
    tmp_path_factory: pytest.TempPathFactory, writes: list[tuple[int, bytes]]
) -> None:
    file = PageFile(tmp_path_factory.mktemp("swap") / "pages", 64, 8)
    kept: dict[int, bytes] = {}
    for slot, data in writes:
        assert file.put(slot, data)
        kept[slot] = data
    assert [file.get(slot) for slot in range(8)] == [kept.get(slot) for slot in range(8)]
    file.close()


def test_the_page_file_is_bounded_and_says_so(tmp_path: Path) -> None:
    file = PageFile(tmp_path / "pages", 16, 2)
    assert not file.put(2, b"x")
    assert not file.put(0, b"x" * 17)
    assert "2 slots of 16 bytes" in file.problem
    assert file.get(5) is None


@settings(deadline=None)
@given(st.integers(0, 2000), st.integers(1, 255))
def test_one_flipped_byte_is_noticed(tmp_path_factory: pytest.TempPathFactory, where: int, change: int) -> None:
    path = tmp_path_factory.mktemp("swap") / "pages"
    file = PageFile(path, 64, 4)
    pages = [bytes([n]) * 64 for n in range(4)]
    for n, data in enumerate(pages):
        file.put(n, data, b"key%d" % n)
    raw = bytearray(path.read_bytes())
    where = 4096 + where % (len(raw) - 4096)
    raw[where] ^= change
    path.write_bytes(raw)
    again = PageFile(path, 64, 4)
    assert all(again.get(n) in (pages[n], None) for n in range(4))
    assert sum(again.get(n) is None for n in range(4)) == 1


def test_after_a_restart_pages_are_found_by_their_keys(tmp_path: Path) -> None:
    file = PageFile(tmp_path / "pages", 16, 4, "this model")
    file.put(0, b"old", b"a")
    file.put(1, b"new", b"a")
    file.put(2, b"other", b"b")
    file.close()
    again = PageFile(tmp_path / "pages", 16, 4, "this model")
    assert again.kept() == {b"a": 1, b"b": 2}
    assert PageFile(tmp_path / "pages", 16, 4, "another model").kept() == {}


def test_a_copied_page_lands_in_a_used_frame_and_is_not_wiped_from_it() -> None:
    memory = Memory(8, 4)
    mother, other = AddressSpace(), AddressSpace()
    for space, ids in ((mother, range(6)), (other, range(90, 92))):
        space.append(ids, Label(), "u")
        _feed(memory, space, len(ids))
    daughter, used = memory.fork(mother), other.frames[0]
    memory.drop(other)
    assert used in memory.stale
    daughter.append([7], Label(), "u")
    assert memory.reserve(daughter, 1) == [(mother.frames[1], used)]
    assert used not in memory.stale
