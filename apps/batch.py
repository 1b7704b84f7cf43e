"""Prompts to be continued, as processes side by side: the program behind `llmos generate`.

Knows: prompts and sampling settings. Does not know: how the results reach the person (the exit value carries them).
"""

from __future__ import annotations

from . import ulib

Job = tuple[str, int, int, int, int, int]
"""(prompt, chat form?, limit, temperature, min_p, seed)"""


async def main(*jobs: Job) -> int:
    children = [await ulib.spawn("complete", *job) for job in jobs]
    statuses = [(await ulib.wait(child))[1] for child in children]
    return max(statuses, default=0)


async def complete(prompt: str, chat: int, limit: int, temperature: int, min_p: int, seed: int) -> int:
    thought = await ulib.think(
        ("user" if chat else "text", prompt),
        limit=limit,
        temperature=temperature,
        min_p=min_p,
        seed=seed,
        chat=bool(chat),
        bare=True,
    )
    await ulib.leave(0, (thought.text, thought.ids, thought.stop))
    return 0
