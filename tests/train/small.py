"""Small batches for the tests of training."""

from __future__ import annotations

from typing import Any

import numpy as np

from llmos.cpu.config import ModelConfig
from llmos.train.packing import Rows


def noise(config: ModelConfig, rows: int, time: int, seed: int = 0) -> Rows:
    """Random tokens, two segments a row, about half of the targets weighed."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(0, config.vocab, (rows, time + 1)).astype(np.int32)
    segments = np.where(np.arange(time) < time // 3, 1, 2)[None, :].repeat(rows, 0).astype(np.int32)
    return Rows(ids[:, :-1], ids[:, 1:], segments, rng.integers(0, 2, (rows, time)).astype(np.float32))


def whole(rows: Rows) -> dict[str, Any]:
    return rows.take(np.arange(len(rows.tokens)))
