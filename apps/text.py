"""Small programs for the ends and the middle of a pipe: ls, cat, echo, date, sleep, call, grep, head, tail, sort, wc.

Knows: lines of text, and which device stands behind `ls`, `cat` and `date`. Does not know: who is on the other end of its
channels. Each reads its input where it has no words of its own to work on, as the programs of that name do elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from . import ulib

LINES = 10  # that head and tail show


async def call(device: str, text: str = "") -> int:
    """One call to a device; what it brings back, or why it does not."""
    try:
        await ulib.say(f"{await ulib.call(device, text)}\n")
    except ulib.KernelError as error:
        await ulib.complain(f"{device}: {error}\n")
        return 1
    return 0


async def ls(path: str = "") -> int:
    return await call("files", f"ls {path}".strip())


async def cat(*paths: str) -> int:
    """Files one after the other; without any, what comes in."""
    if not paths:
        return await _say(await _lines())
    return max([await call("files", f"cat {path}") for path in paths])


async def date() -> int:
    return await call("clock", "now")


async def sleep(ticks: str = "1") -> int:
    await ulib.sleep(int(ticks))
    return 0


async def echo(*words: str) -> int:
    return await _say([" ".join(words)])


async def grep(*words: str) -> int:
    """The lines that hold these words, whatever the case of their letters; status 1 when there are none."""
    wanted = " ".join(words).casefold()
    found = [line for line in await _lines() if wanted in line.casefold()]
    return await _say(found) or int(not found)


async def head(count: str = str(LINES)) -> int:
    return await _say((await _lines())[: _number(count)])


async def tail(count: str = str(LINES)) -> int:
    lines = await _lines()
    return await _say(lines[max(len(lines) - _number(count), 0) :])


async def sort() -> int:
    return await _say(sorted(await _lines()))


async def wc() -> int:
    """How many lines, words and characters."""
    lines = await _lines()
    text = "\n".join(lines)
    return await _say([f"{len(lines)} {len(text.split())} {len(text)}"])


def _number(text: str) -> int:
    digits = text.removeprefix("-").removeprefix("n")
    return int(digits) if digits.isdecimal() and len(digits) < 9 else LINES


async def _lines() -> list[str]:
    text = await ulib.listen()
    return text.split("\n") if text else []


async def _say(lines: list[str]) -> int:
    if lines:
        await ulib.say("\n".join(lines) + "\n")
    return 0


PROGRAMS: dict[str, Callable[..., Coroutine[Any, Any, int]]] = {
    "call": call,
    "ls": ls,
    "cat": cat,
    "date": date,
    "sleep": sleep,
    "echo": echo,
    "grep": grep,
    "head": head,
    "tail": tail,
    "sort": sort,
    "wc": wc,
}
