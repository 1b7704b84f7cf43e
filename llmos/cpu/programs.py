"""The few compiled programs of one engine: begin, one layer, and finish.

Knows: which shapes exist (lanes, tokens, table width), which one a step fits, when each is compiled. Does not know:
bursts, or what the arithmetic means. One layer is compiled, not the whole model: all layers have the same shapes, so the
host calls it once a layer, and a shape is ready in a fraction of a second instead of ten. The calls are queued, so the
host is ahead of the arithmetic. A step runs in the smallest *compiled* shape that it fits; only when none fits does it
compile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from .config import ModelConfig, Params
from .kvcache import Pool, View
from .model import State
from .sampling import Choice, Chosen, choose

LANES = (1, 2, 4, 8, 16, 32)
TOKENS = (16, 64, 256)
WIDTHS = (4, 24, 96)


class Shape(NamedTuple):
    """How far a step is padded."""

    lanes: int
    tokens: int  # of each lane
    width: int  # table entries


class Programs:
    """Compiled programs by shape. Safe to use from two threads: one that runs, one that warms up."""

    def __init__(
        self, arithmetic: Any, config: ModelConfig, params: Params, pool: Pool, lanes: int, chunk: int, max_pages: int
    ) -> None:
        """`arithmetic` is the module `model` or `exact8`."""
        self._config, self._params = config, params
        self._like = jax.tree.map(_abstract, (params["begin"], params["layers"][0], params["head"], pool[0]))
        self._begin = jax.jit(partial(arithmetic.begin, config))
        self._layer = jax.jit(partial(arithmetic.layer, config), donate_argnums=(1, 2))
        self._finish = jax.jit(partial(_finish, arithmetic.head, config))
        self.lanes, self.tokens = _buckets(LANES, lanes), _buckets(TOKENS, chunk)
        self.widths = _buckets(WIDTHS, max_pages)
        self._done: dict[tuple[Any, ...], Any] = {}
        self._lock = threading.Lock()

    def fit(self, lanes: int, tokens: int, width: int) -> Shape:
        """The smallest compiled shape for at least this much, or the one to compile when there is none."""
        bucket = _fit(self.tokens, tokens) if tokens > 1 else 1
        with self._lock:
            ready = [key[1] for key in self._done if key[0] == "layer" and key[1].tokens == bucket]
        fits = [s for s in ready if s.lanes >= lanes and s.width >= width]
        least = Shape(_fit(self.lanes, lanes), bucket, _fit(self.widths, width))
        return min(fits, key=lambda s: (s.lanes * s.width, s.lanes), default=least)

    def trunk(self, shape: Shape, pool: Pool, view: View) -> tuple[State, Pool]:
        """Feed a padded view through all layers. The pool is donated: use the one returned."""
        begin, layer = self.begin(shape), self.layer(shape)
        state: State = begin(self._params["begin"], view)
        new = []
        for weights, frames in zip(self._params["layers"], pool, strict=True):
            state, frames = layer(weights, state, frames, view)
            new.append(frames)
        return state, new

    def choose(
        self, shape: Shape, state: State, view: View, choice: Choice, allowed: np.ndarray | None
    ) -> tuple[jax.Array, Chosen]:
        """Logits [lanes, vocab] after each lane's last token, and what was sampled from them."""
        rows = () if allowed is None else (allowed,)
        result: tuple[jax.Array, Chosen] = self.finish(shape, allowed is not None)(
            self._params["head"], state.x, view.last, choice, *rows
        )
        return result

    def begin(self, shape: Shape) -> Any:
        view = _view(shape)
        return self._compiled(("begin", shape), self._begin, lambda: (self._like[0], view))

    def layer(self, shape: Shape) -> Any:
        def arguments() -> tuple[Any, ...]:
            state = jax.eval_shape(self._begin, self._like[0], _view(shape))
            return self._like[1], state, self._like[3], _view(shape)

        return self._compiled(("layer", shape), self._layer, arguments)

    def finish(self, shape: Shape, masked: bool) -> Any:
        n, vocab = shape.lanes, self._config.vocab
        x = _spec(n, shape.tokens, self._config.dim, dtype="float32")
        rows = (_spec(n, -(-vocab // 8), dtype="uint8"),) if masked else ()
        choice = Choice(_spec(n), _spec(n), _spec(n))
        key = ("finish", shape._replace(width=0), masked)
        return self._compiled(key, self._finish, lambda: (self._like[2], x, _spec(n), choice, *rows))

    def _compiled(self, key: tuple[Any, ...], function: Any, arguments: Callable[[], tuple[Any, ...]]) -> Any:
        program = self._done.get(key)
        if program is None:
            with self._lock:
                if key not in self._done:
                    self._done[key] = function.lower(*arguments()).compile()
                program = self._done[key]
        return program

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
            return {
                f"{key[0]} {key[1].lanes}x{key[1].tokens}x{key[1].width} {key[2:]}": p for key, p in self._done.items()
            }


def _finish(
    head: Any, config: ModelConfig, weights: Params, x: jax.Array, last: jax.Array, choice: Choice, *allowed: jax.Array
) -> tuple[jax.Array, Chosen]:
    logits = head(config, weights, x, last)
    return logits, choose(logits, choice, *allowed)


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
