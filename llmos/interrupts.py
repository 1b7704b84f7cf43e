"""A Ctrl-C that is not lost, and that ends the command with its own status wherever it comes.

Knows: where Python drops exceptions (destructors, callbacks of weak references), and where one does harm: an import that it
breaks off may print a traceback, give another cause, or end the process, if it came through a compiled library; and after one
in a text that is evaluated, Python ends by the signal. There a Ctrl-C waits. Does not know: what is interrupted.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs
    from types import FrameType

SOON = 0.01  # seconds until a Ctrl-C that could not be raised comes again
IMPORTS = "<frozen importlib._bootstrap>"
TEXT = ("<string>", "<module>")


@contextmanager
def heeded() -> Iterator[None]:
    """Meanwhile a KeyboardInterrupt is raised where it does no harm, and one that Python had to drop comes again."""
    before = sys.unraisablehook

    def dropped(what: UnraisableHookArgs) -> None:
        if issubclass(what.exc_type, KeyboardInterrupt):
            _again(signal.SIGINT)
        else:
            before(what)

    sys.unraisablehook = dropped
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # not if ignored, as after `&` in a script
    if ours:
        signal.signal(signal.SIGINT, _interrupt)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)  # what comes too late is not for what comes next
        sys.unraisablehook = before
        if ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def tidied() -> None:
    """From now on SIGTERM, too, ends the command by an exception: a terminal is given back as it was."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    if _fragile(frame):
        _again(number)
    elif number == signal.SIGINT:
        raise KeyboardInterrupt
    else:
        sys.exit(128 + number)


def _fragile(frame: FrameType | None) -> bool:
    """Is an import or the evaluation of a text at work? (The text of `python -c` is nobody's work: it lies below all.)"""
    while frame:
        code = frame.f_code
        if code.co_filename == IMPORTS or ((code.co_filename, code.co_name) == TEXT and frame.f_back):
            return True
        frame = frame.f_back
    return False


def _again(number: int) -> None:
    """To whoever takes that signal by then."""
    signal.signal(signal.SIGALRM, lambda _, frame: signal.raise_signal(number))
    signal.setitimer(signal.ITIMER_REAL, SOON)
