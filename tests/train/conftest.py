"""Fixtures for the tests of training."""

from __future__ import annotations

import pytest

from llmos.cpu.config import ModelConfig
from llmos.train.packing import Rows

from .small import noise


@pytest.fixture(scope="session")
def tiny() -> ModelConfig:
    return ModelConfig("llama", 288, dim=24, layers=2, heads=4, kv_heads=2, head_dim=6, hidden=40, context=64)


@pytest.fixture
def rows(tiny: ModelConfig) -> Rows:
    return noise(tiny, 8, 24)
