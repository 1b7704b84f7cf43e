"""Model files written on the spot, byte by byte, with random weights: good ones that tests then spoil."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

from llmos.cpu.tokenizers.pairs import alphabet

DIM, HIDDEN, LAYERS, HEADS, KV, CONTEXT = 32, 64, 2, 4, 2, 64
D = DIM // HEADS
LETTERS = sorted(alphabet(), key=lambda c: alphabet()[c])
CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MERGES = [("t", "h"), ("th", "e"), ("Ġ", "the"), ("1", "2")]
TOKENS = CONTROL + LETTERS + ["th", "the", "Ġthe", "12"]
VOCAB = len(TOKENS)

Metadata = dict[str, tuple[int, bytes]]
Tensor = tuple[str, tuple[int, ...], int, bytes]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def weights(seed: int = 0, vocab: int = VOCAB, qwen: str = "") -> dict[str, np.ndarray]:
    """Random parameters by their Hugging Face names, half-split rotation."""
    random = rng(seed)
    shapes: dict[str, tuple[int, ...]] = {"model.embed_tokens.weight": (vocab, DIM), "model.norm.weight": (DIM,)}
    for i in range(LAYERS):
        at = f"model.layers.{i}."
        shapes |= {at + n + ".weight": (DIM,) for n in ("input_layernorm", "post_attention_layernorm")}
        for name, rows in (("q", HEADS * D), ("k", KV * D), ("v", KV * D)):
            shapes[f"{at}self_attn.{name}_proj.weight"] = (rows, DIM)
            if qwen == "qwen2":
                shapes[f"{at}self_attn.{name}_proj.bias"] = (rows,)
        if qwen == "qwen3":
            shapes |= {f"{at}self_attn.{n}_norm.weight": (D,) for n in "qk"}
        shapes[f"{at}self_attn.o_proj.weight"] = (DIM, HEADS * D)
        shapes |= {f"{at}mlp.{n}_proj.weight": (HIDDEN, DIM) for n in ("gate", "up")}
        shapes[f"{at}mlp.down_proj.weight"] = (DIM, HIDDEN)
    found = {n: random.normal(0, 0.3, s).astype(np.float32) for n, s in shapes.items()}
    return {n: a + 1 if "norm" in n else a for n, a in found.items()}


# -- GGUF -------------------------------------------------------------------------------------------------------------


def string(text: str | bytes) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(raw)) + raw


def u32(n: int) -> tuple[int, bytes]:
    return 4, struct.pack("<I", n)


def f32(x: float) -> tuple[int, bytes]:
    return 6, struct.pack("<f", x)


def words(items: list[str]) -> tuple[int, bytes]:
    return 9, struct.pack("<IQ", 8, len(items)) + b"".join(string(t) for t in items)


def numbers(items: list[float], kind: int, form: str) -> tuple[int, bytes]:
    return 9, struct.pack("<IQ", kind, len(items)) + struct.pack(f"<{len(items)}{form}", *items)


def metadata(arch: str = "llama") -> Metadata:
    sizes = {
        "block_count": LAYERS,
        "embedding_length": DIM,
        "feed_forward_length": HIDDEN,
        "attention.head_count": HEADS,
        "attention.head_count_kv": KV,
        "context_length": CONTEXT,
    }
    return {
        "general.architecture": (8, string(arch)),
        **{f"{arch}.{key}": u32(n) for key, n in sizes.items()},
        f"{arch}.attention.layer_norm_rms_epsilon": f32(1e-5),
        f"{arch}.rope.freq_base": f32(10_000.0),
        "tokenizer.ggml.model": (8, string("gpt2")),
        "tokenizer.ggml.pre": (8, string("smollm")),
        "tokenizer.ggml.tokens": words(TOKENS),
        "tokenizer.ggml.token_type": numbers([3] * 3 + [1] * (VOCAB - 3), 5, "i"),
        "tokenizer.ggml.merges": words([" ".join(pair) for pair in MERGES]),
        "tokenizer.ggml.bos_token_id": u32(1),
        "tokenizer.ggml.eos_token_id": u32(2),
    }


GGUF_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "self_attn.q_norm": "attn_q_norm",
    "self_attn.k_norm": "attn_k_norm",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def interleaved(w: np.ndarray) -> np.ndarray:
    """Rows of q or k from halves to neighbours, as GGUF's "llama" and llama2.c keep them."""
    out = np.empty_like(w)
    for head in range(len(w) // D):
        for i in range(D // 2):
            out[head * D + 2 * i] = w[head * D + i]
            out[head * D + 2 * i + 1] = w[head * D + D // 2 + i]
    return out


def tensors(params: dict[str, np.ndarray], llama: bool = True) -> list[Tensor]:
    found = []
    for name, array in params.items():
        stem, _, kind = name.rpartition(".")
        layer = stem.split(".")[2] if stem.startswith("model.layers.") else None
        short = GGUF_NAMES[stem if layer is None else ".".join(stem.split(".")[3:])]
        if llama and short in ("attn_q", "attn_k"):
            array = interleaved(array)
        full = f"{short}.{kind}" if layer is None else f"blk.{layer}.{short}.{kind}"
        found.append((full, array.shape[::-1], 0, array.astype("<f4").tobytes()))
    return found


def gguf(data: Metadata, listed: list[Tensor], **lies: Any) -> bytes:
    """A file. `lies` may replace its version, the counts, the offset or the size of a tensor."""
    head = b"GGUF" + struct.pack("<I", lies.get("version", 3))
    head += struct.pack("<QQ", lies.get("tensors", len(listed)), lies.get("pairs", len(data)))
    head += b"".join(string(key) + struct.pack("<I", kind) + raw for key, (kind, raw) in data.items())
    body = b""
    for name, shape, kind, raw in listed:
        offset = lies.get("offsets", {}).get(name, len(body))
        head += string(name) + struct.pack("<I", len(shape)) + struct.pack(f"<{len(shape)}Q", *shape)
        head += struct.pack("<IQ", kind, offset)
        body += raw + bytes(-len(raw) % 32)
    return head + bytes(-len(head) % 32) + body


def good_gguf() -> bytes:
    return gguf(metadata(), tensors(weights()))


# -- Hugging Face -----------------------------------------------------------------------------------------------------


def config(kind: str = "llama", vocab: int = VOCAB) -> dict[str, Any]:
    return {
        "model_type": kind,
        "vocab_size": vocab,
        "hidden_size": DIM,
        "intermediate_size": HIDDEN,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV,
        "max_position_embeddings": CONTEXT,
        "rms_norm_eps": 1e-5,
        "rope_theta": 10_000.0,
        "tie_word_embeddings": True,
        "eos_token_id": 2,
    }


def tokenizer_json() -> dict[str, Any]:
    return {
        "version": "1.0",
        "added_tokens": [{"id": i, "content": form, "special": True} for i, form in enumerate(CONTROL)],
        "normalizer": None,
        "pre_tokenizer": {
            "type": "Sequence",
            "pretokenizers": [
                {"type": "Digits", "individual_digits": True},
                {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True},
            ],
        },
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {"type": "BPE", "vocab": {t: i for i, t in enumerate(TOKENS)}, "merges": [list(m) for m in MERGES]},
    }


def safetensors(
    params: dict[str, np.ndarray], change: dict[str, Any] | None = None, length: int | None = None
) -> bytes:
    """A file; `change` replaces entries of its header (None removes), `length` lies about the header's."""
    header: dict[str, Any] = {}
    body = b""
    for name, array in params.items():
        raw = array.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(array.shape), "data_offsets": [len(body), len(body) + len(raw)]}
        body += raw
    header |= change or {}
    text = json.dumps({k: v for k, v in header.items() if v is not None}).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + body


def folder(path: Path, kind: str = "llama") -> Path:
    """A whole good folder."""
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps(config(kind)))
    (path / "tokenizer.json").write_text(json.dumps(tokenizer_json()))
    (path / "model.safetensors").write_bytes(safetensors(weights(qwen=kind)))
    return path


# -- llama2.c ---------------------------------------------------------------------------------------------------------


def bin_file(params: dict[str, np.ndarray], vocab: int, header: tuple[int, ...] | None = None) -> bytes:
    """A legacy checkpoint of the parameters."""
    out = struct.pack("<7i", *(header or (DIM, HIDDEN, LAYERS, HEADS, KV, vocab, CONTEXT)))
    layer = "model.layers.{}."
    order = ["input_layernorm", *(f"self_attn.{n}_proj" for n in "qkvo"), "post_attention_layernorm"]
    out += params["model.embed_tokens.weight"].tobytes()
    for name in [*order, "mlp.gate_proj", "mlp.down_proj", "mlp.up_proj"]:
        for i in range(LAYERS):
            array = params[layer.format(i) + name + ".weight"]
            out += (interleaved(array) if name[-6:] in ("q_proj", "k_proj") else array).tobytes()
    return out + params["model.norm.weight"].tobytes() + bytes(4 * CONTEXT * D)


def tokenizer_bin(pieces: list[tuple[float, bytes]]) -> bytes:
    return struct.pack("<i", 16) + b"".join(struct.pack("<fi", score, len(raw)) + raw for score, raw in pieces)


def story_pieces() -> list[tuple[float, bytes]]:
    """unk, s, /s, 256 bytes, letters and some words, scored as sentencepiece does: earlier merges score higher."""
    out = [(0.0, b"<unk>"), (0.0, b"\n<s>\n"), (0.0, b"\n</s>\n")] + [(0.0, b"<0x%02X>" % b) for b in range(256)]
    longer = [b" t", b"he", b" the", b"in", b"er", b" a", b"on", b"ing", b" o", b"th", b"the", b"ther"]
    out += [(-float(i), piece) for i, piece in enumerate(longer)]
    return out + [(-1e4 - i, bytes((c,))) for i, c in enumerate(b" abcdefghijklmnopqrstuvwxyz.,T")]
