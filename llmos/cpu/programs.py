"""The few compiled programs of one engine: begin, one layer, and finish.

Knows: which shapes exist (lanes, tokens, table width), which one a step fits, when each is compiled. Does not know:
bursts, or what the arithmetic means. One layer is compiled, not the whole model: all layers have the same shapes, so the
host calls it once a layer, and a shape is ready in a fraction of a second instead of ten. The calls are queued, so the
host is ahead of the arithmetic. A step runs in the smallest shape that is compiled, here or on disk (`executables.py`); only
when none fits does it compile.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from .config import ModelConfig, Params
from .executables import Executables
from .kvcache import Pool, View
from .model import Probe, State
from .sampling import Choice, Chosen, choose, undecided
from .sharding import Placement

LANES = (1, 2, 4, 8, 16, 32)
TOKENS = (16, 64, 256)
WIDTHS = (4, 24, 96, 256)
FIRST = 24
"""The width that a first conversation is likely to need."""


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
        sizes = (arithmetic.__name__, config, self._first, self._layer, self._head, self._frames)
        self._kept = None if placement.spread else Executables(*sizes)
        self._steps: dict[Shape, Step] = {}
        self._masked: dict[Shape, Any] = {}  # finish with a mask of allowed ids
        self._lock = threading.Lock()
        self._tell: Callable[[str], None] = lambda name: None

    @contextmanager
    def told(self, tell: Callable[[str], None]) -> Iterator[None]:
        """Inside, `tell` hears the name of each program that is about to be loaded or compiled."""
        before, self._tell = self._tell, tell
        try:
            yield
        finally:
            self._tell = before

    def fit(self, lanes: int, tokens: int, width: int) -> Shape:
        """The smallest shape for at least this much that is compiled, or the one to compile when there is none."""
        bucket = _fit(self.tokens, tokens) if tokens > 1 else 1
        least = Shape(_fit(self.lanes, lanes), bucket, _fit(self.widths, width))
        if least in self._steps or self.kept(least):
            return least
        fits = [s for s in list(self._steps) if s.tokens == bucket and s.lanes >= lanes and s.width >= width]
        return min(fits, key=lambda s: (s.lanes * s.width, s.lanes), default=least)

    def step(self, shape: Shape) -> Step:
        """The executables of a shape. The first time they are loaded, or compiled, which takes about a second."""
        if shape not in self._steps:
            with self._lock:
                if shape not in self._steps:
                    self._steps[shape] = self._compile(shape)
        return self._steps[shape]

    def kept(self, shape: Shape, masked: bool = False) -> bool:
        """Is a shape on disk, or what it needs beside for masks?"""
        name = _name("masked", shape._replace(width=0)) if masked else _name("layer", shape)
        return self._kept is not None and self._kept.has(name)

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
        inputs = (params["head"], state.x, view.last, choice)
        if allowed is None:
            result: tuple[jax.Array, Chosen] = self.step(shape).finish(*inputs)
        else:
            result = self.masked(shape)(*inputs, allowed)
        return result

    def masked(self, shape: Shape) -> Any:
        """`Step.finish` of a shape, with a mask of allowed ids."""
        after = shape._replace(width=0)
        with self._lock:
            if after not in self._masked:
                self._masked[after] = self._program("masked", after, partial(self._lower_finish, after, masked=True))
            return self._masked[after]

    def _compile(self, shape: Shape) -> Step:
        after = shape._replace(width=0)  # what comes after the layers knows no table
        same = next((step for s, step in self._steps.items() if s[:2] == shape[:2]), None)
        return Step(
            self._program("begin", shape, lambda: self._begin(shape.lanes).lower(self._first, self._view(shape))),
            self._program("layer", shape, lambda: self._lower_layer(shape)),
            same.finish if same else self._program("finish", after, lambda: self._lower_finish(after)),
        )

    def _program(self, kind: str, shape: Shape, lower: Callable[[], Any]) -> Any:
        return self.other(_name(kind, shape), lower)

    def other(self, name: str, lower: Callable[[], Any]) -> Any:
        """A compiled program of the engine's own, kept with the rest; `lower` is called when it is not on disk."""
        self._tell(name)
        if self._kept is None:
            return lower().compile()
        return self._kept.get(name, lambda: lower().compile())

    def _begin(self, lanes: int) -> Any:
        return jax.jit(partial(self._arithmetic.begin, self._config), out_shardings=self._placement.lanes(lanes))

    def _state(self, shape: Shape) -> State:
        """The residual stream and its company, as shapes."""
        whole = jax.eval_shape(self._begin(shape.lanes), self._first, self._view(shape))
        state: State = jax.tree.map(lambda a: self._spec(*a.shape, dtype=a.dtype), whole)
        return state

    def _lower_layer(self, shape: Shape) -> Any:
        lanes, frames = self._placement.lanes(shape.lanes), self._placement.frames
        one = partial(self._arithmetic.layer, self._config)
        layer = jax.jit(one, donate_argnums=(1, 2), out_shardings=(lanes, frames, lanes))
        return layer.lower(self._layer, self._state(shape), self._frames, self._view(shape))

    def _lower_finish(self, shape: Shape, masked: bool = False) -> Any:
        n = shape.lanes
        choice = Choice(*(self._spec(*a.shape) for a in undecided(n)))
        inputs = [self._head, self._state(shape).x, self._spec(n), choice]
        if masked:
            inputs.append(self._spec(n, -(-self._config.vocab // 8), dtype="uint8"))
        last = partial(_finish, self._arithmetic.head, self._config)
        return jax.jit(last, out_shardings=self._placement.lanes(n)).lower(*inputs)

    def _view(self, shape: Shape) -> View:
        b, t, w = shape
        return View(*(self._spec(*s) for s in [(b, t)] * 4 + [(b, w)] * 2 + [(b,)]))

    def _spec(self, *sizes: int, dtype: Any = "int32") -> Any:
        """The shape of an array with lanes first."""
        return jax.ShapeDtypeStruct(sizes, dtype, sharding=self._placement.lanes(sizes[0]))  # type: ignore[no-untyped-call]

    def shapes(self) -> Iterator[Shape]:
        """All shapes, those of a first conversation first: a prompt and a system text have a few hundred tokens."""
        for width in sorted(self.widths, key=lambda w: abs(w - FIRST)):
            yield Shape(1, self.tokens[-1], width)
            for lanes in self.lanes:
                yield Shape(lanes, 1, width)
            for tokens in self.tokens[:-1]:
                yield Shape(1, tokens, width)

    def compiled(self) -> dict[str, Any]:
        """Every executable so far, by a printable name."""
        steps = {_name(k, s): p for s, step in list(self._steps.items()) for k, p in step._asdict().items()}
        return steps | {_name("masked", shape): program for shape, program in list(self._masked.items())}


def _finish(
    head: Any, config: ModelConfig, weights: Params, x: jax.Array, last: jax.Array, choice: Choice, *allowed: jax.Array
) -> tuple[jax.Array, Chosen]:
    logits = head(config, weights, x, last)
    return logits, choose(logits, choice, *allowed)


def _name(kind: str, shape: Shape) -> str:
    return f"{kind}-{shape.lanes}x{shape.tokens}x{shape.width}"


def _buckets(sizes: tuple[int, ...], most: int) -> tuple[int, ...]:
    return (*[s for s in sizes if s < most], most)


def _fit(sizes: tuple[int, ...], need: int) -> int:
    return next(s for s in sizes if s >= need)


def _abstract(a: Any) -> Any:
    return jax.ShapeDtypeStruct(a.shape, a.dtype, sharding=a.sharding)  # type: ignore[no-untyped-call]
