"""A GGUF file as a Model: llama, qwen2 and qwen3, with every type the `gguf` package can turn into floats.

Knows: the keys and tensor names of these architectures, and that GGUF's "llama" interleaves the rows of q and k.
Does not know: the byte layout of the header (`gguf_header.py`), what shapes must be (`assemble.py`).
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, dequantize

from llmos.cpu.config import ModelConfig, Params
from llmos.cpu.tokenizers import Vocabulary
from llmos.cpu.tokenizers.of_gguf import tokenizer_of

from .assemble import EXTRA, Array, Progress, check, gather, halves
from .checked import Damaged, count, number, shown, text
from .gguf_header import Header, TensorInfo, parse

NAMES = {
    "embed": "token_embd.weight",
    "norm": "output_norm.weight",
    "head": "output.weight",
    "attn_norm": "attn_norm.weight",
    "q": "attn_q.weight",
    "k": "attn_k.weight",
    "v": "attn_v.weight",
    "o": "attn_output.weight",
    "mlp_norm": "ffn_norm.weight",
    "gate": "ffn_gate.weight",
    "up": "ffn_up.weight",
    "down": "ffn_down.weight",
    "q_bias": "attn_q.bias",
    "k_bias": "attn_k.bias",
    "v_bias": "attn_v.bias",
    "q_norm": "attn_q_norm.weight",
    "k_norm": "attn_k_norm.weight",
}
"""Canonical name -> GGUF name; inside a layer with "blk.N." before it."""

PLAIN = {GGMLQuantizationType.F32: "<f4", GGMLQuantizationType.F16: "<f2", GGMLQuantizationType.F64: "<f8"}
PIECE = 4096
"""Blocks dequantised at a time: what fits into a core's cache."""

