"""An independent forward pass in float64 NumPy, from Hugging Face names or straight from a GGUF by the package's reader.

It shares no code with llmos: its own names, its own rotation (neighbours for GGUF's "llama", halves elsewhere), its own
cache of keys and values, one token at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


class Forward:
    def __init__(
        self, params: dict[str, Array], config: dict[str, Any], neighbours: bool = False, dtype: Any = np.float64
    ) -> None:
        self.dtype = dtype
        self.w = {n: a.astype(self.dtype, copy=False) for n, a in params.items()}
        self.c, self.neighbours = config, neighbours
        self.forget()

    def forget(self) -> None:
        """Begin a new text."""
        self.seen: list[int] = []
        self.x: Array = np.zeros(0)  # the residual stream after the last one seen
        self.looked: list[list[Array]] = []  # by layer and head, the last one's share for each token seen
        self.keys: list[list[Array]] = [[] for _ in range(self.c["num_hidden_layers"])]
        self.values: list[list[Array]] = [[] for _ in range(self.c["num_hidden_layers"])]

    @staticmethod
    def of_gguf(path: Path) -> Forward:
        """SmolLM2 by the package's own reader."""
        from gguf import GGUFReader, dequantize

        names: list[tuple[str, str]] = [
            ("token_embd", "model.embed_tokens"),
            ("output_norm", "model.norm"),
            ("attn_norm", "input_layernorm"),
            ("ffn_norm", "post_attention_layernorm"),
            ("attn_output", "self_attn.o_proj"),
            *[(f"attn_{n}", f"self_attn.{n}_proj") for n in "qkv"],
            *[(f"ffn_{n}", f"mlp.{n}_proj") for n in ("gate", "up", "down")],
        ]
        table, params = dict(names), {}
        for tensor in GGUFReader(path).tensors:
            stem = tensor.name.removesuffix(".weight")
            full = table[stem] if stem in table else f"model.layers.{stem.split('.')[1]}.{table[stem.split('.')[2]]}"
            params[full + ".weight"] = dequantize(tensor.data, tensor.tensor_type)
        config = {"num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3}
        return Forward(
            params, {**config, "rope_theta": 100_000.0, "rms_norm_eps": 1e-5}, neighbours=True, dtype=np.float32
        )

    def after(self, ids: Sequence[int]) -> Array:
        """Logits after all these ids; goes on from what was seen when it can."""
        if list(ids[: len(self.seen)]) != self.seen:
            raise ValueError("this reference only goes forward")
        for token in ids[len(self.seen) :]:
            self.feed(token)
        return self.w["model.embed_tokens.weight"] @ self._norm(self.x, "model.norm.weight")

    def greedy(self, start: list[int], most: int) -> list[int]:
        ids = list(start)
        for _ in range(most):
            ids.append(int(np.argmax(self.after(ids))))
        return ids[len(start) :]

    def feed(self, token: int) -> None:
        x, self.looked = self.w["model.embed_tokens.weight"][token], []
        for i in range(self.c["num_hidden_layers"]):
            x = x + self._attention(i, self._norm(x, f"model.layers.{i}.input_layernorm.weight"))
            h = self._norm(x, f"model.layers.{i}.post_attention_layernorm.weight")
            at: Callable[[str], Array] = lambda n, i=i: self.w[f"model.layers.{i}.mlp.{n}_proj.weight"]  # noqa: E731
            gate = at("gate") @ h
            x = x + at("down") @ (gate / (1 + np.exp(-gate)) * (at("up") @ h))
        self.seen.append(token)
        self.x = x

    def _norm(self, x: Array, name: str) -> Array:
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + self.c["rms_norm_eps"]) * self.w[name]

    def _attention(self, i: int, h: Array) -> Array:
        at = f"model.layers.{i}.self_attn."
        heads, kv = self.c["num_attention_heads"], self.c["num_key_value_heads"]
        made = {}
        for name, n in (("q", heads), ("k", kv), ("v", kv)):
            bias = self.w.get(f"{at}{name}_proj.bias", 0.0)
            made[name] = (self.w[f"{at}{name}_proj.weight"] @ h + bias).reshape(n, -1)
            if f"{at}{name}_norm.weight" in self.w:
                made[name] = self._norm(made[name], f"{at}{name}_norm.weight")
        self.keys[i].append(self._turn(made["k"]))
        self.values[i].append(made["v"])
        keys, values, q = np.stack(self.keys[i], 1), np.stack(self.values[i], 1), self._turn(made["q"])
        out: list[Array] = []
        self.looked.append([])
        for head in range(heads):
            scores = keys[head * kv // heads] @ q[head] / q.shape[1] ** 0.5
            p = np.exp(scores - scores.max())
            self.looked[i].append(p / p.sum())
            out.append(p @ values[head * kv // heads] / p.sum())
        return self.w[f"{at}o_proj.weight"] @ np.concatenate(out)

    def _turn(self, x: Array) -> Array:
        half = x.shape[1] // 2
        angle = len(self.seen) * self.c["rope_theta"] ** (-np.arange(half) / half)
        a, b = (x[:, 0::2], x[:, 1::2]) if self.neighbours else (x[:, :half], x[:, half:])
        cos, sin = np.cos(angle).astype(self.dtype), np.sin(angle).astype(self.dtype)
        one, two = a * cos - b * sin, b * cos + a * sin
        if self.neighbours:
            return np.stack([one, two], 2).reshape(x.shape)
        return np.concatenate([one, two], 1)
