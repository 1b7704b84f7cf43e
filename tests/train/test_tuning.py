"""Low-rank tuning: nothing changes at first, gradients are right, a shared beginning is read as if it were in every row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from llmos.cpu import adapters
from llmos.cpu.adapters import Adapter
from llmos.cpu.config import Model, ModelConfig
from llmos.errors import ModelFileError
from llmos.train import forward, lora, tuning
from llmos.train.chorus import Chorus
from llmos.train.packing import Rows
from llmos.train.training import Run, Settings

MARKS = (3, 4, 5, 6)
FIRST = 1
PREFIX = (9, 8, 7, 250, 11)


class Steps:
    """Rows that all follow one beginning, every weighed target learned."""

    def __init__(self, config: ModelConfig, rows: Rows) -> None:
        self.config, self.rows = config, rows

    @property
    def tokens(self) -> np.ndarray[Any, Any]:
        return self.rows.tokens

    def take(self, index: np.ndarray[Any, Any]) -> dict[str, Any]:
        part = self.rows.take(index)
        at = np.tile(np.arange(part["tokens"].shape[1]), (len(index), 1))
        prefix = np.array([*PREFIX, 0, 0, 0], np.int32)
        return part | {"at": at, "prefix": prefix, "prefix_length": np.int32(len(PREFIX))}


@pytest.fixture
def params(tiny: ModelConfig) -> dict[str, Any]:
    made = jax.tree.map(np.asarray, forward.init(tiny, 3))
    made["embed"] = made["embed"] * 20
    return made


@pytest.fixture
def base(tiny: ModelConfig, params: dict[str, Any]) -> Any:
    return tuning.frozen(tiny, params, FIRST, np.arange(tiny.vocab, dtype=np.int32))


def adapter(config: ModelConfig, params: Any, seed: int = 0, loud: float = 0.4) -> Any:
    """One that changes something."""
    made = lora.init(config, params, FIRST, 4, seed)
    keys = iter(jax.random.split(jax.random.key(seed + 1), 64))
    return {n: {"a": p["a"], "b": loud * jax.random.normal(next(keys), p["b"].shape)} for n, p in made.items()}


def kept(config: ModelConfig, params: Any, low: Any) -> Adapter:
    pairs = {name: (np.asarray(pair["a"]), np.asarray(pair["b"])) for name, pair in low.items()}
    return Adapter("base", FIRST, MARKS, params["embed"][list(MARKS)], pairs)


def whole(config: ModelConfig, params: Any, rows: Rows, row: int) -> float:
    """The loss of one row's second segment by the plain forward pass, the beginning written out before it."""
    here = rows.segments[row] == 2
    tokens = np.concatenate([PREFIX, rows.tokens[row][here]])[None].astype(np.int32)
    targets = np.concatenate([np.zeros(len(PREFIX)), rows.targets[row][here]])[None].astype(np.int32)
    weights = np.concatenate([np.zeros(len(PREFIX)), rows.weights[row][here]])[None].astype(np.float32)
    batch = {"tokens": tokens, "targets": targets, "segments": np.ones_like(tokens), "weights": weights}
    return float(forward.loss(config, params, batch))


@pytest.mark.parametrize("loud", [0.0, 0.4])
def test_the_loss_is_that_of_the_merged_model_after_the_same_beginning(
    tiny: ModelConfig, params: Any, base: Any, rows: Rows, loud: float
) -> None:
    """With nothing changed yet, and with something changed."""
    low = adapter(tiny, params, loud=loud)
    one = rows._replace(weights=np.where(rows.segments == 2, rows.weights, 0))
    ours = float(tuning.loss(tiny, low, base, Steps(tiny, one).take(np.array([2]))))
    merged = adapters.merged(params, kept(tiny, params, low))
    assert ours == pytest.approx(whole(tiny, jax.tree.map(jnp.asarray, merged), rows, 2), abs=2e-4)
    if loud:
        assert ours != pytest.approx(whole(tiny, params, rows, 2), abs=1e-2)


def test_gradients_agree_with_finite_differences_where_the_beginning_is_held_still(
    tiny: ModelConfig, params: Any, base: Any, rows: Rows
) -> None:
    batch = Steps(tiny, rows).take(np.arange(4)) | {"prefix_length": np.int32(0)}
    low = adapter(tiny, params)
    loss = jax.jit(lambda a: tuning.loss(tiny, a, base, batch))
    gradient = jax.jit(jax.grad(loss))(low)
    leaves, tree = jax.tree.flatten(low)
    for i, slope in enumerate(jax.tree.leaves(gradient)):
        direction = slope / jnp.linalg.norm(slope)
        step = 0.02 * jnp.linalg.norm(leaves[i])
        ahead, behind = (
            loss(jax.tree.unflatten(tree, [*leaves[:i], leaves[i] + sign * step * direction, *leaves[i + 1 :]]))
            for sign in (1, -1)
        )
        assert float(ahead - behind) / (2 * float(step)) == pytest.approx(float(jnp.vdot(slope, direction)), rel=0.03)


