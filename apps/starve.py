"""Who goes hungry? One long thought of low priority beside a stream of short ones of high priority.

Knows: priorities and how many ticks it may last. Does not know: the policy; under an unfair one the long thought waits for all
the others, and that is what there is to see.
"""

from __future__ import annotations

from . import ulib


async def main(shorts: int | str = 12, tokens: int | str = 8) -> int:
    long = await ulib.spawn("teller", "Count slowly to one hundred.", 8 * int(tokens))
    order: list[int] = []
    waiting = 0
    for _ in range(int(shorts)):
        child = await ulib.spawn("teller", "Say hello.", int(tokens))
        await ulib.nice(child, 10)
        waiting += 1
        if waiting == 4:  # always a few at a time
            order.append((await ulib.wait())[0])
            waiting -= 1
    while len(order) <= int(shorts):
        order.append((await ulib.wait())[0])
    place = order.index(long) + 1
    await ulib.say(f"starve: the long thought of low priority ended as number {place} of {len(order)}\n")
    await ulib.leave(0, (place, len(order)))
    return 0
