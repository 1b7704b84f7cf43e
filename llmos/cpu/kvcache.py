"""RAM: the KV cache as a pool of equal page frames.

Knows: the layout of a frame (16 tokens' keys and values of all layers), how tokens are written and pages read inside a
compiled step, and how a frame becomes bytes and back. Does not know: which process owns a frame (`llmos_kernel.memory`)
or how keys are computed (`model.py`, `exact8.py`). Layout per layer, chosen so that reading a page copies one contiguous
row and no transpose is needed afterwards:

    k, v               [kv_heads, frames, PAGE * head_dim]   float32, bfloat16 or int8
    k_scale, v_scale   [kv_heads, frames, PAGE]              float32, only beside int8
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from .config import ModelConfig

PAGE = 16
"""Tokens in one frame."""

NOWHERE = 1 << 30
"""First position of a table entry that holds nothing: later than every query, so nobody attends to it."""

Frames = dict[str, jax.Array]
"""One layer's share of all frames: "k", "v", and "k_scale", "v_scale" beside int8."""

Pool = list[Frames]
"""All layers, first to last."""

Ints = Any
"""int32: a NumPy array on the host, a traced one inside a step, or only its shape."""


class View(NamedTuple):
    """Where one step of B lanes and T tokens each reads and writes. All int32.

    A padded token goes to the trash frame 0; a padded table entry is frame 0 at position NOWHERE.
    """

    tokens: Ints  # [B, T]
    at: Ints  # [B, T] positions
    frame: Ints  # [B, T] the frame each token's key and value go to
    slot: Ints  # [B, T] and the slot in it
    table: Ints  # [B, W] frames to read
    starts: Ints  # [B, W] first position in each
    last: Ints  # [B] index in T of the token whose logits and attention are wanted


def create(config: ModelConfig, frames: int, dtype: str) -> Any:
    """An empty `Pool`, on the host. `dtype` is "float32", "bfloat16" or "int8" (which brings scales along)."""
    sizes = {"k": (PAGE * config.head_dim, dtype), "v": (PAGE * config.head_dim, dtype)}
    if dtype == "int8":
        sizes |= {"k_scale": (PAGE, "float32"), "v_scale": (PAGE, "float32")}
    heads = config.kv_heads
    return [
        {name: np.zeros((heads, frames, n), jnp.dtype(t)) for name, (n, t) in sizes.items()}
        for _ in range(config.layers)
    ]


def frame_bytes(config: ModelConfig, dtype: str) -> int:
    """Bytes of one saved frame."""
    per_token = 2 * config.head_dim * jnp.dtype(dtype).itemsize + (8 if dtype == "int8" else 0)
    return config.layers * config.kv_heads * PAGE * per_token


def write(array: jax.Array, values: jax.Array, view: View) -> jax.Array:
    """Put values [B, T, kv_heads, n] (one token's share of a frame) into their frames and slots."""
    heads, frames, width = array.shape
    n = width // PAGE
    row = (jnp.arange(heads) * frames + view.frame[..., None]) * PAGE + view.slot[..., None]  # [B, T, kv_heads]
    flat = array.reshape(heads * frames * PAGE, n)
    flat = flat.at[row.reshape(-1)].set(values.astype(array.dtype).reshape(-1, n), mode="promise_in_bounds")
    return flat.reshape(array.shape)


