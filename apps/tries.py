"""Slow thinking with a checker: fork several guesses from one shared context, and let the calculator say which are right.

Knows: forking, mailboxes, a sum, a text that ends before its result. Does not know: how good a guess is (the device says).
The text is read once, by the parent; each guess shares its pages and copies only the one that it writes to.
"""

from __future__ import annotations

from . import ulib

LIMIT = 1  # tokens of a guess


async def main(text: str, check: str, tries: int | str = 8, temperature: int | str = 1000) -> int:
    """The parent reads the text and writes one token more; every guess goes on from there."""
    me = await ulib.me()
    await ulib.think(("text", text), limit=1, chat=False, traps=False)
    for seed in range(1, int(tries) + 1):
        await ulib.fork("guess", me, seed, int(temperature))
    guesses = dict([(await ulib.recv())[1] for _ in range(int(tries))])
    for _ in guesses:
        await ulib.wait()
    truth = (await ulib.call("calc", check)).strip()
    said = tuple(guesses[seed] for seed in sorted(guesses))
    right = sum(one == truth for one in said)
    await ulib.say(f"{', '.join(said)}: {right} of {len(said)} are {truth} [calc]\n")
    await ulib.leave(0, (truth, said))
    return 0


async def guess(parent: int, seed: int, temperature: int) -> int:
    thought = await ulib.think(limit=LIMIT, temperature=temperature, seed=parent * 1000 + seed, chat=False, traps=False)
    await ulib.send(parent, (seed, number(thought.text)))
    return 0


def number(text: str) -> str:
    """The first whole number of a text, else its first word."""
    digits = "".join(c if c.isdigit() else " " for c in text).split()
    return digits[0] if digits else text.strip()[:12] or "nothing"
