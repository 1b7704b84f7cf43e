"""A sign of work: what takes longer than a person waits without one is told while it is done.

Knows: what is at work, and since when. Does not know: what the work is, or who looks. A thread of its own tells it, since the
one that works can't.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PATIENCE = 0.3  # seconds that pass without a sign
EVERY = 0.1  # seconds between two looks at the clock


class Vigil:
    """`with vigil.over("tick 33"):` on the thread that works; another tells it while that lasts, and "" when it is over."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._work: tuple[str, float] | None = None
        self._told = False
        self._door = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="vigil", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()

    @contextmanager
    def over(self, what: str) -> Iterator[None]:
        """It is told no more once this is left."""
        self._work = (what, time.monotonic())
        try:
            yield
        finally:
            with self._door:
                self._work = None
                if self._told:
                    self._told = False
                    self._tell("")

    def _watch(self) -> None:
        while not self._over.wait(EVERY):
            with self._door:
                if self._work and (spent := time.monotonic() - self._work[1]) > PATIENCE:
                    self._told = True
                    self._tell(f"{self._work[0]}: {spent:.1f} s so far")
