"""The thread in which a lesson's machine is loaded, compiled and stepped; the screen waits for it without standing still.

Knows: one piece of work at a time. Does not know: what it is. Nothing can stop a compilation, so the thread is none that
the interpreter waits for at its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


class Worker:
    """Owns the thread."""

    def __init__(self) -> None:
        self._thread: Thread | None = None

    async def do(self, work: Callable[[], T]) -> T:
        """The result of `work`, or what it raised."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def settle(result: Callable[[], None]) -> None:
            with suppress(RuntimeError):  # the screen is gone, and its loop with it
                loop.call_soon_threadsafe(lambda: None if done.done() else result())

        def run() -> None:
            try:
                value = work()
            except BaseException as e:  # whoever waits for it decides what it means
                error = e
                settle(lambda: done.set_exception(error))
            else:
                settle(lambda: done.set_result(value))

        self._thread = Thread(target=run, daemon=True, name="lesson")
        self._thread.start()
        return await done

    def ended(self, patience: float) -> bool:
        """Has it come to its end within so many seconds?"""
        if self._thread is not None:
            self._thread.join(patience)
        return self._thread is None or not self._thread.is_alive()
