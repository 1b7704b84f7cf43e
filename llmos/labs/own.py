"""Loading your own policy: one function out of one file.

Knows: how to run a file and find a function in it. Does not know: what the function decides. The file is the person's own and
runs with the person's rights, as any Python file they start.
"""

from __future__ import annotations

import runpy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from llmos.errors import UsageError


def load(path: str, function: str) -> Callable[..., Any]:
    """The function named `function` of a Python file; raises UsageError when there is none or the file does not run."""
    if not Path(path).is_file():
        raise UsageError(f"no file {path}")
    try:
        found = runpy.run_path(path).get(function)
    except (Exception, SystemExit) as e:
        raise UsageError(f"{path} does not run: {type(e).__name__}: {_line(e)}") from e
    if not callable(found):
        raise UsageError(f"{path} defines no function {function}(...)")
    return _guarded(path, found)


def load_choice(path: str) -> Callable[..., Any]:
    """A scheduling policy of one's own for the live machine: what it returns is one of the jobs, or UsageError."""
    choose = load(path, "choose")

    def chosen(jobs: Sequence[Any], now: int) -> Any:
        job = choose(jobs, now)
        if not any(job is one for one in jobs):
            raise UsageError(f"{path}, choose: it returned {job!r:.60}, which is none of the jobs that wait")
        return job

    return chosen


def _guarded(path: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        try:
            return function(*arguments)
        except Exception as e:
            raise UsageError(f"{path}, {function.__name__}: {type(e).__name__}: {_line(e)}") from e

    return call


def _line(error: BaseException) -> str:
    return " ".join(str(error).split())
