"""The training forward pass: its gradients, its isolation of packed examples, its agreement with an independent pass."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from llmos.cpu.config import Model, ModelConfig
from llmos.cpu.score import teacher_forced
from llmos.train import export, forward, vocabulary
from llmos.train.packing import Rows

from .numpy_llama import Reference
from .small import whole


def logits(config: ModelConfig, params: forward.Params, tokens: np.ndarray, segments: np.ndarray) -> np.ndarray:
    return np.asarray(jax.jit(lambda p: forward.logits(config, p, tokens, segments))(params))


def test_gradients_agree_with_finite_differences(tiny: ModelConfig, rows: Rows) -> None:
    """One directional derivative a parameter tensor, from central differences of the float32 loss."""
    params, batch = forward.init(tiny, 3), whole(rows)
    params["embed"] = params["embed"] * 20  # so that no slope is lost in rounding
    loss = jax.jit(lambda p: forward.loss(tiny, p, batch))
    gradient = jax.jit(jax.grad(loss))(params)
    leaves, tree = jax.tree.flatten(params)
    for i, slope in enumerate(jax.tree.leaves(gradient)):
        direction = slope / jnp.linalg.norm(slope)
        step = 0.01 * jnp.linalg.norm(leaves[i])
        ahead, behind = (
            loss(jax.tree.unflatten(tree, [*leaves[:i], leaves[i] + sign * step * direction, *leaves[i + 1 :]]))
            for sign in (1, -1)
        )
        assert float(ahead - behind) / (2 * float(step)) == pytest.approx(
            float(jnp.vdot(slope, direction)), rel=0.02
        ), i


def test_bfloat16_products_have_nearly_the_same_gradients(tiny: ModelConfig, rows: Rows) -> None:
    params, batch = forward.init(tiny, 3), whole(rows)
    exact, half = (
        jax.jit(jax.grad(lambda p, d=d: forward.loss(tiny, p, batch, d)))(params) for d in (jnp.float32, jnp.bfloat16)
    )
    for a, b in zip(jax.tree.leaves(exact), jax.tree.leaves(half), strict=True):
        assert float(jnp.vdot(a, b) / jnp.linalg.norm(a) / jnp.linalg.norm(b)) > 0.999


def test_a_packed_example_is_what_it_would_be_alone(tiny: ModelConfig, rows: Rows) -> None:
    params = forward.init(tiny, 1)
    cut = int((rows.segments[0] == 1).sum())
    packed = logits(tiny, params, rows.tokens, rows.segments)
    alone = logits(tiny, params, rows.tokens[:, cut:], np.ones_like(rows.tokens[:, cut:]))
    np.testing.assert_allclose(packed[:, cut:], alone, atol=2e-5)


def test_later_tokens_change_nothing_before_them(
    tiny: ModelConfig, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With query blocks smaller than the row, too."""
    params, one = forward.init(tiny, 1), np.ones_like(rows.tokens)
    other = rows.tokens.copy()
    other[:, 17:] = (other[:, 17:] + 1) % tiny.vocab
    before = logits(tiny, params, rows.tokens, one)
    monkeypatch.setattr(forward, "BLOCK", 5)
    after = logits(tiny, params, other, one)
    np.testing.assert_allclose(before[:, :17], after[:, :17], atol=2e-5)
    assert np.abs(before[:, 17:] - after[:, 17:]).max() > 1e-3


def test_an_exported_model_computes_the_same_logits(tiny: ModelConfig, tmp_path: Path) -> None:
    """Against NumPy code that shares nothing with ours; weights are rounded to float16 first, as the file has them."""
    tokenizer = vocabulary.train(["some text to learn a few pairs from, some text"] * 20, tiny.vocab)
    params = jax.tree.map(lambda a: a.astype(jnp.float16).astype(jnp.float32), forward.init(tiny, 5))
    reference = Reference(export.write(tmp_path, tiny, params, tokenizer))
    ids = np.random.default_rng(1).integers(0, tiny.vocab, (1, 30)).astype(np.int32)
    ours = logits(tiny, params, ids, np.ones_like(ids))[0]
    theirs = np.stack([reference.feed(int(token)) for token in ids[0]])
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_the_cpu_computes_the_same_logits(tiny: ModelConfig) -> None:
    """The paged forward pass that serves and the whole-row one that trains are one model."""
    params = forward.init(tiny, 7)
    ids = np.random.default_rng(2).integers(0, tiny.vocab, 40).astype(np.int32)
    ours = logits(tiny, params, ids[None], np.ones((1, 40), np.int32))[0]
    model = Model("tiny", tiny, jax.tree.map(np.asarray, params), cast(Any, None), "", "")
    served = np.concatenate(list(teacher_forced(model, "float32", ids.tolist(), chunk=16)))
    np.testing.assert_allclose(ours, served, atol=1e-4)


def test_only_weighed_targets_count(tiny: ModelConfig, rows: Rows) -> None:
    params, batch = forward.init(tiny, 2), whole(rows)
    other = dict(batch, targets=np.where(batch["weights"] > 0, batch["targets"], 0))
    assert float(forward.loss(tiny, params, batch)) == float(forward.loss(tiny, params, other))
    changed = dict(batch, targets=np.where(batch["weights"] > 0, 0, batch["targets"]))
    assert float(forward.loss(tiny, params, batch)) != float(forward.loss(tiny, params, changed))
