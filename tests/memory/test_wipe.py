"""Freed frames hold nothing of their last owner: not on the free list, not behind the tokens of the next one, which stay."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

from llmos.cpu.engine import Engine
from llmos.cpu.scripted import ScriptedCpu
from llmos.swap import RamPages
from llmos_kernel import pager
from llmos_kernel.kernel import Kernel
from tests.cpu.small import Context, tiny
from tests.kernel import lively

from .machines import SLOTS, build


def clean(kernel: Kernel, ids: list[list[int]]) -> None:
    """Every frame holds the tokens of the page that is in it, as far as they were computed, and nothing else."""
    memory, page = kernel.memory, kernel.geometry.page
    for frame in memory.free:
        assert not any(ids[frame]), f"tick {kernel.tick}: free frame {frame} holds {ids[frame]}"
    spaces = [p.space for p in kernel.processes.values()]
    for space in spaces:
        for i, frame in enumerate(space.frames):
            own = [*space.tokens[i * page : (i + 1) * page], *[0] * page][:page]
            if frame > 0:
                computed = max(0, space.resident - i * page)
                assert ids[frame][:computed] == own[:computed], (kernel.tick, frame, i)
                assert all(held in (0, token) for held, token in zip(ids[frame], own, strict=True)), (frame, i)


def leave(kernel: Kernel) -> None:
    for process in list(kernel.processes.values()):
        pager.swap_out(kernel, process)
    kernel.wipe()


CASES: dict[str, tuple[dict[str, Any], Callable[[Kernel], None] | None]] = {
    "frames to spare": ({"frames": 200}, None),
    "too few frames": ({"frames": 32}, None),
    "a family": ({"frames": 200, "init": "forker", "args": ("a text of some length " * 8, 20)}, None),
    "swapped out": ({"frames": 200}, lambda kernel: leave(kernel) if kernel.tick % 7 == 0 else None),
    "few frames a process": ({"frames": 200, "window": 6, "replacement": "lru"}, None),
    "pages called back": ({"frames": 200, "window": 6, "replacement": "attention"}, None),
}


@pytest.mark.parametrize("name", CASES)
def test_no_frame_holds_what_is_another_s(name: str) -> None:
    options, each = CASES[name]
    store = RamPages(SLOTS)
    kernel = build(store=store, **options)
    assert isinstance(kernel.cpu, ScriptedCpu)
    used = set[int]()
    for _ in range(700):
        if kernel.halted:
            break
        kernel.step()
        if each:
            each(kernel)
        clean(kernel, kernel.cpu.ids)
        kernel.check_integrity()
        assert not kernel.memory.stale
        used |= {frame for frame, held in enumerate(kernel.cpu.ids) if any(held)}
    assert len(used) > 5
    assert used & set(kernel.memory.free), "frames were given back, and looked at"


def test_nothing_of_another_s_leaves_for_the_page_file() -> None:
    store = RamPages(SLOTS)
    kernel = build(frames=24, store=store, args=(3, 20))
    for _ in range(2_000):
        if kernel.halted:
            break
        kernel.step()
        for process in list(kernel.processes.values()):
            page, space = kernel.geometry.page, process.space
            if space.frames and kernel.tick % 5 == 0 and pager.swap_out(kernel, process):
                for i, slot in space.slots.items():
                    ids = struct.unpack(f"<{2 * page}q", store.get(slot) or b"")[:page]
                    own = [*space.tokens[i * page : (i + 1) * page], *[0] * page]
                    assert all(held in (0, token) for held, token in zip(ids, own, strict=False))
    assert kernel.swapped_out > 20


def test_a_walk_with_signals_and_new_programs_leaves_nothing() -> None:
    kernel, _, _ = lively.machine(6, frames=20)
    cpu = kernel.cpu._cpu  # type: ignore[attr-defined]
    while not kernel.halted and kernel.tick < 1_500:
        kernel.step()
        clean(kernel, cpu.ids)
    assert kernel.halted


@pytest.mark.parametrize("mode", ["exact8", "float32"])
def test_an_engine_zeroes_whole_frames_and_no_others(mode: str) -> None:
    cpu = Engine(tiny(), mode, frames=20, lanes=1, max_pages=12, chunk=32)
    owner = Context(cpu, list(range(5, 180)), range(1, 12))
    owner.prefill()
    before = [cpu.save(frame) for frame in range(1, 12)]
    assert all(any(page) for page in before)
    cpu.wipe([2, 3, 4, 5, 6, 7, 8, 9, 11])
    after = [cpu.save(frame) for frame in range(1, 12)]
    assert [not any(page) for page in after] == [False, *[True] * 8, False, True]
    assert (after[0], after[9]) == (before[0], before[9])
