"""Planner independence: a stream whose table leaves out the data pages computes the same bits whatever they hold.

A thousand pairs a mode here; ten thousand, and pairs on the real model, by `python -m tests.rights.pairs` (docs/security.md
has what came out). That the kernel makes such tables is tested in `test_streams.py`. Compare CIV, arXiv 2508.09288.
"""

from __future__ import annotations

import pytest

from llmos import store
from llmos.cpu.engine import Engine

from .pairs import Lanes, differing, engine


@pytest.fixture(scope="module", params=["exact8", "float32"])
def cpu(request: pytest.FixtureRequest) -> Engine:
    """An engine with 32 planners; compiling it takes longest."""
    return engine("tiny", request.param, 32)


def test_other_data_pages_give_the_same_bits(cpu: Engine) -> None:
    assert differing(cpu, 1000, seed=5) == 0


def test_a_stream_that_may_attend_to_the_slot_does_see_it(cpu: Engine) -> None:
    """The check can fail: with the slots in the tables other words give other bits."""
    lanes = Lanes(cpu)
    for lane in range(3):
        lanes.say(lane, 20 + lane)
    assert len({row.tobytes() for row in lanes.logits(slots=True)[:3]}) == 3
    assert len({row.tobytes() for row in lanes.logits()[:3]}) == 1


@pytest.mark.real
def test_a_real_planner_does_not_see_its_slot() -> None:
    if not store.SMOLLM2.path.is_file():
        pytest.skip("not run: smollm2 is not here")
    assert differing(engine("smollm2", "exact8", 4), 8) == 0
