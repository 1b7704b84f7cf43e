"""A command in a terminal of its own, that is typed into and read: for measurements of the screen.

Knows: pseudo-terminals (Unix only). Does not know: what the command shows, but for texts that are waited for.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress

from .errors import LlmosError

WAIT = 60.0  # seconds until something must be shown


class Terminal:
    """A command in a terminal of 120 columns and 40 rows; a thread reads what it shows."""

    def __init__(self, *words: str, **environment: str) -> None:
        import pty
        import termios

        self.control, other = pty.openpty()
        termios.tcsetwinsize(other, (40, 120))
        self._news, self._said = threading.Condition(), b""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "llmos", *words],
            stdin=other, stdout=other, stderr=other, start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", **environment},
        )  # fmt: skip
        os.close(other)
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with suppress(OSError):
            while data := os.read(self.control, 1 << 16):
                with self._news:
                    self._said = (self._said + data)[-(1 << 16) :]
                    self._news.notify_all()

    def type(self, keys: str) -> None:
        os.write(self.control, keys.encode())

    def until(self, text: str) -> None:
        with self._news:
            if not self._news.wait_for(lambda: text.encode() in self._said, WAIT):
                raise LlmosError(f"the screen never showed {text!r}; its exit status is {self.process.poll()}")

    def key(self, letter: str) -> float:
        """Milliseconds until it is on the screen; then it is taken away again."""
        with self._news:
            self._said = b""
        began = time.perf_counter()
        self.type(letter)
        self.until(letter)
        took = 1000 * (time.perf_counter() - began)
        self.type("\x7f")
        time.sleep(0.1)
        return took

    def close(self) -> None:
        """As if somebody had closed the window."""
        self.process.send_signal(signal.SIGHUP)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.control)
