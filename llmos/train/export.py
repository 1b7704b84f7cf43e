"""A trained model as a Hugging Face folder: config.json, tokenizer.json, tokenizer_config.json, model.safetensors.

Knows: the Llama family's names in such folders. Does not know: how to read one (`llmos.cpu.loaders`).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save
from tokenizers import Tokenizer

from llmos.cpu.config import ModelConfig
from llmos.files import replace

from .chatform import CHAT_TEMPLATE, END_OF_TEXT, IM_END
from .forward import Params

LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "q": "self_attn.q_proj",
    "k": "self_attn.k_proj",
    "v": "self_attn.v_proj",
    "o": "self_attn.o_proj",
    "mlp_norm": "post_attention_layernorm",
    "gate": "mlp.gate_proj",
    "up": "mlp.up_proj",
    "down": "mlp.down_proj",
}


def write(folder: Path, config: ModelConfig, params: Params, tokenizer: Tokenizer) -> Path:
    """Write the folder in float16 (made if missing) and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    replace(folder / "model.safetensors", save(tensors(params), {"format": "pt"}))
    replace(folder / "config.json", _json(described(config, tokenizer)))
    replace(folder / "tokenizer_config.json", _json(_tokenizer_config()))
    replace(folder / "tokenizer.json", tokenizer.to_str(pretty=False).encode())
    return folder


def tensors(params: Params) -> dict[str, np.ndarray[Any, np.dtype[np.float16]]]:
    """Every parameter under its name in the Llama family."""
    found = {"model.embed_tokens.weight": params["embed"], "model.norm.weight": params["norm"]}
    if "head" in params:
        found["lm_head.weight"] = params["head"]
    for number, layer in enumerate(params["layers"]):
        found |= {f"model.layers.{number}.{name}.weight": layer[key] for key, name in LAYER_NAMES.items()}
    return {name: np.asarray(array).astype(np.float16) for name, array in found.items()}


def described(config: ModelConfig, tokenizer: Tokenizer) -> dict[str, Any]:
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": config.vocab,
        "hidden_size": config.dim,
        "intermediate_size": config.hidden,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "num_key_value_heads": config.kv_heads,
        "head_dim": config.head_dim,
        "max_position_embeddings": config.context,
        "rope_theta": config.rope_theta,
        "rms_norm_eps": config.norm_eps,
        "hidden_act": "silu",
        "tie_word_embeddings": config.tied,
        "attention_bias": False,
        "mlp_bias": False,
        "torch_dtype": "float16",
        "bos_token_id": None,
        "eos_token_id": tokenizer.token_to_id(IM_END),
        "pad_token_id": tokenizer.token_to_id(END_OF_TEXT),
    }


def _tokenizer_config() -> dict[str, Any]:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "add_bos_token": False,
        "bos_token": None,
        "eos_token": IM_END,
        "pad_token": END_OF_TEXT,
        "chat_template": CHAT_TEMPLATE,
    }


def _json(value: dict[str, Any]) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
