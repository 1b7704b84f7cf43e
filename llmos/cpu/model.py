"""The program that the CPU runs: one forward pass of a Llama-family Transformer, in floating point.

Knows: the arithmetic of grouped-query attention, RoPE, RMSNorm and SwiGLU, and what Qwen2 (biases) and Qwen3 (norms of
queries and keys) add. Does not know: processes, sampling, how frames are found (`kvcache.py`), or files (`loaders`).
Shapes: B lanes, T tokens each, H query heads, K key/value heads, G = H / K, D head_dim, S = keys in sight.
Used as it stands in the modes float32 (the reference) and bfloat16; `exact8.py` is the same pass in integers.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from . import kvcache
from .config import ModelConfig, Params
from .kvcache import Frames, Pool, View


class State(NamedTuple):
    """What flows from layer to layer."""

    x: jax.Array  # [B, T, dim] float32, the residual stream
    cos: jax.Array  # [B, T, 1, D/2] RoPE at each token's position
    sin: jax.Array
    mass: jax.Array  # [B, W] int32, the last token's attention per table entry, 65535 a layer and head


class Probe(NamedTuple):
    """What one layer's tokens asked their keys: enough to say later how much an absent page would have mattered."""

    query: jax.Array  # [B, T, H, D] float32, rotated
    top: jax.Array  # [B, T, H] float32, its best score, as an exponent of two
    total: jax.Array  # [B, T, H] float32, sum over keys of 2**(score - top)


def forward(config: ModelConfig, params: Params, pool: Pool, view: View) -> tuple[jax.Array, Pool, jax.Array]:
    """Feed view.tokens; write their keys and values into the pool.

    Returns the logits [B, vocab] after each lane's last token, the pool, and that token's attention mass [B, W].
    """
    state, pool = begin(config, params["begin"], view), list(pool)
    for i, weights in enumerate(params["layers"]):
        state, pool[i], _ = layer(config, weights, state, pool[i], view)
    return head(config, params["head"], state.x, view.last), pool, state.mass


def begin(config: ModelConfig, weights: Params, view: View) -> State:
    """Look up the tokens' embeddings and the angles of their positions."""
    x = weights["embed"][view.tokens].astype(jnp.float32)
    cos, sin = weights["cos"][view.at], weights["sin"][view.at]
    return State(x, cos[:, :, None], sin[:, :, None], jnp.zeros(view.table.shape, jnp.int32))


def layer(
    config: ModelConfig, weights: Params, state: State, frames: Frames, view: View
) -> tuple[State, Frames, Probe]:
    """One layer: attention over the KV cache, then the MLP, each added to the residual stream."""
    h = rms_norm(state.x, weights["attn_norm"], config.norm_eps)
    q, k, v = project(config, weights, h, state)
    frames = {"k": kvcache.write(frames["k"], k, view), "v": kvcache.write(frames["v"], v, view)}
    mixed, mass, probe = attention(q, kvcache.read(frames["k"], view), kvcache.read(frames["v"], view), view)
    x = state.x + matmul(mixed, weights["o"])
    h = rms_norm(x, weights["mlp_norm"], config.norm_eps)
    x = x + matmul(jax.nn.silu(matmul(h, weights["gate"])) * matmul(h, weights["up"]), weights["down"])
    return state._replace(x=x, mass=state.mass + mass), frames, probe


def head(config: ModelConfig, weights: Params, x: jax.Array, last: jax.Array) -> jax.Array:
    """The residual stream [B, T, dim] at each lane's last token [B] -> logits [B, vocab]."""
    x = jnp.take_along_axis(x, last[:, None, None], axis=1)[:, 0]
    return matmul(rms_norm(x, weights["norm"], config.norm_eps), weights["w"])


def matmul(x: jax.Array, w: jax.Array) -> jax.Array:
    """x [..., in] times w [out, in] -> [..., out] float32. In bfloat16 the weights decide: both sides are rounded to it."""
    contract = (((x.ndim - 1,), (1,)), ((), ()))
    exact = lax.Precision.HIGHEST
    return lax.dot_general(x.astype(w.dtype), w, contract, precision=exact, preferred_element_type=jnp.float32)


def rms_norm(x: jax.Array, gain: jax.Array, eps: float) -> jax.Array:
    """x over its root mean square, times a learned gain. [..., n]"""
    return x * lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + eps) * gain.astype(jnp.float32)


