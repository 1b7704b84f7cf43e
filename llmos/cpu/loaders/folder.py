"""A Hugging Face folder as a Model: config.json, safetensors, tokenizer.json and what lies beside them.

Knows: the names that llama, qwen2 and qwen3 have there. Does not know: the layout of safetensors (`safetensors.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from llmos.cpu.config import ModelConfig, Params
from llmos.cpu.tokenizers import Vocabulary, of_json
from llmos.cpu.tokenizers.plain import BYTES, Plain

from . import safetensors
from .assemble import EXTRA, Array, Progress, check, gather
from .checked import Damaged, count, flag, number, read_bytes, read_object, shown, text
from .safetensors import Stored

NAMES = {
    "embed": "model.embed_tokens.weight",
    "norm": "model.norm.weight",
    "head": "lm_head.weight",
    "attn_norm": "input_layernorm.weight",
    "q": "self_attn.q_proj.weight",
    "k": "self_attn.k_proj.weight",
    "v": "self_attn.v_proj.weight",
    "o": "self_attn.o_proj.weight",
    "mlp_norm": "post_attention_layernorm.weight",
    "gate": "mlp.gate_proj.weight",
    "up": "mlp.up_proj.weight",
    "down": "mlp.down_proj.weight",
    "q_bias": "self_attn.q_proj.bias",
    "k_bias": "self_attn.k_proj.bias",
    "v_bias": "self_attn.v_proj.bias",
    "q_norm": "self_attn.q_norm.weight",
    "k_norm": "self_attn.k_norm.weight",
}
"""Canonical name -> name in the folder; inside a layer with "model.layers.N." before it."""

MAX_CONFIG = 4 * 2**20
LLAMA3 = ("factor", "high_freq_factor", "low_freq_factor", "original_max_position_embeddings")


def read(path: Path) -> tuple[ModelConfig, Callable[[Progress], Params], Vocabulary]:
    """Everything in the folder, the parameters as a function that reads them. Damaged or OSError when it can't be."""
    described = read_object(path / "config.json", MAX_CONFIG)
    stored, _ = safetensors.tensors_in(path)
    config = config_of(described, NAMES["head"] in stored)
    tokenizer = _tokenizer(path, described, config.vocab)
    tensors = Tensors(stored)
    check(config, tensors)
    return config, partial(gather, config, tensors), tokenizer


class Tensors:
    """Implements `assemble.Source`."""

    def __init__(self, stored: dict[str, Stored]) -> None:
        self.stored = stored

    def _find(self, name: str, layer: int | None) -> Stored:
        full = NAMES[name] if layer is None else f"model.layers.{layer}.{NAMES[name]}"
        if full not in self.stored:
            raise Damaged(f"the tensor {full} is missing")
        return self.stored[full]

    def shape(self, name: str, layer: int | None) -> tuple[int, ...]:
        return self._find(name, layer).shape

    def read(self, name: str, layer: int | None) -> Array:
        return safetensors.read(self._find(name, layer))


