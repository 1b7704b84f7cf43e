"""Digests: what a page is worth comes from its keys, whether it is in RAM or not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos.cpu import digest
from llmos.cpu.kvcache import PAGE

LAYERS, KV, GROUP, D = 2, 2, 3, 8  # query heads of a key head: 3
Array = np.ndarray[Any, Any]


def probe(rng: np.random.Generator, keys: Array) -> tuple[Array, Array, Array]:
    """A query and what it finds among keys in sight [layers, kv, n, d]."""
    query = rng.normal(size=(LAYERS, KV * GROUP, D)).astype(np.float32)
    score = np.einsum("lkgd,lknd->lkgn", query.reshape(LAYERS, KV, GROUP, D), keys) * D**-0.5 * math.log2(math.e)
    top = score.max(-1)
    total = np.exp2(score - top[..., None]).sum(-1)
    return query, top.reshape(LAYERS, -1), total.reshape(LAYERS, -1)


def pages(rng: np.random.Generator, count: int) -> Array:
    """Keys whose components are whole sevenths of the largest: half a byte loses nothing."""
    keys = np.round(rng.normal(size=(count, LAYERS, KV, PAGE, D)) * 3).clip(-7, 7).astype(np.float32)
    keys[..., 0] = 7
    return keys / 4


def packed(absent: Array, lengths: Array | None = None) -> list[bytes]:
    """With values that are all equally long, or as long as `lengths` [n, layers, kv, PAGE] says."""
    values = np.zeros_like(absent)
    values[..., 0] = 1.0 if lengths is None else lengths
    return [digest.pack(list(page), list(value)) for page, value in zip(absent, values, strict=True)]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_it_is_attention_over_all_keys_times_the_length_of_values(seed: int) -> None:
    """Against a softmax over the keys of present and absent pages together, within what two bytes lose of a length."""
    rng = np.random.default_rng(seed)
    keys, lengths = pages(rng, 9), rng.uniform(0.5, 2.0, size=(9, LAYERS, KV, PAGE))
    here = np.concatenate(list(keys[:4]), 2)  # [layers, kv, 64, d]
    probes = [probe(rng, here) for _ in range(3)]
    query, top, total = (np.stack(part) for part in zip(*probes, strict=True))
    share = digest.shares(packed(keys, lengths), 5, query, top, total)
    q = query.reshape(3, LAYERS, KV, GROUP, D)
    score = np.einsum("tlkgd,nlkpd->lkgtnp", q, keys) * D**-0.5
    p = np.exp(score - score.max((-1, -2), keepdims=True))
    p /= p.sum((-1, -2), keepdims=True)
    usual = lengths / lengths.mean((0, 2, 3), keepdims=True)
    truth = np.einsum("lkgtnp,nlkp->lkgtn", p, usual).reshape(share.shape)
    np.testing.assert_allclose(share, truth, atol=0.002)


def test_the_page_that_a_head_looks_for_is_worth_most() -> None:
    rng = np.random.default_rng(1)
    absent, seen = pages(rng, 9), rng.normal(size=(LAYERS, KV, 40, D)).astype(np.float32)
    query, top, total = probe(rng, seen)
    absent[5, 1, 0, 7] = 40 * query.reshape(LAYERS, KV, GROUP, D)[1, 0, 2]  # of one layer, what one head asks for
    asked = (query[None], top[None], total[None])
    worth, layers = digest.worth([b"", *packed(absent)], 9, asked)
    assert worth[0] == 0
    assert max(worth) == worth[6] > 40_000
    assert len(layers) == 9
    assert layers[5] == 1
    assert digest.worth([b""], 0, asked) == ((0,), ())
    blind = digest.worth([b"", *packed(absent[:3]), b""], 4, asked)  # after a return to the past one may be unknown
    assert blind[0][-1] == 0
    assert len(blind[1]) == 4
    assert digest.worth(packed(np.full_like(absent[:1], np.nan)), 1, asked)[0][0] >= 0, "a broken page breaks nothing"
    idle = np.ones((9, LAYERS, KV, PAGE))
    idle[5] = 0.0
    assert digest.worth(packed(absent, idle), 9, asked)[0][5] == 0, "attention to values of no length brings nothing"


def test_one_token_that_looks_keenly_counts_more_than_many_that_glance() -> None:
    rng = np.random.default_rng(2)
    absent, seen = pages(rng, 2), rng.normal(size=(LAYERS, KV, 40, D)).astype(np.float32)
    keen, dull = probe(rng, seen), probe(rng, seen)
    absent[0, 0, 0, 2] = 40 * keen[0].reshape(LAYERS, KV, GROUP, D)[0, 0, 0]
    asked = tuple(np.stack([a, *[b] * 5]) for a, b in zip(keen, dull, strict=True))
    worth = digest.worth(packed(absent), 2, asked)[0]  # type: ignore[arg-type]
    assert worth[0] > worth[1]


def test_a_digest_is_a_small_part_of_a_page() -> None:
    """Of SmolLM2: the upper 20 of 30 layers, 3 key heads, 64 components."""
    assert len(digest.layers(30)) == 20
    assert all(0 < len(digest.layers(count)) <= count for count in range(1, 80))
    page = np.zeros((20, 3, PAGE, 64), np.float32)
    assert len(digest.pack(list(page), list(page))) == 34_560
