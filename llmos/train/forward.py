"""The forward pass for training: whole rows at once, no KV cache, gradients flow through it.

Knows: a ModelConfig, canonical parameters as JAX arrays (`llmos.cpu.config`), rows of tokens with segment numbers.
Does not know: files, optimisers, dialogues. Norms and rotations are the CPU's own (`llmos.cpu.model`); products and
attention are written for whole rows and for gradients, and a test holds the logits of the two passes together.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from llmos.cpu.config import ModelConfig
from llmos.cpu.model import rms_norm, rope_tables, rotate

Params = dict[str, Any]
HIDDEN = -1e9  # score of a key that must not be seen
BLOCK = 128  # queries of one attention block


def init(config: ModelConfig, seed: int) -> Params:
    """Fresh float32 parameters: normal with deviation 1/sqrt(inputs), outputs into the residual shrunk by depth."""
    keys = iter(jax.random.split(jax.random.key(seed), 1 + 7 * config.layers))

    def matrix(rows: int, cols: int, gain: float = 1.0) -> Array:
        return gain / math.sqrt(cols) * jax.random.normal(next(keys), (rows, cols), jnp.float32)

    width, kv = config.heads * config.head_dim, config.kv_heads * config.head_dim
    inner = 1 / math.sqrt(2 * config.layers)
    embed = 0.02 * jax.random.normal(next(keys), (config.vocab, config.dim), jnp.float32)
    layers = [
        {
            "attn_norm": jnp.ones(config.dim),
            "q": matrix(width, config.dim),
            "k": matrix(kv, config.dim),
            "v": matrix(kv, config.dim),
            "o": matrix(config.dim, width, inner),
            "mlp_norm": jnp.ones(config.dim),
            "gate": matrix(config.hidden, config.dim),
            "up": matrix(config.hidden, config.dim),
            "down": matrix(config.dim, config.hidden, inner),
        }
        for _ in range(config.layers)
    ]
    return {"embed": embed, "norm": jnp.ones(config.dim), "layers": layers}


def logits(config: ModelConfig, params: Params, tokens: Array, segments: Array, dtype: Any = jnp.float32) -> Array:
    """Next-token logits [rows, time, vocab] in float32.

    `tokens`, `segments` are int32 [rows, time]; a token sees earlier tokens of its own segment only, and positions
    count from each segment's start, so a packed document is what it would be alone. `dtype` is that of the products.
    """
    return run(config, params, params["embed"][tokens], segments, dtype)


def run(config: ModelConfig, params: Params, x: Array, segments: Array, dtype: Any = jnp.float32) -> Array:
    """The same from embeddings [rows, time, dim] on."""
    turn = rotation(config, positions(segments))
    seen = visible(segments)
    for layer in params["layers"]:
        x = x + attention(config, layer, rms_norm(x, layer["attn_norm"], config.norm_eps), turn, seen, dtype)
        x = x + mlp(layer, rms_norm(x, layer["mlp_norm"], config.norm_eps), dtype)
    return linear(rms_norm(x, params["norm"], config.norm_eps), params["embed" if config.tied else "head"], dtype)


def loss(config: ModelConfig, params: Params, batch: Mapping[str, Any], dtype: Any = jnp.float32) -> Array:
    """Mean cross-entropy (nats) over the tokens whose weight is not zero. Batch arrays: see `packing.Batch`."""
    scores = logits(config, params, batch["tokens"], batch["segments"], dtype)
    right = jnp.take_along_axis(scores, batch["targets"][..., None], axis=-1)[..., 0]
    nats = jax.nn.logsumexp(scores, axis=-1) - right
    return jnp.sum(nats * batch["weights"]) / jnp.maximum(jnp.sum(batch["weights"]), 1.0)


def positions(segments: Array) -> Array:
    """Where each token stands in its own segment, int32 [rows, time]."""
    index = jnp.arange(segments.shape[1])[None, :]
    starts = jnp.concatenate([jnp.ones_like(segments[:, :1]), segments[:, 1:] != segments[:, :-1]], axis=1)
    return index - jax.lax.cummax(jnp.where(starts, index, 0), axis=1)


def visible(segments: Array) -> Array:
    """bool [rows, query, key]: same segment and not later."""
    time = segments.shape[1]
    return (segments[:, :, None] == segments[:, None, :]) & jnp.tril(jnp.ones((time, time), bool))


def rotation(config: ModelConfig, at: Array) -> tuple[Array, Array]:
    """Cosines and sines of the rotary embedding at positions `at`, [rows, time, 1, head_dim / 2]."""
    cos, sin = (jnp.asarray(table)[at][:, :, None] for table in rope_tables(config, at.shape[1]))
    return cos, sin


def linear(x: Array, matrix: Array, dtype: Any) -> Array:
    """x [..., in] times matrix [out, in], summed in float32; with bfloat16 the gradients' products are bfloat16 too."""
    return _half(x, matrix) if dtype == jnp.bfloat16 else _product(x, matrix, x.ndim - 1, 1)