LLAMA3 = {"low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192.0}
"""GGUF keeps the finished factors of Llama 3's long context, not what they came from; every release used these."""


def read(path: Path) -> tuple[ModelConfig, Callable[[Progress], Params], Vocabulary]:
    """Everything in the file, the parameters as a function that reads them. Damaged or OSError when it can't be."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        header = parse(data)
        tensors = Tensors(header, data)
        tokenizer = tokenizer_of(header.metadata)
        config = _config(header, tensors)
        if tokenizer.vocab != config.vocab:
            raise Damaged(f"{tokenizer.vocab:,} tokens in the vocabulary, {config.vocab:,} rows in the embedding")
        check(config, tensors)
        return config, partial(_params, path, config, header, len(data)), tokenizer


def _params(path: Path, config: ModelConfig, header: Header, size: int, progress: Progress) -> Params:
    """The parameters, from the file opened again. Damaged when it is not as long as it was."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if len(data) != size:
            raise Damaged("the file has changed since its header was read")
        return gather(config, Tensors(header, data, config), progress)


class Tensors:
    """Implements `assemble.Source` over the mapped file; what it returns is copied out of it."""

    def __init__(self, header: Header, data: Any, config: ModelConfig | None = None) -> None:
        self.infos, self.data, self.config = header.tensors, data, config

    def info(self, name: str, layer: int | None) -> TensorInfo:
        full = NAMES[name] if layer is None else f"blk.{layer}.{NAMES[name]}"
        if full not in self.infos:
            raise Damaged(f"the tensor {full} is missing")
        return self.infos[full]

    def shape(self, name: str, layer: int | None) -> tuple[int, ...]:
        return self.info(name, layer).shape

    def read(self, name: str, layer: int | None) -> Array:
        array = self.floats(self.info(name, layer))
        if self.config and self.config.arch == "llama" and name in ("q", "k"):
            return halves(array, self.config.head_dim)
        return array

    def floats(self, info: TensorInfo) -> Array:
        """The tensor as float16 or float32."""
        raw = self.data[info.start : info.start + info.size]
        if info.kind in PLAIN:
            array = np.frombuffer(raw, PLAIN[info.kind]).reshape(info.shape)
            return array.astype(np.float32) if info.kind == GGMLQuantizationType.F64 else array
        try:
            return _floats(np.frombuffer(raw, np.uint8), info)
        except NotImplementedError:
            raise Damaged(f"tensor {shown(info.name)}: nobody here can read the type {info.kind.name}") from None


def _floats(raw: Array, info: TensorInfo) -> Array:
    """Dequantise a few thousand blocks at a time: rows are whole blocks, so their borders do not matter."""
    block, size = GGML_QUANT_SIZES[info.kind]
    floats = np.empty(math.prod(info.shape), np.float32)
    for first in range(0, len(raw), PIECE * size):
        part = raw[first : first + PIECE * size]
        at = first // size * block
        floats[at : at + len(part) // size * block] = dequantize(part[None], info.kind)[0]
    return floats.reshape(info.shape)


def _config(header: Header, tensors: Tensors) -> ModelConfig:
    data = header.metadata
    arch = text(data.get("general.architecture"), "general.architecture")
    if arch not in EXTRA:
        raise Damaged(f"architecture {shown(arch)}; we read {', '.join(EXTRA)}")

    def size(key: str, default: int | None = None) -> int:
        return count(data.get(f"{arch}.{key}", default), f"{arch}.{key}")

    heads = size("attention.head_count")
    dim = size("embedding_length")
    head_dim = size("attention.key_length", dim // heads)
    _same(head_dim, size("attention.value_length", head_dim), "keys and values differ in length")
    _same(head_dim, size("rope.dimension_count", head_dim), "only a part of each head is rotated")
    theta = number(data.get(f"{arch}.rope.freq_base", 10_000.0), f"{arch}.rope.freq_base")
    key = f"{arch}.attention.layer_norm_rms_epsilon"
    kv_heads = size("attention.head_count_kv", heads)
    if heads % kv_heads:
        raise Damaged(f"{heads:,} heads can't share the keys of {kv_heads:,}")
    if head_dim % 2:
        raise Damaged(f"heads of {head_dim} numbers can't be rotated")
    return ModelConfig(
        arch=arch,
        vocab=_rows(tensors.shape("embed", None)),
        dim=dim,
        layers=size("block_count"),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=head_dim,
        hidden=size("feed_forward_length"),
        context=size("context_length"),
        rope_theta=theta,
        norm_eps=number(data.get(key, 1e-5), key, most=1.0),
        tied=NAMES["head"] not in header.tensors,
        rope_scaling=_scaling(header, tensors, arch, head_dim, theta),
    )


def _rows(shape: tuple[int, ...]) -> int:
    return shape[0]


def _same(a: int, b: int, otherwise: str) -> None:
    if a != b:
        raise Damaged(f"{otherwise} ({a} and {b}); that is not supported")


def _scaling(header: Header, tensors: Tensors, arch: str, head_dim: int, theta: float) -> tuple[tuple[str, float], ...]:
    """Llama 3's stretching of slow waves, recognised by its factors; () when there is none."""
    kind = header.metadata.get(f"{arch}.rope.scaling.type", "none")
    if kind != "none":
        raise Damaged(f"rotary scaling {shown(kind)} is not supported")
    info = header.tensors.get("rope_freqs.weight")
    if info is None:
        return ()
    if info.shape != (head_dim // 2,):
        raise Damaged(f"rope_freqs.weight has the shape {list(info.shape)}, not {[head_dim // 2]}")
    factors = np.asarray(tensors.floats(info), np.float64)
    largest = float(np.max(factors))
    frequency = theta ** -(np.arange(0, head_dim, 2) / head_dim)
    turns = LLAMA3["original_max_position_embeddings"] * frequency / (2 * np.pi)
    low, high = LLAMA3["low_freq_factor"], LLAMA3["high_freq_factor"]
    keep = np.clip((turns - low) / (high - low), 0.0, 1.0)
    if (
        not np.isfinite(largest)
        or largest < 1
        or not np.allclose(factors * (keep + (1 - keep) / largest), 1, atol=0.02)
    ):
        raise Damaged("rope_freqs.weight holds a rotary scaling that is not Llama 3's; that is not supported")
    return tuple(sorted({**LLAMA3, "factor": largest}.items()))
