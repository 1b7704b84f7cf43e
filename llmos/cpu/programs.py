"""The few compiled programs of one engine: begin, one layer, and finish.

Knows: which shapes exist (lanes, tokens, table width), which one a step fits, when each is compiled. Does not know:
bursts, or what the arithmetic means. One layer is compiled, not the whole model: all layers have the same shapes, so the
host calls it once a layer, and a shape is ready in a fraction of a second instead of ten. The calls are queued, so the
host is ahead of the arithmetic. A step runs in the smallest *compiled* shape that it fits; only when none fits does it
compile.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from .config import ModelConfig, Params
from .kvcache import Pool, View
from .model import Probe, State
from .sampling import Choice, Chosen, choose
from .sharding import Placement

LANES = (1, 2, 4, 8, 16, 32)
TOKENS = (16, 64, 256)
WIDTHS = (4, 24, 96)


class Shape(NamedTuple):
    """How far a step is padded."""

    lanes: int
    tokens: int  # of each lane
    width: int  # table entries


class Step(NamedTuple):
    """The executables of one shape."""

    begin: Any
    layer: Any
    finish: Any
    masked: Any  # finish, with a mask of allowed ids


class Programs:
    """Compiled programs by shape. Safe to use from two threads: one that runs, one that warms up."""

    def __init__(
        self,
        arithmetic: Any,
        config: ModelConfig,
        placement: Placement,
        params: Params,
        pool: Pool,
        lanes: int,
        chunk: int,
        max_pages: int,
    ) -> None:
        """`arithmetic` is the module `model` or `exact8`. Of parameters and pool only the shapes are kept."""
        self._arithmetic, self._config, self._placement = arithmetic, config, placement
        like = (params["begin"], params["layers"][0], params["head"], pool[0])
        self._first, self._layer, self._head, self._frames = jax.tree.map(_abstract, like)
        self.lanes, self.tokens = _buckets(LANES, lanes), _buckets(TOKENS, chunk)
        self.widths = _buckets(WIDTHS, max_pages)
        self._steps: dict[Shape, Step] = {}
        self._lock = threading.Lock()

    def fit(self, lanes: int, tokens: int, width: int) -> Shape:
        """The smallest compiled shape for at least this much, or the one to compile when there is none."""
        bucket = _fit(self.tokens, tokens) if tokens > 1 else 1
        least = Shape(_fit(self.lanes, lanes), bucket, _fit(self.widths, width))
        fits = [s for s in list(self._steps) if s.tokens == bucket and s.lanes >= lanes and s.width >= width]
        return min(fits, key=lambda s: (s.lanes * s.width, s.lanes), default=least)

    def step(self, shape: Shape) -> Step:
        """The executables of a shape; compiles them the first time, which takes about a second."""
        if shape not in self._steps:
            with self._lock:
                if shape not in self._steps:
                    self._steps[shape] = self._compile(shape)
        return self._steps[shape]

    def trunk(self, shape: Shape, params: Params, pool: Pool, view: View) -> tuple[State, Pool, list[Probe]]:
        """Feed a padded view through all layers. The pool is donated: use the one returned."""
        step, new, probes = self.step(shape), [], []
        state: State = step.begin(params["begin"], view)
        for weights, frames in zip(params["layers"], pool, strict=True):
            state, frames, probe = step.layer(weights, state, frames, view)
            new.append(frames)
            probes.append(probe)
        return state, new, probes

    def choose(
        self, shape: Shape, params: Params, state: State, view: View, choice: Choice, allowed: np.ndarray | None
    ) -> tuple[jax.Array, Chosen]:
        """Logits [lanes, vocab] after each lane's last token, and what was sampled from them."""
        step, inputs = self.step(shape), (params["head"], state.x, view.last, choice)
        result: tuple[jax.Array, Chosen] = step.finish(*inputs) if allowed is None else step.masked(*inputs, allowed)
        return result

    def _compile(self, shape: Shape) -> Step:
        arithmetic, config = self._arithmetic, self._config
        lanes, frames = self._placement.lanes(shape.lanes), self._placement.frames
        n, vocab, view = shape.lanes, config.vocab, self._view(shape)
        begin = jax.jit(partial(arithmetic.begin, config), out_shardings=lanes)
        state = jax.tree.map(
            lambda a: self._spec(n, *a.shape[1:], dtype=a.dtype), jax.eval_shape(begin, self._first, view)
        )
        layer = jax.jit(partial(arithmetic.layer, config), donate_argnums=(1, 2), out_shardings=(lanes, frames, lanes))
        same = next((s for s in self._steps if s[:2] == shape[:2]), None)
        if same:  # what comes after the layers knows no table
            finish, masked = self._steps[same][2:]
        else:
            inputs = (self._head, state.x, view.last, Choice(*(self._spec(n) for _ in Choice._fields)))
            last = jax.jit(partial(_finish, arithmetic.head, config), out_shardings=lanes)
            finish = last.lower(*inputs).compile()
            masked = last.lower(*inputs, self._spec(n, -(-vocab // 8), dtype="uint8")).compile()
        return Step(
            begin.lower(self._first, view).compile(),
            layer.lower(self._layer, state, self._frames, view).compile(),
            finish,
            masked,
        )

    def _view(self, shape: Shape) -> View:
        b, t, w = shape
        return View(*(self._spec(*s) for s in [(b, t)] * 4 + [(b, w)] * 2 + [(b,)]))

    def _spec(self, *sizes: int, dtype: Any = "int32") -> Any:
        """The shape of an array with lanes first."""
        return jax.ShapeDtypeStruct(sizes, dtype, sharding=self._placement.lanes(sizes[0]))  # type: ignore[no-untyped-call]

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
        return {
            f"{name} {shape.lanes}x{shape.tokens}x{shape.width}": program
            for shape, step in list(self._steps.items())
            for name, program in step._asdict().items()
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


def _abstract(a: Any) -> Any:
    return jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=a.sharding)  # type: ignore[no-untyped-call]