def project(config: ModelConfig, weights: Params, h: jax.Array, state: State) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Queries [B, T, H, D], keys [B, T, K, D] (both rotated to their positions) and values [B, T, K, D]."""
    q, k, v = (matmul(h, weights[name]) + weights.get(name + "_bias", 0.0) for name in ("q", "k", "v"))
    q, k, v = (a.reshape(*h.shape[:2], -1, config.head_dim) for a in (q, k, v))
    if "q_norm" in weights:
        q, k = rms_norm(q, weights["q_norm"], config.norm_eps), rms_norm(k, weights["k_norm"], config.norm_eps)
    return rotate(q, state.cos, state.sin), rotate(k, state.cos, state.sin), v


def rotate(x: jax.Array, cos: jax.Array, sin: jax.Array) -> jax.Array:
    """RoPE, half-split form: element i turns with element i + D/2."""
    a, b = jnp.split(x, 2, axis=-1)
    return jnp.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def attention(q: jax.Array, keys: jax.Array, values: jax.Array, view: View) -> tuple[jax.Array, jax.Array, Probe]:
    """q [B, T, H, D] over keys and values [B*K, S, D] -> mixed values [B, T, H*D], attention mass [B, W], probe."""
    b, t, heads, d = q.shape
    kv = keys.shape[0] // b
    group = heads // kv
    rows = jnp.transpose(q.reshape(b, t, kv, group, d), (0, 2, 1, 3, 4)).reshape(b * kv, t * group, d)
    scores = _batched(rows, keys, 2).reshape(b, kv, t * group, -1) * d**-0.5
    scores = jnp.where(kvcache.visible(view, group), scores, -1e30)
    top = jnp.max(scores, -1, keepdims=True)
    p = jnp.exp(scores - top)
    total = jnp.sum(p, -1, keepdims=True)
    p = p / total  # [B, K, T*G, S]
    values = jnp.where(kvcache.written(view, kv), values, jnp.zeros((), values.dtype))
    out = _batched(p.reshape(b * kv, t * group, -1), values, 1)
    out = jnp.transpose(out.reshape(b, kv, t, group, d), (0, 2, 1, 3, 4)).reshape(b, t, heads * d)
    seen = last_of(p.reshape(b, kv, t, group, -1), view)
    pages = jnp.sum(seen.reshape(b, heads, -1, kvcache.PAGE), -1)
    top, total = (by_token(a.reshape(b, kv, t, group)) for a in (top, total))
    return out, jnp.sum(jnp.round(pages * 65535).astype(jnp.int32), 1), Probe(q, top * math.log2(math.e), total)


def last_of(x: jax.Array, view: View) -> jax.Array:
    """x [B, K, T, G, n] at each lane's last token: [B, K, 1, G, n]."""
    return jnp.take_along_axis(x, view.last[:, None, None, None, None], axis=2)


def by_token(x: jax.Array) -> jax.Array:
    """x [B, K, T, G], a number of each query: [B, T, H]."""
    return jnp.swapaxes(x, 1, 2).reshape(x.shape[0], x.shape[2], -1)


def _batched(a: jax.Array, b: jax.Array, axis: int) -> jax.Array:
    """A batch of products of a's last axis with b's `axis`, accumulated in float32."""
    contract = (((2,), (axis,)), ((0,), (0,)))
    exact = lax.Precision.HIGHEST
    return lax.dot_general(a.astype(b.dtype), b, contract, precision=exact, preferred_element_type=jnp.float32)


def prepare(config: ModelConfig, params: Params, dtype: str, length: int) -> Params:
    """Parameters as the forward pass wants them: in `dtype`, with RoPE tables for `length` positions. NumPy in and out."""
    cast: Params = jax.tree.map(lambda a: np.asarray(a, np.float32).astype(jnp.dtype(dtype)), params)
    cos, sin = rope_tables(config, length)
    return {
        "begin": {"embed": cast["embed"], "cos": cos, "sin": sin},
        "layers": cast["layers"],
        "head": {"norm": cast["norm"], "w": cast["embed" if config.tied else "head"]},
    }


def rope_tables(config: ModelConfig, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Cosines and sines [length, head_dim / 2] float32, computed in float64 once."""
    half = np.arange(0, config.head_dim, 2, dtype=np.float64) / config.head_dim
    frequency = _stretch(1.0 / config.rope_theta**half, dict(config.rope_scaling))
    angle = np.arange(length, dtype=np.float64)[:, None] * frequency
    return np.cos(angle).astype(np.float32), np.sin(angle).astype(np.float32)


def _stretch(frequency: np.ndarray, scaling: dict[str, float]) -> np.ndarray:
    """Llama 3's longer contexts: slow waves turn `factor` times slower, fast ones as before, a ramp between."""
    if not scaling:
        return frequency
    low, high = scaling.get("low_freq_factor", 1.0), scaling.get("high_freq_factor", 4.0)
    turns = scaling.get("original_max_position_embeddings", 8192.0) * frequency / (2 * math.pi)
    keep = np.clip((turns - low) / (high - low), 0.0, 1.0)
    return frequency * (keep + (1 - keep) / scaling.get("factor", 8.0))
