"""The few compiled shapes of one engine: which exist, which fits a step, when each is compiled.

Knows: buckets of lanes, tokens and table width; how a forward pass and a choice are compiled ahead of time with the pool
donated. Does not know: bursts or what the arithmetic means. A step runs in the smallest compiled program that it fits,
so that a machine whose larger buckets are still compiling already works; only when nothing fits does a step compile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import jax

from .kvcache import Pool, View
from .sampling import Choice, choose

LANES = (1, 2, 4, 8, 16, 32)
TOKENS = (16, 64, 256)
WIDTHS = (4, 24, 96)


class Shape(NamedTuple):
    """One compiled forward pass."""

    lanes: int
    tokens: int
    width: int


class Programs:
    """Compiled programs by shape. Safe to use from two threads: one that runs, one that warms up."""

    def __init__(
        self, forward: Callable[..., Any], params: Any, pool: Pool, vocab: int, lanes: int, chunk: int, max_pages: int
    ) -> None:
        self._forward = jax.jit(forward, donate_argnums=(1,))
        self._choose = jax.jit(choose)
        self._params, self._pool = (jax.tree.map(_abstract, a) for a in (params, pool))
        self._vocab = vocab
        self.lanes, self.tokens = _buckets(LANES, lanes), _buckets(TOKENS, chunk)
        self.widths = _buckets(WIDTHS, max_pages)
        self._steps: dict[Shape, Any] = {}
        self._choices: dict[tuple[int, bool], Any] = {}
        self._lock = threading.Lock()

    def step(self, lanes: int, tokens: int, width: int) -> tuple[Shape, Any]:
        """The smallest program for at least this much, compiling one if there is none."""
        bucket = _fit(self.tokens, tokens) if tokens > 1 else 1
        least = Shape(_fit(self.lanes, lanes), bucket, _fit(self.widths, width))
        with self._lock:
            fits = [s for s in self._steps if s.tokens == least.tokens and s.lanes >= lanes and s.width >= width]
        shape = min(fits, key=lambda s: (s.lanes * s.width, s.lanes), default=least)
        return shape, self.compile_step(shape)

    def compile_step(self, shape: Shape) -> Any:
        """The program of this very shape."""
        with self._lock:
            if shape not in self._steps:
                self._steps[shape] = self._forward.lower(self._params, self._pool, _view(shape)).compile()
            return self._steps[shape]

    def choice(self, lanes: int, masked: bool) -> Any:
        """The program that samples from logits [lanes, vocab]."""
        with self._lock:
            if (lanes, masked) not in self._choices:
                one = _spec(lanes)
                spec = [_spec(lanes, self._vocab, dtype="float32"), Choice(one, one, one)]
                if masked:
                    spec.append(_spec(lanes, -(-self._vocab // 8), dtype="uint8"))
                self._choices[lanes, masked] = self._choose.lower(*spec).compile()
            return self._choices[lanes, masked]

    def shapes(self) -> Iterator[Shape]:
        """All shapes, the ones a first conversation needs first."""
        for width in self.widths:
            yield Shape(1, self.tokens[-1], width)
            for lanes in self.lanes:
                yield Shape(lanes, 1, width)
            for tokens in self.tokens[:-1]:
                yield Shape(1, tokens, width)

    def compiled(self) -> dict[str, Any]:
        """Every executable so far, by a printable name."""
        with self._lock:
            steps = {f"step {s.lanes}x{s.tokens} over {s.width} pages": p for s, p in self._steps.items()}
            choices = {f"choose {n}{' masked' if m else ''}": p for (n, m), p in self._choices.items()}
            return {**steps, **choices}


def _buckets(sizes: tuple[int, ...], most: int) -> tuple[int, ...]:
    return (*[s for s in sizes if s < most], most)


def _fit(sizes: tuple[int, ...], need: int) -> int:
    return next(s for s in sizes if s >= need)


def _spec(*sizes: int, dtype: str = "int32") -> Any:
    return jax.ShapeDtypeStruct(sizes, dtype)  # type: ignore[no-untyped-call]


def _abstract(a: Any) -> Any:
    return jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=a.sharding)  # type: ignore[no-untyped-call]


def _view(shape: Shape) -> View:
    b, t, w = shape
    return View(_spec(b, t), _spec(b, t), _spec(b, t), _spec(b, t), _spec(b, w), _spec(b, w), _spec(b))
