"""What a full page leaves behind: enough to notice, when it is away, that it would matter again.

Knows: a digest holds the page's keys in the upper two thirds of the layers, half a byte a component, and how long their values
are (of SmolLM2 34,560 bytes, a sixth of a page in exact8, a 21st of one in float32). With a burst's queries it says what the
page brings, or would bring if it were there. Does not know: who keeps digests, or what is done about a page that is worth
having (`llmos_kernel.replacement`). Nothing here runs inside a compiled step; a burst without digests costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .kvcache import PAGE

Array = np.ndarray[Any, Any]

LARGEST = 7  # of a component in half a byte
MOST = 100.0  # exponents of two above this are of a broken page


def layers(count: int) -> range:
    """The layers that are looked at, of `count`: the lower ones look at what is near, which is there anyway."""
    return range(count // 3, count)


def pack(keys: Sequence[Array], values: Sequence[Array]) -> bytes:
    """Each looked-at layer's keys and values [kv_heads, PAGE, head_dim] -> each key's scale and the length of its value
    (float16 [layers, kv_heads, PAGE] both), then the keys [.., head_dim / 2, PAGE], two components a byte."""
    k, v = (_finite(np.stack(part)) for part in (keys, values))
    scale = np.clip(np.abs(k).max(-1) / LARGEST, 1e-4, 6e4).astype("<f2")
    length = np.minimum(np.sqrt((v * v).sum(-1)), 6e4).astype("<f2")
    whole = np.clip(np.round(k / scale[..., None].astype(np.float32)), -LARGEST, LARGEST).swapaxes(-1, -2)
    low, high = np.split((whole + LARGEST + 1).astype(np.uint8), 2, axis=-2)
    packed: bytes = scale.tobytes() + length.tobytes() + (low | high << 4).tobytes()
    return packed


def _finite(a: Array) -> Array:
    """A broken page's keys are no numbers."""
    return np.clip(np.nan_to_num(np.asarray(a, np.float32), posinf=0.0, neginf=0.0), -1e15, 1e15)


def shares(digests: Sequence[bytes], absent: int, query: Array, top: Array, total: Array) -> Array:
    """What each page brings to each head: attention, times how long its values are beside the layer's usual ones.

    [layers, heads, tokens, n]. The last `absent` pages are away: what they would get is beside the keys in sight. query
    [tokens, layers, heads, head_dim]; top and total [tokens, layers, heads] as in `model.Probe`.
    """
    n, (tokens, count, heads, d) = len(digests), query.shape
    raw = np.frombuffer(b"".join(digests), np.uint8).reshape(n, -1)
    cut = raw.shape[1] // (4 + d // 2) * 2  # bytes of the scales, and of the lengths
    scale, length = (
        _beside(raw[:, at : at + cut].copy().view("<f2").reshape(n, count, -1, PAGE).astype(np.float32))
        for at in (0, cut)
    )
    kv = scale.shape[1]
    both = np.moveaxis(raw[:, 2 * cut :].reshape(n, count, kv, d // 2, PAGE), 0, 3).reshape(count, kv, d // 2, n * PAGE)
    keys = np.concatenate([both & 15, both >> 4], axis=2).astype(np.float32) - (LARGEST + 1)

    def rows(a: Array) -> Array:
        """[tokens, layers, heads, ...] -> [layers, kv_heads, group * tokens, ...]"""
        return np.moveaxis(a, 0, 2).reshape(count, kv, heads // kv * tokens, -1)

    score = rows(query * (d**-0.5 * math.log2(math.e))) @ keys * scale - rows(top)
    weight = np.exp2(np.minimum(score, MOST)).reshape(count, kv, -1, n, PAGE)
    mass = weight.sum(-1)
    whole = np.maximum(rows(total)[..., 0], mass[..., : n - absent].sum(-1)) + mass[..., n - absent :].sum(-1)
    usual = np.maximum(length.mean((1, 2, 3), keepdims=True), 1e-20)
    brought = (weight * (length / usual).reshape(count, kv, 1, n, PAGE)).sum(-1) / whole[..., None]
    return np.asarray(brought.reshape(count, heads, tokens, n))


def _beside(a: Array) -> Array:
    """A number of each token of each page [n, layers, kv_heads, PAGE] -> [layers, kv_heads, 1, n * PAGE]."""
    return np.moveaxis(a, 0, 2).reshape(*a.shape[1:3], 1, -1)


def worth(
    digests: Sequence[bytes], absent: int, probe: tuple[Array, Array, Array]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """What each page is worth, 65535 for all there is; and of each of the last `absent` pages the place, among the
    layers looked at, of the one that wants it most.
    A page without a digest, b"", is worth nothing.

    Over heads and layers squares are added: few heads look for one thing, and what many glance at is missed by none.
    """
    here = len(digests) - absent
    known = [i for i, one in enumerate(digests) if one]
    by_layer = np.zeros((len(digests), probe[0].shape[1]))
    if known:
        away = sum(i >= here for i in known)
        brought = shares([digests[i] for i in known], away, *probe)
        by_layer[known] = np.nan_to_num((brought * brought).mean(2).sum(1)).T
    all_ = by_layer.sum(1)
    best = (np.sqrt(all_ / max(all_.sum(), 1e-20)) * 65535).astype(int)
    return tuple(best.tolist()), tuple(by_layer[here:].argmax(1).tolist())
