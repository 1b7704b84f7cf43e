"""Fine-tuning of an adapter: the loss of many short dialogues that begin with the same system text.

Knows: how to read the shared beginning once a step, and to score the learned tokens only. Does not know: what is said
(`chatform`), the loop (`training`). The base model's arrays are given to the step and never changed.
Shapes: R rows of T tokens, P tokens of the shared beginning (padded), N learned tokens a row (padded).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from numpy.typing import NDArray

from llmos.cpu.config import ModelConfig, Params
from llmos.cpu.model import rms_norm, rope_tables, rotate

from .forward import HIDDEN, linear, positions, visible

KEEP = 2.0  # what a nat of drift on text to be held counts beside a nat of the learned tokens
UNASKED = 10.0  # what a nat of calls that nobody asked for counts beside one of drift
FUSED = {"qkv": ("q", "k", "v"), "o": ("o",), "gate_up": ("gate", "up"), "down": ("down",)}
"""Matrices with the same input are one product."""


class Sight(NamedTuple):
    """What attention needs to know of one set of rows: angles of positions, and who sees whom."""

    cos: Array
    sin: Array
    mask: Array  # bool [R, T, keys]


def frozen(config: ModelConfig, params: Params, first: int, kept: NDArray[np.int32], dtype: str = "float32") -> Params:
    """The base model as a step reads it: layers stacked, matrices fused, products' weights in `dtype`.

    Layers before `first` are only run, never adapted. `kept` are the ids that the loss chooses among.
    """

    def stack(layers: list[Params]) -> dict[str, Array]:
        def whole(names: tuple[str, ...], kind: str) -> Array:
            return jnp.asarray(np.stack([np.concatenate([layer[n] for n in names], 0) for layer in layers]), kind)

        norms = {name: whole((name,), "float32") for name in ("attn_norm", "mlp_norm")}
        return {name: whole(names, dtype) for name, names in FUSED.items()} | norms

    embed = jnp.asarray(params["embed"], "float32")
    head = jnp.asarray(params["embed" if config.tied else "head"][kept], dtype)
    below, above = (stack(part) for part in (params["layers"][:first], params["layers"][first:]))
    return {"embed": embed, "head": head, "norm": jnp.asarray(params["norm"]), "below": below, "above": above}


def loss(config: ModelConfig, adapter: Params, base: Params, batch: Mapping[str, Array]) -> Array:
    """Mean nats of the learned tokens. `batch`: see `trapdata.TrapRows.take`."""
    x = states(config, adapter, base, batch)
    picked = jnp.take_along_axis(x, batch["at"][:, :, None], axis=1)
    scores = linear(rms_norm(picked, base["norm"], config.norm_eps), base["head"], base["head"].dtype)
    right = jnp.take_along_axis(scores, batch["targets"][..., None], axis=-1)[..., 0]
    nats = jax.nn.logsumexp(scores, axis=-1) - right
    return jnp.sum(nats * batch["weights"]) / jnp.maximum(jnp.sum(batch["weights"]), 1.0)


def drift(config: ModelConfig, adapter: Params, base: Params, held: Mapping[str, Array], marks: Array) -> Array:
    """How far the adapter moved what the base model foresees, where it is to stay what it was: nats, the mean of the places.

    `held`: "tokens" and "places" [rows, time] (what each counts), "prefix" and "prefix_length" of what they follow. The base
    model never met the control ids `marks`: to foresee them counts as drift, and once more as a call that nobody asked for.
    """
    batch = {**held, "segments": jnp.ones_like(held["tokens"])}

    def foreseen(low: Params | None) -> Array:
        x = states(config, low, base, batch)
        return linear(rms_norm(x, base["norm"], config.norm_eps), base["embed"], base["embed"].dtype)

    before = jax.lax.stop_gradient(foreseen(None)).at[..., marks].set(HIDDEN)
    chances = jax.nn.softmax(before, axis=-1)
    now = jax.nn.log_softmax(foreseen(adapter), axis=-1)
    nats = (chances * (jax.nn.log_softmax(before, axis=-1) - now)).sum(-1)
    calls = -jax.nn.logsumexp(now.at[..., marks].set(HIDDEN), axis=-1)
    return ((nats + UNASKED * calls) * held["places"]).sum() / jnp.maximum(held["places"].sum(), 1.0)


def states(config: ModelConfig, adapter: Params | None, base: Params, batch: Mapping[str, Array]) -> Array:
    """The residual stream [R, T, dim] after the last layer. No gradient flows into the shared beginning."""
    known, start = batch["prefix_length"], jnp.arange(batch["prefix"].shape[0])[None]
    tokens, segments = batch["tokens"], batch["segments"]
    before = Sight(*_angles(config, start), (start[0][:, None] >= start[0][None])[None])
    shown = jnp.broadcast_to(start < known, (*tokens.shape, start.shape[1]))
    here = Sight(*_angles(config, known + positions(segments)), jnp.concatenate([shown, visible(segments)], -1))
    carry = base["embed"][tokens], base["embed"][batch["prefix"]][None]

    def layer(carry: tuple[Array, Array], weights: tuple[Params, Params | None]) -> tuple[tuple[Array, Array], None]:
        x, y = carry
        fixed, low = weights
        y, keys, values = _layer(config, fixed, jax.lax.stop_gradient(low), jax.lax.stop_gradient(y), before, None)
        x, _, _ = _layer(config, fixed, low, x, here, (keys, values))
        return (x, y), None

    carry, _ = jax.lax.scan(layer, carry, (base["below"], None))
    last: tuple[Array, Array] = jax.lax.scan(layer, carry, (base["above"], adapter))[0]
    return last[0]


def _layer(
    config: ModelConfig, fixed: Params, low: Params | None, x: Array, sight: Sight, before: tuple[Array, Array] | None
) -> tuple[Array, Array, Array]:
    """One layer; returns the stream and this layer's keys and values. `before`: those of the shared beginning."""
    qkv = _product(fixed, low, "qkv", rms_norm(x, fixed["attn_norm"], config.norm_eps))
    width, kv = config.heads * config.head_dim, config.kv_heads * config.head_dim
    q, k, v = (part.reshape(*x.shape[:2], -1, config.head_dim) for part in jnp.split(qkv, [width, width + kv], axis=-1))
    q, k = rotate(q, sight.cos, sight.sin), rotate(k, sight.cos, sight.sin)
    keys, values = k, v
    if before:
        keys, values = (
            jnp.concatenate([jnp.broadcast_to(old, (x.shape[0], *old.shape[1:])), new], 1)
            for old, new in zip(before, (k, v), strict=True)
        )
    x = x + _product(fixed, low, "o", _attention(config, q, keys, values, sight.mask))
    wide = _product(fixed, low, "gate_up", rms_norm(x, fixed["mlp_norm"], config.norm_eps))
    gate, up = jnp.split(wide, 2, axis=-1)
    return x + _product(fixed, low, "down", jax.nn.silu(gate) * up), k, v


