"""From a file's tensors, under whatever names, to the canonical parameters of `config.py`, every shape checked.

Knows: which parameters an architecture has and what shape each must have. Does not know: file formats; a loader hands in
a function that says whether a tensor is there and one that reads it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from llmos.cpu.config import ModelConfig, Params
from llmos.hardware import free_memory

from .checked import Damaged, shown

Array = np.ndarray[Any, Any]
Progress = Callable[[float], None]

LAYER = ("attn_norm", "q", "k", "v", "o", "mlp_norm", "gate", "up", "down")
BIASES = ("q_bias", "k_bias", "v_bias")
NORMS = ("q_norm", "k_norm")
EXTRA = {"llama": (), "qwen2": BIASES, "qwen3": NORMS}
"""What each architecture's layers have besides; also the list of architectures."""
MAX_LAYERS = 1_000
"""The deepest models have 130. A file may announce two thousand million, and each would be looked for."""


class Source(Protocol):
    """A file's tensors by canonical name; `layer` is None for embed, norm and head."""

    def shape(self, name: str, layer: int | None) -> tuple[int, ...]:
        """Damaged when there is no such tensor."""

    def read(self, name: str, layer: int | None) -> Array: ...


def shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """The shape of every parameter by canonical name."""
    q, kv, d = config.heads * config.head_dim, config.kv_heads * config.head_dim, config.head_dim
    dim, hidden, vocab = config.dim, config.hidden, config.vocab
    return {
        **dict.fromkeys(("embed", "head"), (vocab, dim)),
        **dict.fromkeys(("norm", "attn_norm", "mlp_norm"), (dim,)),
        "q": (q, dim),
        "k": (kv, dim),
        "v": (kv, dim),
        "o": (dim, q),
        "gate": (hidden, dim),
        "up": (hidden, dim),
        "down": (dim, hidden),
        "q_bias": (q,),
        "k_bias": (kv,),
        "v_bias": (kv,),
        "q_norm": (d,),
        "k_norm": (d,),
    }


def check(config: ModelConfig, source: Source) -> None:
    """Damaged when a parameter is missing or has another shape, or all, as float32, would not fit into free memory."""
    if config.layers > MAX_LAYERS:
        raise Damaged(f"{config.layers:,} layers; we read at most {MAX_LAYERS:,}")
    expected = shapes(config)
    wanted = [(name, None) for name in _ends(config)] + [(n, i) for i in range(config.layers) for n in _layer(config)]
    for name, i in wanted:
        if source.shape(name, i) != expected[name]:
            where = name if i is None else f"{name} of layer {i}"
            raise Damaged(f"{where} has the shape {shown(source.shape(name, i))}, not {expected[name]}")
    need = 4 * sum(math.prod(expected[name]) for name, _ in wanted)
    free = free_memory()
    if free is not None and need > free:
        raise Damaged(f"its parameters take {need / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free")


def gather(config: ModelConfig, source: Source, progress: Progress) -> Params:
    """All parameters of a source that passed `check`."""
    params: Params = {name: source.read(name, None) for name in _ends(config)}
    params["layers"] = []
    for i in range(config.layers):
        progress(i / config.layers)
        params["layers"].append({name: source.read(name, i) for name in _layer(config)})
    progress(1.0)
    return params


def _ends(config: ModelConfig) -> tuple[str, ...]:
    return ("embed", "norm") if config.tied else ("embed", "norm", "head")


def _layer(config: ModelConfig) -> tuple[str, ...]:
    return LAYER + EXTRA[config.arch]


def halves(w: Array, head_dim: int) -> Array:
    """Rows of q or k from interleaved pairs (2i, 2i + 1) to halves (i, i + head_dim / 2), in every head."""
    pairs = w.reshape(-1, head_dim // 2, 2, *w.shape[1:])
    return np.ascontiguousarray(np.swapaxes(pairs, 1, 2)).reshape(w.shape)