def config_of(described: dict[str, Any], has_head: bool) -> ModelConfig:
    """config.json as a shape; Damaged when it asks for what the forward pass does not do."""
    arch = described.get("model_type")
    if not isinstance(arch, str) or arch not in EXTRA:
        raise Damaged(f"config.json: model_type {shown(arch)}; we read {', '.join(EXTRA)}")

    def size(key: str, default: int | None = None) -> int:
        value = described.get(key)
        return count(default if value is None else value, f"config.json: {key}")

    _supported(described)
    heads, dim = size("num_attention_heads"), size("hidden_size")
    theta, scaling = _rope(described)
    try:
        return ModelConfig(
            arch=arch,
            vocab=size("vocab_size"),
            dim=dim,
            layers=size("num_hidden_layers"),
            heads=heads,
            kv_heads=size("num_key_value_heads", heads),
            head_dim=size("head_dim", dim // heads),
            hidden=size("intermediate_size"),
            context=size("max_position_embeddings", 2048),
            rope_theta=theta,
            norm_eps=number(described.get("rms_norm_eps", 1e-6), "config.json: rms_norm_eps", most=1.0),
            tied=flag(described.get("tie_word_embeddings", not has_head), "config.json: tie_word_embeddings"),
            rope_scaling=scaling,
        )
    except Damaged:
        raise
    except ValueError as e:
        raise Damaged(str(e)) from None


def _supported(described: dict[str, Any]) -> None:
    if described.get("hidden_act", "silu") not in ("silu", "swish"):
        raise Damaged(f"config.json: hidden_act {shown(described['hidden_act'])} is not supported")
    for key in ("mlp_bias", "use_sliding_window", *(() if described["model_type"] == "qwen2" else ("attention_bias",))):
        if described.get(key):
            raise Damaged(f"config.json: {key} is not supported")
    if described.get("quantization_config"):
        raise Damaged("config.json: quantised folders are not supported; a GGUF file of the same model is")


def _rope(described: dict[str, Any]) -> tuple[float, tuple[tuple[str, float], ...]]:
    """Base and scaling of the rotary embedding, as older and newer folders write them."""
    newer = described.get("rope_parameters") or {}
    older = described.get("rope_scaling") or {}
    if not isinstance(newer, dict) or not isinstance(older, dict):
        raise Damaged("config.json: the rotary embedding is not described by an object")
    theta = number(newer.get("rope_theta", described.get("rope_theta", 10_000.0)), "config.json: rope_theta")
    scaling = older or newer
    kind = scaling.get("rope_type", scaling.get("type", "default"))
    if kind == "default":
        return theta, ()
    if kind != "llama3":
        raise Damaged(f"config.json: rotary scaling {shown(kind)} is not supported")
    factors = tuple((key, number(scaling.get(key), f"config.json: {key}")) for key in LLAMA3)
    if dict(factors)["high_freq_factor"] <= dict(factors)["low_freq_factor"]:
        raise Damaged("config.json: high_freq_factor must be larger than low_freq_factor")
    return theta, factors


def _tokenizer(folder: Path, described: dict[str, Any], vocab: int) -> Vocabulary:
    settings = _beside(folder, "tokenizer_config.json")
    ends = _ends(described, vocab) + _ends(_beside(folder, "generation_config.json"), vocab)
    if not (folder / "tokenizer.json").exists():
        if vocab < BYTES:
            raise Damaged(f"no tokenizer.json, and {vocab} ids have no room for bytes")
        return Plain(vocab, 0, {}, ends=ends, note="no tokenizer.json beside it: text goes in and out as bytes")
    whole = read_object(folder / "tokenizer.json")
    return of_json.tokenizer_of(whole, settings, ends, vocab, _template(folder, settings))


def _beside(folder: Path, name: str) -> dict[str, Any]:
    """A file that need not be there."""
    path = folder / name
    return read_object(path, MAX_CONFIG) if path.exists() else {}


def _ends(described: dict[str, Any], vocab: int) -> list[int]:
    value = described.get("eos_token_id")
    ids = value if isinstance(value, list) else [] if value is None else [value]
    return [count(i, "eos_token_id", 0, vocab - 1) for i in ids[:16]]


def _template(folder: Path, settings: dict[str, Any]) -> str | None:
    """The chat template, from its own file or from the settings: one, or the default among several."""
    path = folder / "chat_template.jinja"
    if path.exists():
        try:
            return read_bytes(path, MAX_CONFIG).decode("utf-8")
        except UnicodeDecodeError:
            raise Damaged(f"{path.name} is not UTF-8") from None
    value = settings.get("chat_template")
    if isinstance(value, list):
        named = {
            t.get("name"): t.get("template") for t in value if isinstance(t, dict) and isinstance(t.get("name"), str)
        }
        value = named.get("default")
    return None if value is None else text(value, "chat_template")
