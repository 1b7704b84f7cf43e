"""llama2.c's legacy checkpoint: seven numbers, then all weights as float32, one kind after the other.

Knows: that layout, and that its rows of q and k are interleaved. Does not know: the tokenizer's (`of_bin.py`).
The file has no magic number; it is recognised by its size, which must be exactly what the seven numbers ask for.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from llmos.cpu.config import ModelConfig, Params
from llmos.cpu.tokenizers import Vocabulary
from llmos.cpu.tokenizers.of_bin import tokenizer_of

from .assemble import LAYER, Array, Progress, check, gather, halves, shapes
from .checked import Damaged, count, size_of

HEADER = struct.Struct("<7i")
ORDER = ("attn_norm", "q", "k", "v", "o", "mlp_norm", "gate", "down", "up")
"""How the file orders what each layer has: w1 is gate, w2 down, w3 up."""
NEWER = b"24ka"  # "ak42" in little-endian: versions 1 and 2 of the format
LARGEST = 1 << 24
"""No one of the seven numbers is larger."""


def read(path: Path) -> tuple[ModelConfig, Callable[[Progress], Params], Vocabulary]:
    """Everything in the file and its tokenizer.bin, the parameters as a function. Damaged or OSError when it can't be."""
    size = size_of(path)
    with path.open("rb") as file:
        config = _config(file.read(HEADER.size))
    weights = Weights(path, config)
    if size != weights.end:
        raise Damaged(f"{size:,} bytes; a llama2.c checkpoint of this shape has {weights.end:,}")
    tokenizer = tokenizer_of(path.with_name("tokenizer.bin"), config.vocab)
    check(config, weights)
    return config, partial(gather, config, weights), tokenizer


def _config(header: bytes) -> ModelConfig:
    if len(header) < HEADER.size:
        raise Damaged(f"it ends after {len(header)} bytes, before its header does")
    if header[:4] == NEWER:
        raise Damaged("a newer llama2.c format (ak42); we read the legacy one")
    dim, hidden, layers, heads, kv_heads, vocab, context = HEADER.unpack(header)
    names = ("dim", "hidden", "layers", "heads", "kv_heads", "vocabulary", "context")
    numbers = (dim, hidden, layers, heads, kv_heads, abs(vocab), context)
    for name, value in zip(names, numbers, strict=True):
        count(value, f"a llama2.c checkpoint's {name}", most=LARGEST)
    if dim % heads or dim // heads % 2 or heads % kv_heads:
        raise Damaged(f"a llama2.c checkpoint of width {dim:,} can't have {heads:,} heads over {kv_heads:,}")
    return ModelConfig("llama", abs(vocab), dim, layers, heads, kv_heads, dim // heads, hidden, context, tied=vocab > 0)


class Weights:
    """Implements `assemble.Source`: where each array begins in the file, and how to read it."""

    def __init__(self, path: Path, config: ModelConfig) -> None:
        self.path, self.config, self.shapes = path, config, shapes(config)
        self.starts: dict[str, int] = {}
        at = HEADER.size
        for name in ("embed", *ORDER, "norm", "rope", "head"):
            self.starts[name] = at
            at += 4 * self._numbers(name)
        self.end = at

    def _numbers(self, name: str) -> int:
        """How many numbers the file has of one kind, all layers together."""
        config = self.config
        if name == "rope":  # tables of cosines and sines that nobody reads any more
            return config.context * config.head_dim
        if name == "head" and config.tied:
            return 0
        return math.prod(self.shapes[name]) * (config.layers if name in LAYER else 1)

    def shape(self, name: str, layer: int | None) -> tuple[int, ...]:
        return self.shapes[name]

    def read(self, name: str, layer: int | None) -> Array:
        shape = self.shapes[name]
        start = self.starts[name] + 4 * math.prod(shape) * (layer or 0)
        array: Array = np.fromfile(self.path, "<f4", math.prod(shape), offset=start).reshape(shape)
        return halves(array, self.config.head_dim) if name in ("q", "k") else array