def test_drift_is_nothing_without_an_adapter_and_its_gradient_leads_back(
    tiny: ModelConfig, params: Any, base: Any, rows: Rows
) -> None:
    marks, nothing = np.array([], np.int32), {"prefix": jnp.zeros(8, jnp.int32), "prefix_length": jnp.array(0)}
    held = nothing | {"tokens": jnp.asarray(rows.tokens[:2]), "places": jnp.ones((2, 24)).at[1, 12:].set(0)}
    drift = jax.jit(lambda low: tuning.drift(tiny, low, base, held, marks))
    loud, quiet = adapter(tiny, params), adapter(tiny, params, loud=0.0)
    assert float(drift(quiet)) == pytest.approx(0, abs=1e-6)
    assert float(tuning.drift(tiny, quiet, base, held, np.array(MARKS))) > 1e-4, "control ids are not to be foreseen"
    gradient = jax.grad(drift)(loud)
    back = jax.tree.map(lambda a, g: a - 1e-2 * g, loud, gradient)
    assert 0 < float(drift(back)) < float(drift(loud))
    elsewhere = held | {"tokens": held["tokens"].at[1, 13:].set(9)}
    assert float(tuning.drift(tiny, loud, base, elsewhere, marks)) == pytest.approx(float(drift(loud)), rel=1e-5)


def run(config: ModelConfig, params: Any, base: Any, rows: Rows, steps: int, folder: Path | None) -> Run:
    settings = Settings(steps=steps, batch=4, rate=3e-2, warmup=2, decay=0.0, dtype="float32")
    start = lora.init(config, params, FIRST, 8, 0)
    return Run(config, Steps(config, rows), settings, folder, start, lambda a, g, b: tuning.loss(config, a, g, b), base)


def test_one_batch_is_learned_by_heart(tiny: ModelConfig, params: Any, base: Any, rows: Rows) -> None:
    few = Rows(*(array[:4] for array in rows))
    tuned = run(tiny, params, base, few, 400, None)
    first = float(tuned.one())
    tuned.run(lambda line: None)
    assert float(tuning.loss(tiny, tuned.state.params, base, Steps(tiny, few).take(np.arange(4)))) < first / 20


def test_a_resumed_run_equals_an_uninterrupted_one(
    tiny: ModelConfig, params: Any, base: Any, rows: Rows, tmp_path: Path
) -> None:
    straight = run(tiny, params, base, rows, 8, None)
    straight.run(lambda line: None)
    first = run(tiny, params, base, rows, 8, tmp_path)
    for _ in range(3):
        first.one()
    first.save()
    second = run(tiny, params, base, rows, 8, tmp_path)
    second.run(lambda line: None)
    for a, b in zip(jax.tree.leaves(straight.state.params), jax.tree.leaves(second.state.params), strict=True):
        assert np.array_equal(a, b)


def test_an_adapter_comes_back_from_its_file_and_fits_its_model_only(
    tiny: ModelConfig, params: Any, tmp_path: Path
) -> None:
    made = kept(tiny, params, adapter(tiny, params))
    adapters.write(tmp_path / adapters.FILE, made)
    read = adapters.read(tmp_path / adapters.FILE)
    assert (read.base, read.first, read.marks) == ("base", FIRST, MARKS)
    np.testing.assert_allclose(read.low["q"][1], made.low["q"][1], rtol=1e-3, atol=1e-6)
    model = Model("tiny", tiny, params, None, "base", "")  # type: ignore[arg-type]
    assert adapters.merge(model, read).sha256 != "base"
    assert adapters.merge(model, read).params["layers"][0] is params["layers"][0]
    with pytest.raises(ModelFileError, match="other weights"):
        adapters.merge(replace(model, sha256="another"), read)
    (tmp_path / "torn").write_bytes((tmp_path / adapters.FILE).read_bytes()[:500])
    with pytest.raises(ModelFileError, match="not an adapter"):
        adapters.read(tmp_path / "torn")


def test_decoding_side_by_side_is_what_the_whole_row_says(tiny: ModelConfig, params: Any) -> None:
    """Greedy, after a common beginning, lanes at different places."""
    chorus = Chorus(tiny, params, 3, 24)
    chorus.begin(PREFIX)
    starts = ([20, 21, 22], [30, 31], [40])
    for lane, start in enumerate(starts):
        ids, best = [*PREFIX], -1
        chorus.restart(lane, len(PREFIX))
        for token in start:
            ids.append(token)
            best = int(chorus.feed([token if i == lane else 0 for i in range(3)])[lane])
        row = np.array([ids], np.int32)
        scores = forward.logits(tiny, jax.tree.map(jnp.asarray, params), row, np.ones_like(row))
        assert best == int(scores[0, -1].argmax())


def test_two_devices_train_as_one_does(tmp_path: Path) -> None:
    """In a process of its own, which simulates two: the batch is cut between them."""
    import subprocess
    import sys

    code = """
import jax, numpy as np
from dataclasses import replace
from llmos.cpu.config import ModelConfig
from llmos.train.training import Run, Settings
from tests.train.small import noise
config = ModelConfig("llama", 288, dim=24, layers=2, heads=4, kv_heads=2, head_dim=6, hidden=40, context=64)
settings = Settings(steps=6, batch=4, rate=1e-2, warmup=2, dtype="float32")
runs = [Run(config, noise(config, 8, 24), replace(settings, devices=n), None) for n in (1, 2)]
assert len(jax.devices()) == 2
for run in runs:
    run.run(lambda line: None)
assert len(jax.tree.leaves(runs[1].state.params)[0].devices()) == 2
for a, b in zip(jax.tree.leaves(runs[0].state.params), jax.tree.leaves(runs[1].state.params)):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), atol=2e-4)
"""
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "PATH": "", "JAX_PLATFORMS": "cpu"}
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=flags, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
