"""A tiny random model, and one process's context run on an engine by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from llmos.cpu.config import Model, ModelConfig, Params
from llmos.cpu.engine import Engine
from llmos_kernel.cpu import Burst

PAGE = 16


def weights(config: ModelConfig, seed: int = 0) -> Params:
    rng = np.random.default_rng(seed)

    def matrix(rows: int, columns: int) -> np.ndarray:
        return (rng.normal(size=(rows, columns)) / columns**0.5).astype(np.float32)

    def gain(n: int) -> np.ndarray:
        return rng.uniform(0.5, 1.5, n).astype(np.float32)

    queries, keys = config.heads * config.head_dim, config.kv_heads * config.head_dim

    def layer() -> Params:
        part: Params = {"attn_norm": gain(config.dim), "mlp_norm": gain(config.dim)}
        part |= {"q": 2 * matrix(queries, config.dim), "k": 2 * matrix(keys, config.dim), "v": matrix(keys, config.dim)}
        part |= {"o": matrix(config.dim, queries), "down": matrix(config.dim, config.hidden)}
        part |= {"gate": matrix(config.hidden, config.dim), "up": matrix(config.hidden, config.dim)}
        if config.arch == "qwen2":
            part |= {"q_bias": gain(queries) - 1, "k_bias": gain(keys) - 1, "v_bias": gain(keys) - 1}
        if config.arch == "qwen3":
            part |= {"q_norm": gain(config.head_dim), "k_norm": gain(config.head_dim)}
        return part

    params: Params = {"embed": 6 * matrix(config.vocab, config.dim), "norm": gain(config.dim)}
    params["layers"] = [layer() for _ in range(config.layers)]
    return params if config.tied else params | {"head": 6 * matrix(config.vocab, config.dim)}


SHAPE = {"dim": 32, "layers": 3, "heads": 4, "kv_heads": 2, "head_dim": 8, "hidden": 48}


def tiny(arch: str = "llama", seed: int = 0, **shape: int) -> Model:
    config = ModelConfig(arch, 300, **(SHAPE | shape), context=256, tied=arch != "qwen3")
    nobody: Any = None
    return Model("tiny", config, weights(config, seed), nobody, f"{arch}{seed}", "nowhere")


def engine(mode: str = "exact8", arch: str = "llama", **sizes: int) -> Engine:
    shape = {"frames": 40, "lanes": 4, "max_pages": 6, "chunk": 32} | sizes
    return Engine(tiny(arch), mode, **shape)


class Context:
    """One process's tokens and pages, driven as the kernel would."""

    def __init__(self, cpu: Engine, prompt: Sequence[int], frames: Sequence[int], **options: Any) -> None:
        self.cpu, self.frames, self.options = cpu, tuple(frames), options
        self.ids, self.fed = list(prompt), 0

    def burst(self, count: int, steps: int) -> Burst:
        feed = tuple(self.ids[self.fed : self.fed + count])
        starts = tuple(range(0, len(self.frames) * PAGE, PAGE))
        return Burst(self.frames, starts, self.fed, feed, steps, **self.options)

    def prefill(self, chunk: int = 32) -> None:
        """Feed all but the last token."""
        while self.fed < len(self.ids) - 1:
            burst = self.burst(min(chunk, len(self.ids) - 1 - self.fed), 0)
            self.fed += self.cpu.run([burst])[0].fed

    def run(self, steps: int) -> list[int]:
        self.take(self.cpu.run([self.burst(len(self.ids) - self.fed, steps)])[0])
        return self.ids

    def take(self, retired: Any) -> None:
        self.ids += retired.ids
        self.fed += retired.fed

    def bytes(self) -> list[bytes]:
        """Saved pages that are full: their bytes depend on nobody."""
        return [self.cpu.save(f) for f in self.frames[: self.fed // PAGE]]
