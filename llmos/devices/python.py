"""Python for models: a short program in, what it printed and its last value out.

Knows: the limits of one run, and how its end is told. Does not know: the language; that is Monty (`pydantic-monty`), an
interpreter without files, network, environment or imports from the host, in a process of its own that may crash alone.
Runs are repeatable: the clock is the caller's, randomness is seeded, sleeping takes no time. Needs the extra `python`.
"""

from __future__ import annotations

import shlex
import shutil
import sys
import threading
from concurrent.futures import Future
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from .base import MAX_RESULT, Context, Deadline, DeviceError, Result, cut, one_line

if TYPE_CHECKING:
    from pydantic_monty import Monty

MAX_CODE = 8000  # characters
MAX_SECONDS = 5.0  # of computing
MAX_MEMORY = 64 * 1024 * 1024  # bytes
MAX_OUTPUT = 4 * MAX_RESULT  # characters printed before a program is stopped
MAX_WORKERS = 4  # programs at once
POLL = 0.02  # seconds between two looks at the cancel switch


class _OutputFull(Exception):
    """Enough was printed."""


class Python:
    """Owns a pool of worker processes, started with the first call. Nothing is kept from one call to the next."""

    name = "python"
    help = "runs a short program, such as python print(2)"
    usage = ("CODE",)
    grammar = "start: CODE\nCODE: /(.|\\n){1,2000}/\n"
    outside = False

    def __init__(self) -> None:
        self.pool: Monty | None = None
        self.folder: TemporaryDirectory[str] | None = None
        self.lock = threading.Lock()

    def call(self, text: str, ctx: Context) -> Result:
        """Raises DeviceError with the program's error, its output so far before it."""
        code = _unfenced(text)
        if not 1 <= len(code) <= MAX_CODE:
            raise DeviceError(f"a program has 1 to {MAX_CODE:,} characters")
        deadline = Deadline(ctx)
        printed: list[str] = []
        done: Future[Any] = Future()
        threading.Thread(target=self._run, args=(code, ctx, printed, done), daemon=True, name="python").start()
        while True:
            try:
                value = done.result(timeout=POLL)
                break
            except TimeoutError:
                if sum(map(len, printed)) > MAX_OUTPUT:
                    return Result(cut("".join(printed)), "python")
                deadline.check()
            except Exception as error:
                return _failed(error, "".join(printed))
        text = "".join(printed)
        last = _shown(value)
        lines = text + "\n" * bool(text and last and not text.endswith("\n")) + last
        return Result(cut(lines.rstrip("\n")) or "done, nothing printed", "python")

    def close(self) -> None:
        with self.lock:
            if self.pool is not None:
                self.pool.__exit__(None, None, None)
                self.pool = None
            if self.folder is not None:
                self.folder.cleanup()
                self.folder = None

    def _run(self, code: str, ctx: Context, printed: list[str], done: Future[Any]) -> None:
        """One program in a session of its own; `done` gets its value or its error."""
        size = 0

        def output(stream: str, text: str) -> None:
            nonlocal size
            if size > MAX_OUTPUT or ctx.cancelled():
                raise _OutputFull
            size += len(text)
            printed.append(text[: MAX_OUTPUT + 1])
            ctx.stream(text)

        try:
            limits: Any = {
                "max_feed_duration_secs": min(ctx.timeout, MAX_SECONDS),
                "max_memory": MAX_MEMORY,
                "max_recursion_depth": 200,
            }
            with self._workers().checkout(limits=limits, os_policy=_policy(ctx.now())) as session:
                done.set_result(session.feed_run(code, print_callback=output))
        except BaseException as error:
            done.set_exception(error if isinstance(error, Exception) else DeviceError(one_line(error)))

    def _workers(self) -> Monty:
        try:
            from pydantic_monty import Monty
        except ImportError:
            raise DeviceError('python needs an extra: pip install "llmos[python]"') from None
        with self.lock:
            if self.pool is None:
                self.folder = TemporaryDirectory(prefix="llmos-")
                self.pool = Monty(
                    binary_path=_quiet_binary(Path(self.folder.name)),
                    max_processes=MAX_WORKERS,
                    checkout_timeout=MAX_SECONDS,
                    request_timeout=2 * MAX_SECONDS,
                ).__enter__()
            return self.pool


def _quiet_binary(folder: Path) -> Path:
    """A script that starts the interpreter without our standard error, on which its last words would spoil the screen."""
    binary = shutil.which("monty", path=str(Path(sys.executable).parent)) or shutil.which("monty")
    if binary is None:
        raise DeviceError('python needs an extra: pip install "llmos[python]"')
    script = folder / "monty"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(binary)} "$@" 2>/dev/null\n', encoding="utf-8")
    script.chmod(0o700)
    return script


def _policy(now: datetime) -> Any:
    return {"datetime": now, "sleep": "zero", "random_start": {"seed": 0}}


def _unfenced(text: str) -> str:
    """The code, without the Markdown fence that models like to put around it."""
    code = text.strip()
    if code.startswith("```") and code.endswith("```") and len(code) > 6:
        code = code[3:-3].removeprefix("python").removeprefix("py")
    return code.strip("\n ")


def _shown(value: Any) -> str:
    """The last expression's value as the program's last line; nothing for None."""
    if value is None:
        return ""
    try:
        return value if isinstance(value, str) else repr(value)
    except Exception as error:
        raise DeviceError(f"the value can't be shown: {one_line(error)}") from None


def _failed(error: Exception, printed: str) -> Result:
    """How a program ended that did not end well."""
    if isinstance(error, DeviceError):
        raise error
    from pydantic_monty import MontyCrashedError, MontyError

    if len(printed) > MAX_OUTPUT:
        return Result(cut(printed), "python")
    reason = one_line(error)
    if isinstance(error, MontyCrashedError):
        reason = "the program broke its interpreter and was stopped"
    elif not isinstance(error, MontyError):
        reason = f"{type(error).__name__}: {reason}"
    raise DeviceError(f"{reason} (printed before: {one_line(printed)})" if printed.strip() else reason)
