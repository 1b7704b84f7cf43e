"""Planner independence: a stream whose table leaves out the data pages computes the same bits whatever they hold.

The planner's context is two pages of its own, a slot of fixed size for data, and its question after it. The reader's
stream has the whole table; the planner's leaves the slot's pages out. Positions stay as they are, so nothing about the
data, not even its length inside the slot, reaches the planner. Compare CIV, arXiv 2508.09288.
"""

from __future__ import annotations

import random
import struct

import numpy as np
import pytest

from llmos.cpu.engine import Engine
from llmos_kernel.cpu import Burst
from tests.cpu.small import engine

PAGE = 16
OWN, SLOT, QUESTION = (1, 2), (3, 4, 5), 6
PAIRS = 100  # a mode; the pages are drawn anew for each
STARTS = (0, PAGE, 5 * PAGE)
ODD = struct.pack("<4I", 0x7FC00000, 0x7F800000, 0xFF800000, 0x7FFFFFFF)  # NaN, infinity, minus infinity, NaN


def prepared(mode: str) -> tuple[Engine, Burst]:
    """The planner's pages are filled; its next burst asks for the logits of its question."""
    cpu = engine(mode, frames=16, lanes=1, max_pages=8, chunk=32)
    ids = tuple(range(3, 3 + 2 * PAGE))
    cpu.run([Burst(OWN, (0, PAGE), 0, ids, 0)])
    return cpu, Burst((*OWN, QUESTION), STARTS, 5 * PAGE, (7, 11, 5), 0)


def fill(cpu: Engine, source: random.Random) -> None:
    """Other data in the slot: random bits, or numbers that are none, in a random number of its frames."""
    size = cpu.geometry.frame_bytes
    for frame in source.sample(SLOT, source.randint(1, len(SLOT))):
        cpu.load(frame, (ODD * (size // 16 + 1))[:size] if source.random() < 0.3 else source.randbytes(size))


@pytest.mark.parametrize("mode", ["exact8", "float32"])
def test_other_data_pages_give_the_same_bits(mode: str) -> None:
    cpu, question = prepared(mode)
    source = random.Random(5)
    fill(cpu, source)
    first = cpu.logits(question)
    assert np.isfinite(first).all()
    for _ in range(PAIRS):
        fill(cpu, source)
        assert cpu.logits(question).tobytes() == first.tobytes()


@pytest.mark.parametrize("mode", ["exact8", "float32"])
def test_a_stream_that_may_attend_to_the_slot_does_see_it(mode: str) -> None:
    """The check can fail: with the slot in the table other data gives other bits."""
    cpu, _ = prepared(mode)
    seen = set()
    for word in (20, 21, 22):
        cpu.run([Burst((*OWN, 3), (0, PAGE, 2 * PAGE), 2 * PAGE, (word,) * PAGE, 0)])
        table = Burst((*OWN, 3, QUESTION), (0, PAGE, 2 * PAGE, 5 * PAGE), 5 * PAGE, (7, 11, 5), 0)
        seen.add(cpu.logits(table).tobytes())
    assert len(seen) == 3


@pytest.mark.parametrize("mode", ["exact8", "float32"])
def test_swap_sharing_and_moving_frames_change_no_bit(mode: str) -> None:
    cpu, question = prepared(mode)
    first = cpu.logits(question).tobytes()
    kept = [cpu.save(frame) for frame in OWN]
    for frame, data in zip((8, 9), kept, strict=True):
        cpu.load(frame, data)
    moved = question._replace(frames=(8, 9, 10))
    assert cpu.logits(moved).tobytes() == first
    cpu.copy([(8, 11)])
    assert cpu.logits(question._replace(frames=(11, 9, 12))).tobytes() == first
