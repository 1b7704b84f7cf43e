"""From logits to one id, in integers: the same bits for every lane, bucket and neighbour.

Knows: greedy choice, temperature, min-p, masks of allowed ids and the five likeliest. Does not know: processes, lanes.
The random stream depends on (seed, absolute position) and nothing else: `draw` hashes the two on the host.

Logits become fixed point first (16 fractional bits, so two logits closer than 1/65536 tie, and ties go to the lowest id).
Weights are 2**(-d), also fixed point; a running sum of integers and one 31-bit draw pick the id.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .exact8 import LOG2E, ONE, exp2
from .kvcache import Ints

LIKELIEST = 5
FORBIDDEN, NOBODY = 16, (1 << 31) - 1
BLOCK = 256
"""Ids are searched in two levels: blocks of this many, then within one."""

_MASK = (1 << 64) - 1


class Choice(NamedTuple):
    """How each lane samples, [B] int32 each (min_p and temperature in thousandths; u is the draw, 31 bits)."""

    temperature: Ints
    min_p: Ints
    u: Ints
    never: Ints  # [B, FORBIDDEN] ids that are not sampled; `NOBODY` is none


class Chosen(NamedTuple):
    """What each lane sampled."""

    id: Ints  # [B]
    finite: Ints  # [B] bool: were all logits finite?
    top: Ints  # [B, LIKELIEST] ids
    share: Ints  # [B, LIKELIEST] their probabilities * 65535


def undecided(lanes: int) -> Choice:
    """A choice of so many lanes on the host, to be filled in: greedy, and every id may be sampled."""
    temperature, min_p, u = np.zeros((3, lanes), np.int32)
    return Choice(temperature, min_p, u, np.full((lanes, FORBIDDEN), NOBODY, np.int32))


def draw(seed: int, position: int) -> int:
    """31 random bits of a process's stream at an absolute position (two rounds of SplitMix64's mixer)."""
    z = _mix((seed * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03) & _MASK)
    return _mix((z + position * 0x9E3779B97F4A7C15) & _MASK) >> 33


def _mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def choose(logits: jax.Array, choice: Choice, allowed: jax.Array | None = None) -> Chosen:
    """logits [B, vocab] float32, allowed bits [B, ceil(vocab / 8)] uint8 -> Chosen. Greedy where temperature is 0."""
    finite = jnp.all(jnp.isfinite(logits), -1)
    vocab = logits.shape[1]
    fixed = jnp.round(jnp.clip(logits, -8192.0, 8192.0) * ONE).astype(jnp.int32)
    if allowed is not None:
        bits = (allowed[:, :, None] >> jnp.arange(8, dtype=jnp.uint8)) & 1
        fixed = jnp.where(bits.reshape(bits.shape[0], -1)[:, :vocab] == 1, fixed, _LEAST)
    fixed = fixed.at[jnp.arange(len(fixed))[:, None], choice.never].set(_LEAST, mode="drop")
    blocks = jnp.pad(fixed, ((0, 0), (0, -vocab % BLOCK)), constant_values=_LEAST).reshape(fixed.shape[0], -1, BLOCK)
    top, value = _likeliest(blocks)
    below = jnp.where(blocks == _LEAST, _NEVER, value[:, :1, None] - blocks)  # [B, blocks, BLOCK] >= 0
    total = jnp.maximum(jnp.sum(_weight(below, LOG2E, vocab), (1, 2)), 1)
    likely = _weight(value[:, :1] - value, LOG2E, vocab)
    share = jnp.round(likely.astype(jnp.float32) / total[:, None].astype(jnp.float32) * 65535).astype(jnp.int32)
    sampled = lax.cond(
        jnp.any(choice.temperature > 0), partial(_sample, vocab), lambda b, c: jnp.zeros_like(c.u), below, choice
    )
    return Chosen(jnp.where(choice.temperature > 0, sampled, top[:, 0]), finite, top, share)


_LEAST = -(1 << 30)
_NEVER = 1 << 30


def _shift(vocab: int) -> int:
    """Bits to drop from a weight so that `vocab` of them, ONE >> shift each, add up below 2**31."""
    return max(0, (vocab - 1).bit_length() - 15)


def _weight(d: jax.Array, factor: jax.Array | float, vocab: int) -> jax.Array:
    """2**(-d * factor) in fixed point, ONE >> _shift(vocab) for d = 0."""
    steps = jnp.round(jnp.minimum(d.astype(jnp.float32) * factor, float(_NEVER))).astype(jnp.int32)
    return exp2(steps) >> _shift(vocab)


def _likeliest(blocks: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The LIKELIEST ids of blocks [B, n, BLOCK] and their values, largest first, ties to the lowest id."""
    rows = jnp.sort(_largest(jnp.max(blocks, -1), min(LIKELIEST, blocks.shape[1]))[1], -1)  # ids, and so ties, in order
    values, at = _largest(jnp.take_along_axis(blocks, rows[:, :, None], 1).reshape(rows.shape[0], -1), LIKELIEST)
    return jnp.take_along_axis(rows, at // BLOCK, 1) * BLOCK + at % BLOCK, values


def _largest(values: jax.Array, count: int) -> tuple[jax.Array, jax.Array]:
    """As `lax.top_k` of integers that were float32 numbers, and are again without loss. XLA for CPUs sorts integers whole,
    a fifth of a millisecond a lane for 1,280, but looks among floats for the largest alone."""
    found, at = lax.top_k(values.astype(jnp.float32), count)
    return found.astype(jnp.int32), at


def _sample(vocab: int, below: jax.Array, choice: Choice) -> jax.Array:
    """An id with probability proportional to 2**(-below / temperature), none rarer than min-p of the likeliest."""
    factor = (LOG2E * 1000) / jnp.maximum(choice.temperature, 1).astype(jnp.float32)
    weight = _weight(below, factor[:, None, None], vocab)
    floor = (choice.min_p * (ONE >> _shift(vocab)) + 999) // 1000
    weight = jnp.where(weight >= floor[:, None, None], weight, 0)
    upto = jnp.cumsum(jnp.sum(weight, -1), -1)  # [B, blocks]
    target = _scale(upto[:, -1], choice.u)
    row = jnp.argmax(upto > target[:, None], -1)
    before = jnp.where(row > 0, jnp.take_along_axis(upto, jnp.maximum(row - 1, 0)[:, None], 1)[:, 0], 0)
    inside = jnp.cumsum(jnp.take_along_axis(weight, row[:, None, None], 1)[:, 0], -1)
    return (row * BLOCK + jnp.argmax(inside > (target - before)[:, None], -1)).astype(jnp.int32)


def _scale(total: jax.Array, u: jax.Array) -> jax.Array:
    """floor(total * u / 2**31) for 31-bit integers, in 16-bit limbs of uint32."""
    a, b = total.astype(jnp.uint32), u.astype(jnp.uint32) << 1
    low = ((a & 0xFFFF) * (b & 0xFFFF)) >> 16
    middle = (a >> 16) * (b & 0xFFFF) + low
    other = (a & 0xFFFF) * (b >> 16)
    carry = ((middle & 0xFFFF) + (other & 0xFFFF)) >> 16
    return ((a >> 16) * (b >> 16) + (middle >> 16) + (other >> 16) + carry).astype(jnp.int32)
