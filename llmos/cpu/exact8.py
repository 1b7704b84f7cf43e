"""exact8: the forward pass of `model.py` in integers, so that no bit depends on who else is running.

Knows: how to turn weights, activations, keys and values into integers and back. Does not know: frames, lanes, sampling.
The promise: a process's logits and KV bytes are bitwise the same whatever its neighbours, its chunks, its lane, the
bucket or the width of its table. Two rules give it by construction, whatever XLA fuses, splits or vectorises:

1. **Every sum over a data axis is a sum of integers**, which has no rounding and so no order.
2. **Every float operation stands alone and is correctly rounded** (IEEE +, *, /, sqrt, round, max): no exp, rsqrt or
   sigmoid from a math library, and no product feeds a sum, for a compiler may fuse the two into one rounding. Where one
   must, the product is a power of two (exact either way) or passes through `snap`, integer work that nothing fuses across.
   Nor is anything divided by a value that is broadcast, or twice: XLA multiplies by the inverse instead, where it sees the
   broadcast, and it does not see it in every program. Here the inverse is written out.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from . import kvcache
from .config import ModelConfig, Params
from .kvcache import PAGE, Frames, Pool, View
from .model import Probe, State, by_token, last_of

FULL = 32512
"""Largest 16-bit activation: 127 * 256, so that both its int8 terms exist."""

ONE = 1 << 16
"""Unit of fixed-point probabilities and of exponents of two."""

LONGEST = (1 << 15) - PAGE
"""Most keys in sight: their probabilities, ONE each, must add up below 2**31."""

FAR = 2.0**29
"""Scores are clipped to this, so that the difference of two is below 2**31."""

EXACT = 1 << 24
"""Whole numbers below this are float32 numbers, and so are their sums, in any order."""

WIDE, PARTS = 8192, 4
"""A single row's product with a matrix of so many rows is cut into parts: XLA gives a whole one to one core only."""

TINY = 2.0**-40
LOG2E = 1.4426950408889634
ROWS = (((1,), (1,)), ((), ()))
"""x [rows, in] times w [out, in]."""


class Fixed(NamedTuple):
    """Rows of integer activations: value = q * scale with one term (8 bits), or (256 * high + low) * scale with two."""

    terms: tuple[jax.Array, ...]  # int8 [rows, n] each
    scale: jax.Array  # float32 [rows, 1]


def forward(config: ModelConfig, params: Params, pool: Pool, view: View) -> tuple[jax.Array, Pool, jax.Array]:
    """As `model.forward`; logits float32, the same bits in every company."""
    state, pool = begin(config, params["begin"], view), list(pool)
    for i, weights in enumerate(params["layers"]):
        state, pool[i], _ = layer(config, weights, state, pool[i], view)
    return head(config, params["head"], state.x, view.last), pool, state.mass


def begin(config: ModelConfig, weights: Params, view: View) -> State:
    """As `model.begin`."""
    table = weights["embed"]
    x = snap(table["w"][view.tokens].astype(jnp.float32) * table["scale"][view.tokens][..., None])
    cos, sin = weights["cos"][view.at], weights["sin"][view.at]
    return State(x, cos[:, :, None], sin[:, :, None], jnp.zeros(view.table.shape, jnp.int32))


def layer(
    config: ModelConfig, weights: Params, state: State, frames: Frames, view: View
) -> tuple[State, Frames, Probe]:
    """As `model.layer`."""
    b, t, dim = state.x.shape
    x = state.x.reshape(b * t, dim)
    q, k, v = project(config, weights, rms_norm(x, config.norm_eps), state)
    frames = dict(frames)
    for name, value in (("k", k), ("v", v)):
        term, scale = one_term(value)
        frames[name] = kvcache.write(frames[name], term, view)
        frames[name + "_scale"] = kvcache.write(frames[name + "_scale"], scale, view)
    mixed, mass, probe = attention(q, {name: kvcache.read(a, view) for name, a in frames.items()}, view)
    mixed = apart(mixed)
    x = x + snap(matmul(fixed(mixed, 1), weights["o"]))
    h = rms_norm(x, config.norm_eps)
    x = x + snap(matmul(fixed(swiglu(matmul(h, weights["gate"]), matmul(h, weights["up"])), 2), weights["down"]))
    return state._replace(x=x.reshape(b, t, dim), mass=state.mass + mass), frames, probe


