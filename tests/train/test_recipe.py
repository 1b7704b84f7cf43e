"""nano's recipe: its stages go on from each other, also where the next one has more layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from llmos.cpu.loaders import load
from llmos.errors import UsageError
from llmos.train import forward, nano
from llmos.train.training import Settings

from .nano_scores import shipped


def _logits(layers: int, params: Any) -> Any:
    rows = jax.random.randint(jax.random.key(1), (2, 40), 0, 400)
    return forward.logits(nano.shape(400, layers), params, rows, rows * 0 + 1)


def _live(layers: int) -> Any:
    """Parameters none of which is zero by accident."""
    return forward.init(nano.shape(400, layers), 3)


@pytest.mark.parametrize("layers", [5, 6, 7, 8])
def test_a_deeper_model_begins_as_the_one_it_came_from(layers: int) -> None:
    params = _live(4)
    grown = nano.deepened(params, layers)
    assert len(grown["layers"]) == layers
    assert np.array_equal(_logits(4, params), _logits(layers, grown))
    kept = [layer for layer in grown["layers"] if np.any(layer["o"])]
    assert all(one is other for one, other in zip(kept, params["layers"], strict=True))


def test_what_was_added_learns() -> None:
    grown = jax.tree.map(np.asarray, nano.deepened(_live(4), 6))
    batch = {"tokens": np.arange(80).reshape(2, 40), "targets": np.arange(80).reshape(2, 40) + 1}
    batch |= {"segments": np.ones((2, 40), int), "weights": np.ones((2, 40))}
    slope = jax.grad(lambda params: forward.loss(nano.shape(400, 6), params, batch))(grown)
    assert all(np.any(layer[name]) for layer in slope["layers"] for name in ("o", "down"))


def test_stages_go_on_from_a_model_into_a_deeper_one(tmp_path: Path) -> None:
    """Two steps of it, from the model that ships and from one that is not of this recipe."""
    settings = Settings(steps=2, batch=2, warmup=1, seed=9)
    stage = nano.Stage("last", nano.CONTEXT, 60, 0, settings, 4, nano.EXACT, layers=8)
    before = load(shipped())
    folder = nano.make(tmp_path / "out", (stage,), lambda line: None, after=shipped())
    made = load(folder)
    assert made.config.layers == 8 > before.config.layers
    assert made.tokenizer.encode("what is 37*48?") == before.tokenizer.encode("what is 37*48?")
    assert any(np.any(layer["down"]) for layer in made.params["layers"])
    with pytest.raises(UsageError, match="not of the shape"):
        nano.make(tmp_path / "other", (stage,), lambda line: None, after=folder)
