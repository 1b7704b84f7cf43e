"""Pairs of data pages under one planner: the logits of its question must be the same bits, whatever lies in the slot.

Knows: tables that leave the pages of a slot out, as `kernel/space.py` makes them. Does not know: why. Many lanes run
at once, each with a slot and a question of its own; all map the planner's own two pages. Between two runs every slot is
filled anew (random bits, NaN, infinities, text of another length, nothing), and the own pages move: out to bytes and back,
to other frames, to private copies. So each run is a pair with the one before. Run by hand:

    python -m tests.rights.pairs 10000 tiny|nano|smollm2 [exact8|float32]
"""

from __future__ import annotations

import random
import struct
import sys
from collections.abc import Sequence

import numpy as np

from llmos.cpu.engine import Engine
from llmos_kernel.cpu import TRASH, Burst
from tests.cpu.small import tiny

PAGE, SLOT = 16, 3
QUESTION = (7, 11, 5)
STARTS = (0, PAGE, (2 + SLOT) * PAGE)
ODD = struct.pack("<6I", 0x7FC00000, 0x7F800000, 0xFF800000, 0x7FFFFFFF, 0xFF7FFFFF, 0x00000001)
"""NaN, infinity, minus infinity, NaN, the smallest float, the least above zero."""


class Lanes:
    """`width` planners on one engine. Frames: trash, two pairs of own pages, and for each lane a slot and a question."""

    def __init__(self, cpu: Engine, seed: int = 0) -> None:
        self.cpu, self.width, self.random = cpu, cpu.geometry.lanes, random.Random(seed)
        self.own, self.spare = (1, 2), (3, 4)
        cpu.run([Burst(self.own, (0, PAGE), 0, tuple(range(3, 3 + 2 * PAGE)), 0)])
        for lane in range(self.width):
            cpu.run([Burst((*self.own, self.question(lane)), STARTS, STARTS[2], QUESTION[:2], 0)])

    def slot(self, lane: int) -> Sequence[int]:
        first = 5 + lane * (SLOT + 1)
        return range(first, first + SLOT)

    def question(self, lane: int) -> int:
        return 5 + lane * (SLOT + 1) + SLOT

    def fill(self) -> None:
        """Other data in every slot, and in the frame that is nobody's; in a random number of its pages."""
        size = self.cpu.geometry.frame_bytes
        for frames in ([TRASH], *(self.slot(lane) for lane in range(self.width))):
            for frame in self.random.sample(frames, self.random.randint(1, len(frames))):
                odd = (ODD * (size // len(ODD) + 1))[:size]
                kind = self.random.random()
                text = self.random.randrange(size)
                self.cpu.load(
                    frame,
                    odd if kind < 0.3 else bytes(size) if kind < 0.4 else self.random.randbytes(text) + odd[text:]
                    if kind < 0.6 else self.random.randbytes(size),
                )  # fmt: skip

    def say(self, lane: int, word: int) -> None:
        """Put words into a slot as a reader does, by running them."""
        frames = (*self.own, *self.slot(lane))
        self.cpu.run([Burst(frames, tuple(range(0, 5 * PAGE, PAGE)), 2 * PAGE, (word,) * 2 * PAGE, 0)])
        self.cpu.run([Burst(frames, tuple(range(0, 5 * PAGE, PAGE)), 4 * PAGE, (word,) * PAGE, 0)])

    def move(self) -> None:
        """The planner's own pages go elsewhere: by swap, or by copy."""
        if self.random.random() < 0.5:
            for old, new in zip(self.own, self.spare, strict=True):
                self.cpu.load(new, self.cpu.save(old))
        else:
            self.cpu.copy(list(zip(self.own, self.spare, strict=True)))
        self.own, self.spare = self.spare, self.own

    def logits(self, slots: bool = False) -> np.ndarray:
        """[width, vocab] after each lane's question; with `slots` in the tables too, for a test that can fail."""
        starts = (0, PAGE, 2 * PAGE, 3 * PAGE, 4 * PAGE, STARTS[2]) if slots else STARTS
        bursts = [
            Burst(
                (*self.own, *(self.slot(lane) if slots else ()), self.question(lane)),
                starts,
                STARTS[2] + 2,
                QUESTION[2:],
                0,
            )
            for lane in range(self.width)
        ]
        lanes = [self.cpu._lane(burst) for burst in bursts]
        shape, view, fed = self.cpu._feed(lanes)
        return np.asarray(self.cpu._finish(lanes, shape, view, fed)[0])[: self.width]


def engine(name: str, mode: str, width: int) -> Engine:
    """An engine with room for `width` planners."""
    frames = 5 + width * (SLOT + 1)
    if name == "tiny":
        return Engine(tiny(), mode, frames, width, 8, 32)
    from llmos.processor import load_model

    return Engine(load_model(name), mode, frames, width, 8, 32)


def differing(cpu: Engine, pairs: int, seed: int = 0) -> int:
    """Of so many pairs, those whose logits differ in any bit. AssertionError when they are no numbers."""
    lanes = Lanes(cpu, seed)
    lanes.fill()
    first = lanes.logits()
    assert np.isfinite(first).all()
    assert len({row.tobytes() for row in first}) == 1
    wrong = 0
    for _ in range(-(-pairs // lanes.width)):
        lanes.fill()
        lanes.move()
        wrong += sum(row.tobytes() != first[0].tobytes() for row in lanes.logits())
    return wrong


if __name__ == "__main__":
    count, which = int(sys.argv[1]), sys.argv[2]
    for arithmetic in sys.argv[3:] or ["exact8", "float32"]:
        found = differing(engine(which, arithmetic, 32 if which == "tiny" else 8), count)
        print(f"{which} {arithmetic}: {found} of {count:,} pairs differ", flush=True)