def head(config: ModelConfig, weights: Params, x: jax.Array, last: jax.Array) -> jax.Array:
    """As `model.head`."""
    x = jnp.take_along_axis(x, last[:, None, None], axis=1)[:, 0]
    return matmul(rms_norm(x, config.norm_eps), weights)


def fixed(x: jax.Array, terms: int) -> Fixed:
    """Round rows [rows, n] to 8 bits (one term) or 16 (two) below each row's largest magnitude."""
    if terms == 1:
        q, scale = one_term(x)
        return Fixed((q,), scale)
    top = _top(x)
    return Fixed(two_terms(_int(jnp.round(x * (FULL / top)))), top * (1 / FULL))


def one_term(x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """x [..., n] -> int8 [..., n] and its scale [..., 1]."""
    top = _top(x)
    return jnp.round(x * (127 / top)).astype(jnp.int8), top * (1 / 127)


def two_terms(q: jax.Array) -> tuple[jax.Array, jax.Array]:
    """16-bit integers as two int8 terms: q = 256 * high + low."""
    high = (q + 128) >> 8
    return high.astype(jnp.int8), (q - (high << 8)).astype(jnp.int8)


def _top(x: jax.Array) -> jax.Array:
    return jnp.maximum(jnp.max(jnp.abs(x), -1, keepdims=True), TINY)


def matmul(x: Fixed, weight: Params) -> jax.Array:
    """x [rows, in] times weight [out, in] -> [rows, out]. Two terms ride as rows of one product: weights are read once.

    But a single row's terms go one after the other where the weights are small enough (`quantize.narrow`): that is quicker.
    """
    w = weight["w"]
    if len(x.terms[0]) == 1 and len(x.terms) == 2 and "narrow" in weight:
        products = jnp.concatenate([apart(_row(term, w)) for term in x.terms])
    else:
        products = _dot(jnp.concatenate(x.terms), w)
    out: jax.Array = _join(products, len(x.terms), 0) * x.scale * weight["scale"]
    return out


def rms_norm(x: jax.Array, eps: float) -> Fixed:
    """RMSNorm without its gain (that lives in the weights): only the scale of the rounded row changes.

    A row that is not finite keeps a scale that says so: integers could not.
    """
    top = _top(x)
    r = x * (1 / top)
    scale = jnp.where(jnp.isfinite(top), (1 / 127) / _rms(r, eps, top), jnp.nan)
    return Fixed((jnp.round(r * 127).astype(jnp.int8),), scale)


def _rms(r: jax.Array, eps: float, top: jax.Array) -> jax.Array:
    """Root of mean(r**2) + eps / top**2 over rows of |r| <= 1, the sum in fixed point."""
    n = r.shape[-1]
    unit = 2.0 ** (30 - (n - 1).bit_length())
    total = jnp.sum(_int(jnp.round(r * r * unit)), -1, keepdims=True)
    total += _int(jnp.round(jnp.minimum(eps * unit * n / (top * top), 2.0**30 - 1)))
    return jnp.maximum(jnp.sqrt(total.astype(jnp.float32) * (1 / (unit * n))), TINY)


def project(config: ModelConfig, weights: Params, h: Fixed, state: State) -> tuple[jax.Array, jax.Array, jax.Array]:
    """As `model.project`."""
    out = []
    for name in ("q", "k", "v"):
        y = matmul(h, weights[name])
        if name + "_bias" in weights:
            y = snap(y) + weights[name + "_bias"]
        y = y.reshape(*state.x.shape[:2], -1, config.head_dim)
        if name + "_norm" in weights:
            y = _head_norm(y, weights[name + "_norm"], config.norm_eps)
        out.append(y if name == "v" else rotate(y, state.cos, state.sin))
    return out[0], out[1], out[2]


def _head_norm(x: jax.Array, gain: jax.Array, eps: float) -> jax.Array:
    top = _top(x)
    r = x * (1 / top)
    return r * (1 / _rms(r, eps, top)) * gain


def rotate(x: jax.Array, cos: jax.Array, sin: jax.Array) -> jax.Array:
    """RoPE, half-split form."""
    a, b = jnp.split(x, 2, axis=-1)
    return jnp.concatenate([snap(a * cos) - snap(b * sin), snap(b * cos) + snap(a * sin)], axis=-1)


def attention(q: jax.Array, pages: dict[str, jax.Array], view: View) -> tuple[jax.Array, jax.Array, Probe]:
    """q [B, T, H, D] over int8 pages [B*K, S, D] -> [B*T, H*D], attention mass [B, W], probe.

    The maximum first (it has no order), then integer sums of probabilities and of probabilities times values.
    """
    b, t, heads, d = q.shape
    kv = pages["k"].shape[0] // b
    group = heads // kv
    m = t * group
    rows = jnp.transpose(q.reshape(b, t, kv, group, d), (0, 2, 1, 3, 4)).reshape(b * kv, m, d)
    limit = _top(rows)
    query = _int(jnp.round(rows * (FULL / limit)))
    scores = _two_term_dot(query, pages["k"], 2)
    unit = limit * (LOG2E * ONE * d**-0.5 / FULL)
    scores = once(_int(jnp.round(jnp.clip(scores * unit * pages["k_scale"][:, None, :, 0], -FAR, FAR))))
    seen = jnp.broadcast_to(kvcache.visible(view, group), (b, kv, m, scores.shape[-1])).reshape(scores.shape)
    top = jnp.max(jnp.where(seen, scores, -(1 << 30)), -1, keepdims=True)
    p = once(jnp.where(seen, exp2(jnp.maximum(top - scores, 0)), 0))  # [B*K, m, S], ONE = the likeliest
    total = jnp.maximum(jnp.sum(p, -1, keepdims=True), 1).astype(jnp.float32)
    out = _mix(p, seen, pages["v"], pages["v_scale"][:, None, :, 0]) * (1 / total)
    out = jnp.transpose(out.reshape(b, kv, t, group, d), (0, 2, 1, 3, 4)).reshape(b * t, heads * d)
    best, sum_ = (by_token(a.reshape(b, kv, t, group)) * (1 / ONE) for a in (top.astype(jnp.float32), total))
    p, total = (last_of(a.reshape(b, kv, t, group, -1), view) for a in (p, total))
    return out, _mass(p, total), Probe(q, best, sum_)


def _mix(p: jax.Array, seen: jax.Array, values: jax.Array, scale: jax.Array) -> jax.Array:
    """Sum of p * values * scale over keys -> [B*K, m, D]; the largest scale in sight keeps p * scale within 16 bits."""
    largest = jnp.max(jnp.where(seen, scale, TINY), -1, keepdims=True)
    weight = jnp.where(seen, _int(jnp.round(p.astype(jnp.float32) * (scale * (1 / largest)) * (FULL / ONE))), 0)
    return _two_term_dot(once(weight), values, 1) * largest * (ONE / FULL)


def _mass(p: jax.Array, total: jax.Array) -> jax.Array:
    """Attention of the last token per table entry, summed over heads: p [B, K, 1, G, S], total [B, K, 1, G, 1] -> [B, W]."""
    share = jnp.sum(p.reshape(*p.shape[:-1], -1, PAGE), -1).astype(jnp.float32) * (1 / total)
    return jnp.sum(_int(jnp.round(share * 65535)), (1, 2, 3))


def swiglu(gate: jax.Array, up: jax.Array) -> jax.Array:
    """gate * sigmoid(gate) * up, the exponential in fixed point."""
    e = exp2(_int(jnp.round(jnp.minimum(jnp.abs(gate) * (LOG2E * ONE), 2.0**30)))).astype(jnp.float32) * (1 / ONE)
    return gate * jnp.where(gate >= 0, 1.0, e) / (1 + e) * up


def exp2(d: jax.Array) -> jax.Array:
    """ONE * 2**(-d / ONE) for int32 d >= 0, in integers: a cubic on the fraction, a shift for the rest."""
    f = d & (ONE - 1)
    y = 15158 - ((2597 * f) >> 16)
    y = 45329 - ((y * f) >> 16)
    y = ONE - ((y * (f >> 1)) >> 15)
    return y >> jnp.minimum(d >> 16, 31)


def snap(x: jax.Array) -> jax.Array:
    """Round float32 to 16 bits of mantissa by integer work, so that no product is fused with the sum that follows."""
    bits = lax.bitcast_convert_type(x, jnp.int32)
    return lax.bitcast_convert_type((bits + 128) & -256, jnp.float32)


def once(q: jax.Array) -> jax.Array:
    """The same integers, |q| < 2**31 - 1, computed once.

    XLA fuses cheap work into what reads it, though that reads it many times: a row was rounded anew for every row of a
    matrix. A remainder it holds for expensive and leaves where it is. A barrier does not help: it is gone before fusion.
    """
    return lax.rem(q, jnp.int32((1 << 31) - 1))


def apart(x: jax.Array) -> jax.Array:
    """The same array, in its own shape: without this the heads' shape wanders into the product that reads it as one row, and
    each number of the row is looked up by a division. Half of a layer's time at one lane was that."""
    same: jax.Array = lax.optimization_barrier(x)  # type: ignore[no-untyped-call]
    return same


def _int(x: jax.Array) -> jax.Array:
    return x.astype(jnp.int32)


def _dot(x: jax.Array, w: jax.Array) -> jax.Array:
    """int8 [rows, in] times int8 [out, in] -> their exact integer sums [rows, out].

    A single row takes XLA's matrix-vector path, which exists in floats only. It is the same sum: every partial sum is a
    whole number below 2**24, and float32 adds those exactly, in any order.
    """
    if x.shape[0] == 1:
        if x.shape[1] * 127 * 127 < EXACT:
            return _row(x, w)
        return lax.dot_general(jnp.concatenate([x, x]), w, ROWS, preferred_element_type=jnp.int32)[:1]
    return lax.dot_general(x, w, ROWS, preferred_element_type=jnp.int32)


def _row(x: jax.Array, w: jax.Array) -> jax.Array:
    """As `_dot` for a single row; exact if no sum of products' magnitudes reaches EXACT.

    Integers again at once: of a product of floats XLA may take a factor inside, and the sums are whole numbers no more.
    """
    row, size = once(_int(x)).astype(jnp.float32), len(w) if len(w) < WIDE else -(-len(w) // PARTS)
    parts = [_int(row @ w[i : i + size].T.astype(jnp.float32)) for i in range(0, len(w), size)]
    return jnp.concatenate([apart(part) for part in parts], 1) if len(parts) > 1 else parts[0]


def _join(y: jax.Array, terms: int, axis: int) -> jax.Array:
    """The products of the terms, high then low along `axis` -> float32."""
    y = y.astype(jnp.float32)
    if terms == 1:
        return y
    high, low = jnp.split(y, 2, axis)
    return high * 256 + low


def _two_term_dot(x: jax.Array, y: jax.Array, axis: int) -> jax.Array:
    """x [n, m, c] of 16 bits times int8 y [n, ...] over its `axis` -> float32 [n, m, ...]."""
    high, low = (term[:, None] for term in two_terms(x))
    both = jnp.where(jnp.arange(2)[:, None, None] == 0, high, low)  # a concatenation would be computed number by number
    both = both.reshape(x.shape[0], -1, x.shape[2])
    z = lax.dot_general(both, y, (((2,), (axis,)), ((0,), (0,))), preferred_element_type=jnp.int32)
    return _join(z, 2, 1)
