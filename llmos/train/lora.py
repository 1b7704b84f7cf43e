"""Low-rank adapters: a small change to the matrices of a model that stays as it is ("a microcode update").

Knows: which matrices change, W + B A with A [rank, in] and B [out, rank], and the rows of the control ids, which stand
for new words. Does not know: how an adapter is trained (`tuning`) or kept in a file (`llmos.cpu.adapters`). The adapted
layers, those from `first` on, are stacked: one array a matrix. With B = 0, as it begins, it changes nothing (Hu 2021).
"""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from llmos.cpu.config import ModelConfig, Params

MATRICES = ("q", "k", "v", "o", "gate", "up", "down")


def init(config: ModelConfig, params: Params, first: int, rank: int, seed: int) -> Params:
    """An adapter that changes nothing yet: {matrix: {"a": [layers, rank, in], "b": [layers, out, rank]}}."""
    keys, count = iter(jax.random.split(jax.random.key(seed), len(MATRICES))), config.layers - first
    adapter = {}
    for name in MATRICES:
        rows, columns = params["layers"][0][name].shape
        a = jax.random.normal(next(keys), (count, rank, columns), jnp.float32) / math.sqrt(columns)
        adapter[name] = {"a": a, "b": jnp.zeros((count, rows, rank), jnp.float32)}
    return adapter


def mark_rows(params: Params, count: int, seed: int) -> NDArray[np.float32]:
    """Embeddings for new words [count, dim]: unlike each other and every word, as long as rows usually are.

    The special ids that a model never met all have one and the same row, so they could not be told apart.
    """
    embed = np.asarray(params["embed"], np.float32)
    rows = np.random.default_rng(seed).standard_normal((count, embed.shape[1])).astype(np.float32)
    length = float(np.linalg.norm(embed[1000:3000], axis=1).mean()) if len(embed) > 3000 else 1.0
    return np.asarray(length * rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def with_marks(params: Params, marks: tuple[int, ...], rows: NDArray[np.float32]) -> Params:
    """The same parameters with the rows of the control ids replaced."""
    embed = np.array(params["embed"], np.float32)
    embed[list(marks)] = rows
    return {**params, "embed": embed}


def size(adapter: Params) -> int:
    """How many numbers it has."""
    return sum(int(leaf.size) for leaf in jax.tree.leaves(adapter))
