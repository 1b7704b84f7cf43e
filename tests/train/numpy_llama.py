"""An independent Llama forward pass in NumPy, read from the exported files: it shares no code with llmos.

One token at a time with its own growing key/value lists, float32, names and sizes taken from config.json.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file


class Reference:
    """Greedy decoding of a Hugging Face folder. `extend` has the shape that `llmos.train.measure` wants."""

    def __init__(self, folder: Path) -> None:
        self.shape = json.loads((folder / "config.json").read_text())
        self.weights = {
            name: array.astype(np.float32) for name, array in load_file(folder / "model.safetensors").items()
        }
        self.heads, self.kv = self.shape["num_attention_heads"], self.shape["num_key_value_heads"]
        self.forget()

    def forget(self) -> None:
        self.seen: list[int] = []
        self.cache: list[list[tuple[np.ndarray, np.ndarray]]] = [[] for _ in range(self.shape["num_hidden_layers"])]
        self.last = np.zeros(0)

    def keep(self, count: int) -> None:
        """Forget all but the first tokens."""
        self.seen, self.cache = self.seen[:count], [layer[:count] for layer in self.cache]

    def extend(self, prompt: Sequence[int], most: int, stops: tuple[int, ...]) -> list[int]:
        """Greedy ids after `prompt`; keys and values are kept for the next call that begins with the same ids."""
        shorter = min(len(self.seen), len(prompt))
        same = next((i for i in range(shorter) if self.seen[i] != prompt[i]), shorter)
        if same < len(self.seen):
            self.keep(min(same, len(prompt) - 1))
        for token in prompt[len(self.seen) :]:
            self.feed(token)
        out: list[int] = []
        while len(out) < most and len(self.seen) < 512:
            out.append(int(np.argmax(self.last)))
            if out[-1] in stops:
                break
            self.feed(out[-1])
        return out

    def feed(self, token: int) -> np.ndarray:
        x = self.weights["model.embed_tokens.weight"][token]
        for number in range(self.shape["num_hidden_layers"]):
            name = f"model.layers.{number}."
            x = x + self.attend(number, name, self.norm(x, name + "input_layernorm"))
            h = self.norm(x, name + "post_attention_layernorm")
            gate = self.times(name + "mlp.gate_proj", h)
            x = x + self.times(name + "mlp.down_proj", gate / (1 + np.exp(-gate)) * self.times(name + "mlp.up_proj", h))
        self.seen.append(token)
        out = "model.embed_tokens" if self.shape["tie_word_embeddings"] else "lm_head"
        self.last = self.times(out, self.norm(x, "model.norm"))
        return self.last

    def attend(self, number: int, name: str, h: np.ndarray) -> np.ndarray:
        q, k, v = (self.times(f"{name}self_attn.{part}_proj", h) for part in "qkv")
        q, k, v = q.reshape(self.heads, -1), k.reshape(self.kv, -1), v.reshape(self.kv, -1)
        self.cache[number].append((self.turned(k), v))
        keys, values = (np.stack([entry[i] for entry in self.cache[number]]) for i in (0, 1))
        mixed = []
        for head, query in enumerate(self.turned(q)):
            group = head // (self.heads // self.kv)
            scores = keys[:, group] @ query / np.sqrt(len(query))
            weights = np.exp(scores - scores.max())
            mixed.append(weights / weights.sum() @ values[:, group])
        return self.times(f"{name}self_attn.o_proj", np.concatenate(mixed))

    def turned(self, x: np.ndarray) -> np.ndarray:
        half = x.shape[1] // 2
        angle = len(self.seen) / self.shape["rope_theta"] ** (np.arange(half) / half)
        pair = (x[:, :half] + 1j * x[:, half:]) * np.exp(1j * angle)
        return np.concatenate([pair.real, pair.imag], axis=1).astype(np.float32)

    def norm(self, x: np.ndarray, name: str) -> np.ndarray:
        return x / np.sqrt(np.mean(x**2) + self.shape["rms_norm_eps"]) * self.weights[name + ".weight"]

    def times(self, name: str, x: np.ndarray) -> np.ndarray:
        return self.weights[name + ".weight"] @ x
