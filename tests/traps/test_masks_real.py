"""With the real vocabulary: a writer who takes any legal id makes no call that is malformed or can't be ended in time."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from llmos import store
from llmos.bench_masks import DEVICES, random_calls
from llmos.cpu.loaders import load
from llmos.devices.registry import Settings, mounted
from llmos.processor import codec_of, masks_for


@pytest.mark.real
def test_a_thousand_random_calls_over_the_real_vocabulary_all_end(tmp_path: Path) -> None:
    model = load(store.resolve("smollm2"))
    codec = codec_of(model)
    devices = mounted(DEVICES, Settings(home=tmp_path, pretend=True))
    masks = masks_for(model.config.vocab, codec, lambda: devices, "llmos")
    assert masks is not None
    took, calls = random_calls(masks, DEVICES, codec.marks[1], 1_000, Random(2))
    assert all(codec.marks[1] in call for call in calls)
    assert len(took) > 5_000
