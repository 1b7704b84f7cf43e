"""exact8's integers on disk: read instead of made again, made again when damaged, never taken for changed parameters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from llmos.cpu import prepared, quantize
from llmos.cpu.config import Model, Params

from .small import tiny, weights


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMOS_HOME", str(tmp_path))


def from_file(arch: str = "qwen2", seed: int = 0) -> tuple[Model, list[int]]:
    """A model whose parameters are read when asked for, and how often that was."""
    model, reads = tiny(arch, seed), [0]

    def read() -> Params:
        reads[0] += 1
        return weights(model.config, seed)

    return replace(model, parameters=read), reads


def equal(a: Any, b: Any) -> bool:
    return jax.tree.structure(a) == jax.tree.structure(b) and all(
        x.dtype == y.dtype and np.array_equal(x, y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    )


@pytest.mark.parametrize("arch", ["llama", "qwen2", "qwen3"])
def test_the_second_time_nobody_reads_the_model(arch: str) -> None:
    expected = quantize.prepare(tiny(arch).config, tiny(arch).params, 64)
    assert equal(prepared.of(from_file(arch)[0], "exact8", 64), expected)
    again, reads = from_file(arch)
    assert equal(prepared.of(again, "exact8", 64), expected)
    assert reads == [0]


@pytest.mark.parametrize("damage", ["cut", "long", "flip", "last", "head", "empty", "other", "foreign"])
def test_a_damaged_or_foreign_file_is_made_again(damage: str) -> None:
    prepared.of(replace(from_file(seed=1)[0], sha256="another"), "exact8", 64)
    (foreign,) = prepared.folder().iterdir()
    elsewhere = foreign.read_bytes()
    foreign.unlink()
    expected = prepared.of(from_file()[0], "exact8", 64)
    (file,) = prepared.folder().iterdir()
    data = file.read_bytes()
    places = {"head": 30, "flip": len(data) // 2, "last": len(data) - 100}
    flipped = {name: data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for name, at in places.items()}
    bad = {"cut": data[:-1], "long": data + b"x", "empty": b"", "foreign": elsewhere} | flipped
    file.write_bytes(bad.get(damage, b"not an archive"))
    again, reads = from_file()
    assert equal(prepared.of(again, "exact8", 64), expected)
    assert reads == [1]
    assert file.read_bytes()[:100] == data[:100]


def test_parameters_changed_in_memory_are_neither_kept_nor_found() -> None:
    prepared.of(from_file()[0], "exact8", 64)
    changed = tiny("qwen2")
    changed.params["layers"][0]["down"][:] = 0
    (file,) = prepared.folder().iterdir()
    before = file.read_bytes()
    assert not prepared.of(changed, "exact8", 64)["layers"][0]["down"]["w"].any()
    assert [f.read_bytes() for f in prepared.folder().iterdir()] == [before]


def test_only_the_last_few_are_kept() -> None:
    for seed in range(prepared.KEPT + 2):
        prepared.of(replace(from_file(seed=seed)[0], sha256=f"model {seed}"), "exact8", 64)
    kept = sorted(prepared.folder().iterdir())
    assert len(kept) == prepared.KEPT
    assert not any(f.name.startswith("model 0") for f in kept)


def test_a_disk_that_takes_nothing_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where a folder should be")
    expected = quantize.prepare(tiny().config, tiny().params, 64)
    assert equal(prepared.of(from_file("llama")[0], "exact8", 64), expected)
