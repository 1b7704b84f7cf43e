"""Waiting for what a machine in another process shows."""

from __future__ import annotations

import threading
from collections.abc import Callable

from llmos.status import BLANK, MachineView

SECONDS = 60.0  # in which a thing that is waited for must happen, or the test fails


class Watch:
    """Views as they come, to wait for one."""

    def __init__(self) -> None:
        self.view, self._news = BLANK, threading.Condition()

    def __call__(self, view: MachineView) -> None:
        with self._news:
            self.view = view
            self._news.notify_all()

    def until(self, good: Callable[[MachineView], bool]) -> MachineView:
        with self._news:
            assert self._news.wait_for(lambda: good(self.view), SECONDS), (
                self.view.mode,
                self.view.console,
                self.view.problem,
            )
            return self.view