def _product(fixed: Params, low: Params | None, name: str, x: Array) -> Array:
    """A fused product plus the adapter's change, if any, to each of its parts."""
    plain = linear(x, fixed[name], fixed[name].dtype)
    if low is None:
        return plain
    small = jnp.concatenate([low[part]["a"] for part in FUSED[name]], 0)
    parts = jnp.split(x @ small.T, len(FUSED[name]), axis=-1)
    changes = [part @ low[key]["b"].T for part, key in zip(parts, FUSED[name], strict=True)]
    return plain + jnp.concatenate(changes, -1)


def _attention(config: ModelConfig, q: Array, keys: Array, values: Array, mask: Array) -> Array:
    """q [R, T, heads, D] over keys and values [R, S, kv heads, D] -> [R, T, heads * D]."""
    rows, time = q.shape[:2]
    q = q.reshape(rows, time, config.kv_heads, -1, config.head_dim) / math.sqrt(config.head_dim)
    scores = jnp.einsum("btkgd,bskd->bkgts", q, keys)
    weights = jax.nn.softmax(jnp.where(mask[:, None, None], scores, HIDDEN), axis=-1)
    return jnp.einsum("bkgts,bskd->btkgd", weights, values).reshape(rows, time, -1)


def _angles(config: ModelConfig, at: Array) -> tuple[Array, Array]:
    cos, sin = (jnp.asarray(table)[at][:, :, None] for table in rope_tables(config, min(config.context, 2048)))
    return cos, sin
