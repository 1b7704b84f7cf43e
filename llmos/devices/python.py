"""Python for models: a short program in, what it printed and its last value out.

Knows: the limits of one run, and how its end is told. Does not know: the language; that is Monty (`pydantic-monty`), an
interpreter without files, network, environment or imports from the host, in a process of its own that may crash alone.
Runs are repeatable: the clock is the caller's, randomness is seeded, sleeping takes no time. Needs the extra `python`.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import shutil
import sys
import threading
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from .base import MAX_RESULT, Context, Deadline, DeviceError, Result, cut, one_line

MAX_CODE = 8000  # characters
MAX_SECONDS = 5.0  # of computing
MAX_MEMORY = 64 * 1024 * 1024  # bytes
MAX_OUTPUT = 4 * MAX_RESULT  # characters printed before a program is stopped
MAX_RUNS = 4  # programs at once
POLL = 0.02  # seconds between two looks at the cancel switch
MISSING = 'python needs an extra: pip install "llmos[python]"'


class _Output:
    """What a program has printed so far."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.text = ""

    def __call__(self, stream: str, text: str) -> None:
        if not self.full:
            self.text += text[: MAX_OUTPUT + 1]
            self.ctx.stream(text)

    @property
    def full(self) -> bool:
        return len(self.text) > MAX_OUTPUT


class Python:
    """Every call has an interpreter of its own, in a process of its own; nothing is kept from one call to the next."""

    name = "python"
    help = "runs a short program, such as python print(2)"
    usage = ("CODE",)
    grammar = "start: CODE\nCODE: /(.|\\n){1,2000}/\n"
    outside = False

    def __init__(self) -> None:
        self.places = threading.BoundedSemaphore(MAX_RUNS)

    def call(self, text: str, ctx: Context) -> Result:
        """Raises DeviceError with the program's error, and what it printed before."""
        code = _unfenced(text)
        if not 1 <= len(code) <= MAX_CODE:
            raise DeviceError(f"a program has 1 to {MAX_CODE:,} characters")
        deadline = Deadline(ctx)
        while not self.places.acquire(timeout=POLL):
            deadline.check()
        output = _Output(ctx)
        try:
            last = _shown(asyncio.run(_run(code, deadline, output)))
        except DeviceError:
            raise
        except Exception as error:
            raise _explained(error, output.text) from None
        finally:
            self.places.release()
        gap = "\n" if output.text and last and not output.text.endswith("\n") else ""
        return Result(cut((output.text + gap + last).rstrip("\n")) or "done, nothing printed", "python")


async def _run(code: str, deadline: Deadline, output: _Output) -> Any:
    """The value of a program; None when it was stopped because it had printed enough. Stopping kills its process."""
    try:
        from pydantic_monty import AsyncMonty
    except ImportError:
        raise DeviceError(MISSING) from None
    limits: Any = {
        "max_feed_duration_secs": min(deadline.ctx.timeout, MAX_SECONDS),
        "max_memory": MAX_MEMORY,
        "max_recursion_depth": 200,
    }
    with TemporaryDirectory(prefix="llmos-") as folder:
        async with (
            AsyncMonty(
                binary_path=_quiet_binary(Path(folder)), max_processes=1, request_timeout=2 * MAX_SECONDS
            ) as pool,
            pool.checkout(limits=limits, os_policy=_policy(deadline.ctx.now())) as session,
        ):
            running = asyncio.ensure_future(session.feed_run(code, print_callback=output))
            try:
                while not (await asyncio.wait([running], timeout=POLL))[0]:
                    deadline.check()
                    if output.full:
                        return None
                return running.result()
            finally:
                running.cancel()
                await asyncio.wait([running])


def _quiet_binary(folder: Path) -> Path:
    """A script that starts the interpreter without our standard error, on which its last words would spoil the screen."""
    binary = shutil.which("monty", path=str(Path(sys.executable).parent)) or shutil.which("monty")
    if binary is None:
        raise DeviceError(MISSING)
    script = folder / "monty"
    script.write_text(f'#!/bin/sh\nexec {shlex.quote(binary)} "$@" 2>/dev/null\n', encoding="utf-8")
    script.chmod(0o700)
    return script


def _policy(now: datetime) -> Any:
    return {"datetime": now, "sleep": "zero", "random_start": {"seed": 0}}


def _unfenced(text: str) -> str:
    """The code, without the device's name and the Markdown fence that models like to put before and around it."""
    code = re.sub(r"^python3?\s+(?=[a-z_#])(?!(?:in|is|if|and|or|not|for)\b)", "", text.strip())
    if code.startswith("```") and code.endswith("```") and len(code) > 6:
        code = code[3:-3].removeprefix("python").removeprefix("py")
    elif len(code) > 2 and code[0] == code[-1] == "`":
        code = code[1:-1]
    return code.strip("\n ")


def _shown(value: Any) -> str:
    """The last expression's value as the program's last line; nothing for None."""
    if value is None:
        return ""
    try:
        return value if isinstance(value, str) else repr(value)
    except Exception as error:
        raise DeviceError(f"the value can't be shown: {one_line(error)}") from None


def _explained(error: Exception, printed: str) -> DeviceError:
    """How a program ended that did not end well."""
    from pydantic_monty import MontyCrashedError, MontyError

    reason = one_line(error)
    if isinstance(error, MontyCrashedError):
        reason = "the program broke its interpreter and was stopped"
    elif not isinstance(error, MontyError):
        reason = f"{type(error).__name__}: {reason}"
    return DeviceError(f"{reason} (printed before: {one_line(printed)})" if printed.strip() else reason)