def _product(a: Array, b: Array, i: int, j: int) -> Array:
    """Contract axis i of a with axis j of b, in float32."""
    return jax.lax.dot_general(a, b, (((i,), (j,)), ((), ())), preferred_element_type=jnp.float32)


@jax.custom_vjp
def _half(x: Array, matrix: Array) -> Array:
    return _product(x.astype(jnp.bfloat16), matrix.astype(jnp.bfloat16), x.ndim - 1, 1)


def _half_forward(x: Array, matrix: Array) -> tuple[Array, tuple[Array, Array]]:
    x, matrix = x.astype(jnp.bfloat16), matrix.astype(jnp.bfloat16)
    return _product(x, matrix, x.ndim - 1, 1), (x, matrix)


def _half_backward(saved: tuple[Array, Array], gradient: Array) -> tuple[Array, Array]:
    x, matrix = saved
    gradient = gradient.astype(jnp.bfloat16)
    rows = gradient.reshape(-1, gradient.shape[-1]), x.reshape(-1, x.shape[-1])
    return _product(gradient, matrix, gradient.ndim - 1, 0), _product(*rows, 0, 0)


_half.defvjp(_half_forward, _half_backward)


def attention(
    config: ModelConfig, layer: Params, x: Array, turn: tuple[Array, Array], seen: Array, dtype: Any
) -> Array:
    """Grouped-query attention over whole rows: x [rows, time, dim] to the same shape.

    Queries go in blocks, each against the keys up to its own end: later keys would only be masked.
    """
    rows, time, _ = x.shape
    q = rotate(linear(x, layer["q"], dtype).reshape(rows, time, config.heads, -1), *turn)
    k = rotate(linear(x, layer["k"], dtype).reshape(rows, time, config.kv_heads, -1), *turn)
    v = linear(x, layer["v"], dtype).reshape(rows, time, config.kv_heads, -1)
    q = q.reshape(rows, time, config.kv_heads, -1, config.head_dim) / math.sqrt(config.head_dim)
    blocks = []
    for start in range(0, time, BLOCK):
        end = min(start + BLOCK, time)
        scores = jnp.einsum("btkgd,bskd->bkgts", q[:, start:end], k[:, :end])
        weights = jax.nn.softmax(jnp.where(seen[:, None, None, start:end, :end], scores, HIDDEN), axis=-1)
        blocks.append(jnp.einsum("bkgts,bskd->btkgd", weights, v[:, :end]))
    return linear(jnp.concatenate(blocks, axis=1).reshape(rows, time, -1), layer["o"], dtype)


def mlp(layer: Params, x: Array, dtype: Any) -> Array:
    """SwiGLU."""
    return linear(jax.nn.silu(linear(x, layer["gate"], dtype)) * linear(x, layer["up"], dtype), layer["down"], dtype)
