"""Think, act, observe: a goal, the devices, and a limit on steps.

Knows: the goal and how many steps are left. Does not know: what the devices do. Each step is one thought that may call
devices; the agent stops when a thought makes no call, or when its steps are used up.
"""

from __future__ import annotations

from . import ulib

RULES = "Work on the goal step by step. Use a device where one helps. When the goal is reached, say so in one sentence."


STEPS = 6


async def main(*words: str) -> int:
    goal = " ".join(words)
    if not goal.strip():
        await ulib.complain("agent: give it a goal, as in: agent add up the numbers in prices.txt\n")
        return 2
    spans: tuple[ulib.Span, ...] = (("system", RULES), ("user", f"Goal: {goal}"))
    for step in range(1, STEPS + 1):
        await ulib.say(f"step {step}: ")
        thought = await ulib.think(*spans, limit=160, echo=True)
        await ulib.say(f"  {thought.mark}\n")
        if not thought.calls:
            return 0
        if thought.stop == "full":
            await ulib.complain("agent: the context is full\n")
            return 1
        spans = (("user", "Go on. If the goal is reached, say so."),)
    await ulib.complain(f"agent: {STEPS} steps are used up\n")
    return 1
