"""Fixtures for the tests of training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jax
import pytest
from jax.experimental.compilation_cache import compilation_cache

from llmos.cpu.config import ModelConfig
from llmos.train.packing import Rows

from .small import noise


@pytest.fixture(scope="package", autouse=True)
def compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A run that is begun again has the same programs: they are kept in a folder for as long as these tests run."""
    least = "jax_persistent_cache_min_compile_time_secs"
    update: Any = jax.config.update  # it has no types
    before = getattr(jax.config, least)
    update(least, 0.0)
    compilation_cache.set_cache_dir(str(tmp_path_factory.mktemp("programs")))
    compilation_cache.reset_cache()
    yield
    update("jax_compilation_cache_dir", None)
    update(least, before)
    compilation_cache.reset_cache()


@pytest.fixture(scope="session")
def tiny() -> ModelConfig:
    return ModelConfig("llama", 288, dim=24, layers=2, heads=4, kv_heads=2, head_dim=6, hidden=40, context=64)


@pytest.fixture
def rows(tiny: ModelConfig) -> Rows:
    return noise(tiny, 8, 24)
