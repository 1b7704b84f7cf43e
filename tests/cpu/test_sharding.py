"""Four devices compute what one does: the same tokens in float32, the same bits in exact8, over lanes and over heads."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
RUNS = {
    "exact8": {"one device": None, "lanes": (4, 1), "heads": (1, 4)},
    "float32": {"one device": None, "both": (2, 2)},
}
"""Meshes (lanes, heads) by name for each mode; every one is an engine to compile."""


def observed(mode: str, mesh: tuple[int, int] | None) -> dict[str, Any]:
    """Tokens, a hash of logits and of KV bytes of four processes on four lanes. Runs where there are four devices."""
    import jax
    import numpy as np

    from llmos.cpu.engine import Engine

    from .small import Context, tiny

    model = tiny("qwen3", kv_heads=4)  # untied; four key heads, so that four devices can split them
    devices = np.array(jax.devices()[:4])
    placed = jax.sharding.Mesh(devices.reshape(mesh), ("lanes", "heads")) if mesh else None
    cpu = Engine(model, mode, 32, 4, 4, 32, placed)
    group = [Context(cpu, range(9 + 3 * i, 28 + 4 * i), range(1 + 4 * i, 5 + 4 * i)) for i in range(4)]
    logits = []
    for lane in group:
        prompt = lane.burst(len(lane.ids) - 1, 0)
        lane.fed = len(prompt.feed)
        logits.append(cpu.logits(prompt).tobytes())
    for lane, retired in zip(group, cpu.run([x.burst(1, 12) for x in group]), strict=True):
        lane.take(retired)
    split = {len(a.sharding.device_set) for a in jax.tree.leaves([cpu.weights, cpu.pool])}
    pages = b"".join(page for lane in group for page in lane.bytes())
    return {
        "tokens": [lane.ids for lane in group],
        "logits": hashlib.sha256(b"".join(logits)).hexdigest(),
        "pages": hashlib.sha256(pages).hexdigest(),
        "devices": sorted(split),
    }


@pytest.fixture(scope="module")
def seen() -> dict[str, dict[str, Any]]:
    flags = "--xla_force_host_platform_device_count=4"
    run = subprocess.run(
        [sys.executable, "-m", "tests.cpu.test_sharding"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env=os.environ | {"XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
    )
    found: dict[str, dict[str, Any]] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("mesh", ["lanes", "heads"])
def test_exact8_is_the_same_bits(seen: dict[str, dict[str, Any]], mesh: str) -> None:
    one, many = seen["exact8, one device"], seen[f"exact8, {mesh}"]
    assert many == one | {"devices": [4]} != one


def test_float32_says_the_same(seen: dict[str, dict[str, Any]]) -> None:
    one, many = seen["float32, one device"], seen["float32, both"]
    assert (one["devices"], many["devices"]) == ([1], [4])
    assert many["tokens"] == one["tokens"]


if __name__ == "__main__":
    print(
        json.dumps({f"{m}, {name}": observed(m, mesh) for m, meshes in RUNS.items() for name, mesh in meshes.items()})
    )