def read(array: jax.Array, view: View) -> jax.Array:
    """The pages of every lane's table, side by side: [B * kv_heads, W * PAGE, n]."""
    heads, _, width = array.shape
    alone = _page_by_page if len(view.table) == 1 else _gathered
    pages = lax.platform_dependent(array, view.table, cpu=alone, default=_gathered)
    keys: jax.Array = pages.reshape(len(view.table) * heads, -1, width // PAGE)
    return keys


def _gathered(array: jax.Array, table: jax.Array) -> jax.Array:
    """array [kv_heads, frames, n], table [B, W] -> pages [B, kv_heads, W, n]."""
    heads, frames, width = array.shape
    row = table[:, None, :] + (jnp.arange(heads) * frames)[:, None]  # [B, kv_heads, W]
    pages: jax.Array = array.reshape(heads * frames, width).at[row].get(mode="promise_in_bounds")
    return pages


def _page_by_page(array: jax.Array, table: jax.Array) -> jax.Array:
    """The same as a loop, for one lane. XLA for CPUs gathers number by number, but on all cores; a slice it copies in one go,
    but on one."""
    heads, _, width = array.shape
    entries = table.shape[1]

    def copied(i: jax.Array, pages: jax.Array) -> jax.Array:
        page = lax.dynamic_slice(array, (0, table[0, i], 0), (heads, 1, width))
        return lax.dynamic_update_slice(pages, page[None], (0, 0, i, 0))

    pages: jax.Array = lax.fori_loop(0, entries, copied, jnp.zeros((1, heads, entries, width), array.dtype))
    return pages


def visible(view: View, group: int) -> jax.Array:
    """Which keys each query may see: [B, 1, T * group, W * PAGE] bool, for queries ordered (token, head of the group)."""
    key = (view.starts[..., None] + jnp.arange(PAGE)).reshape(view.starts.shape[0], 1, -1)
    return jnp.repeat(key <= view.at[..., None], group, axis=1)[:, None]


def written(view: View, heads: int) -> jax.Array:
    """Which keys the last query may see: [B * heads, W * PAGE, 1]. The others may be anything, left by a former owner."""
    key = (view.starts[..., None] + jnp.arange(PAGE)).reshape(view.starts.shape[0], -1)
    return jnp.repeat(key <= jnp.max(view.at, 1, keepdims=True), heads, axis=0)[..., None]


def copy_frames(pool: Pool, source: jax.Array, target: jax.Array) -> Pool:
    """Copy whole frames; source and target are [n] int32."""
    return _each(lambda a: a.at[:, target].set(a[:, source]), pool)


def wipe_frames(pool: Pool, frames: jax.Array) -> Pool:
    """Zero whole frames [n] int32."""
    return _each(lambda a: a.at[:, frames].set(0), pool)


def page_of(pool: Pool) -> Any:
    """The shapes of one frame of every array, in a pool's order."""

    def frame(a: Any) -> Any:
        return jax.ShapeDtypeStruct((a.shape[0], a.shape[2]), a.dtype)  # type: ignore[no-untyped-call]

    return jax.tree.map(frame, pool)


def take_frame(pool: Pool, frame: jax.Array) -> Pool:
    """One frame of every array: [kv_heads, width] each."""
    return _each(lambda a: lax.dynamic_index_in_dim(a, frame, 1, keepdims=False), pool)


def put_frame(pool: Pool, frame: jax.Array, page: Pool) -> Pool:
    """The opposite of `take_frame`."""
    return _each(lambda a, p: lax.dynamic_update_index_in_dim(a, p, frame, 1), pool, page)


def _each(change: Callable[..., jax.Array], *pools: Pool) -> Pool:
    result: Pool = jax.tree.map(change, *pools)
    return result


def keys(page: Frames) -> np.ndarray:
    """The keys [kv_heads, ..., PAGE, head_dim] float32 of one layer of pages [kv_heads, ..., width] that are on the host."""
    return _numbers(page, "k")


def values(page: Frames) -> np.ndarray:
    """Its values, alike."""
    return _numbers(page, "v")


def _numbers(page: Frames, name: str) -> np.ndarray:
    a = np.asarray(page[name], np.float32)
    a = a.reshape(*a.shape[:-1], PAGE, -1)
    scale = page.get(name + "_scale")
    return a if scale is None else a * np.asarray(scale)[..., None]


def to_bytes(page: Pool) -> bytes:
    """A page as bytes, layer after layer, arrays of a layer in order of their names."""
    return b"".join(np.asarray(a).tobytes() for a in jax.tree.leaves(page))


def from_bytes(data: bytes, like: Pool) -> Pool:
    """The opposite of `to_bytes`; `like` is any page of the same shapes. ValueError when the length is wrong."""
    leaves, tree = jax.tree.flatten(like)
    sizes = [a.size * a.dtype.itemsize for a in leaves]
    if len(data) != sum(sizes):
        raise ValueError(f"a saved frame has {sum(sizes)} bytes, not {len(data)}")
    ends = list(itertools.accumulate(sizes))
    parts = [
        np.frombuffer(data[e - n : e], a.dtype).reshape(a.shape) for a, n, e in zip(leaves, sizes, ends, strict=True)
    ]
    page: Pool = jax.tree.unflatten(tree, parts)
    return page
