"""Preferences: pairs differ in taste only, the gradient is right, the better reply gains, a run goes on exactly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from llmos.cpu.config import ModelConfig
from llmos.train import forward, preferences, vocabulary
from llmos.train.chatform import ChatForm
from llmos.train.preferences import PairRows, Steps
from llmos.train.training import Run, Settings

SETTINGS = Settings(steps=8, batch=2, rate=3e-3, warmup=1, decay=0.0, dtype="float32")


@pytest.fixture
def rows(tiny: ModelConfig) -> PairRows:
    rng = np.random.default_rng(4)
    ids = rng.integers(0, tiny.vocab, (12, 17)).astype(np.int32)
    return PairRows(ids[:, :-1], ids[:, 1:], rng.integers(0, 2, (12, 16)).astype(np.float32))


def run_of(tiny: ModelConfig, rows: PairRows, folder: Path | None, steps: int = 8) -> Run:
    before: Any = forward.init(tiny, 2)

    def loss(params: Any, given: Any, batch: dict[str, Any]) -> Any:
        return preferences.loss(tiny, params, given, batch)

    return Run(tiny, Steps(rows), replace(SETTINGS, steps=steps), folder, before, loss, before)


def test_a_pair_has_one_call_and_two_ways_to_say_its_result() -> None:
    made, kept_out = preferences.pairs(1, 60), preferences.pairs(1, 20, kept_out=True)
    for better, worse in made:
        assert (better.request, better.calls) == (worse.request, worse.calls)
        assert better.answer == better.calls[0].result
        assert better.answer in worse.answer
        assert better.answer != worse.answer
    assert not {pair.better.request for pair in made} & {pair.better.request for pair in kept_out}


def test_only_the_words_after_the_call_are_a_matter_of_taste() -> None:
    made = preferences.pairs(1, 10)
    form = ChatForm(vocabulary.train([one.request + one.answer for pair in made for one in pair], 320))
    for pair in made:
        rows = preferences.rows_of(form, [pair])
        said = [
            form.decode([int(token) for token, weight in zip(targets, weights, strict=True) if weight])
            for targets, weights in zip(rows.targets, rows.weights, strict=True)
        ]
        assert said == ([one.answer for one in pair] if said else []), pair
    assert len(preferences.rows_of(form, made).tokens) >= len(made), "most are short enough"


def test_the_gradient_agrees_with_finite_differences(tiny: ModelConfig, rows: PairRows) -> None:
    """One directional derivative a parameter tensor, from central differences of the float32 loss."""
    batch: Any = rows.take(np.arange(3))
    before, params = forward.init(tiny, 2), forward.init(tiny, 3)
    for one in (before, params):
        one["embed"] = one["embed"] * 20  # so that no slope is lost in rounding
    loss = jax.jit(lambda p: preferences.loss(tiny, p, before, batch, beta=0.05))
    leaves, tree = jax.tree.flatten(params)
    for i, slope in enumerate(jax.tree.leaves(jax.jit(jax.grad(loss))(params))):
        direction = slope / jnp.linalg.norm(slope)
        step = 0.01 * jnp.linalg.norm(leaves[i])
        ahead, behind = (
            loss(jax.tree.unflatten(tree, [*leaves[:i], leaves[i] + sign * step * direction, *leaves[i + 1 :]]))
            for sign in (1, -1)
        )
        found = float(ahead - behind) / (2 * float(step))
        assert found == pytest.approx(float(jnp.vdot(slope, direction)), rel=0.03), i


def test_the_loss_begins_at_log_two_and_the_better_reply_gains(tiny: ModelConfig, rows: PairRows) -> None:
    run = run_of(tiny, rows, None, steps=40)
    batch: Any = rows.take(np.arange(6))
    before: Any = preferences.chances(tiny, run.state.params, batch)
    assert float(run.one()) == pytest.approx(np.log(2), abs=1e-6)
    run.run(lambda line: None)
    gained = np.asarray(preferences.chances(tiny, run.state.params, batch) - before)
    assert (gained[:, 0] > gained[:, 1]).all()


def test_a_resumed_run_equals_an_uninterrupted_one(tiny: ModelConfig, rows: PairRows, tmp_path: Path) -> None:
    straight = run_of(tiny, rows, None)
    straight.run(lambda line: None)
    first = run_of(tiny, rows, tmp_path)
    for _ in range(3):
        first.one()
    first.save()
    second = run_of(tiny, rows, tmp_path)
    assert second.state.step == 3
    second.run(lambda line: None)
    for a, b in zip(jax.tree.leaves(straight.state.params), jax.tree.leaves(second.state.params), strict=True):
        assert np.array_equal(a, b)
