"""Plan, then execute: the model writes the whole list of calls before it has read anything.

Knows: the plan's form, a call a line. Does not know: what results say until all is done. What is read along the way can
change the words of an answer, but not which calls are made: those were fixed before.
"""

from __future__ import annotations

from llmos_apps import ulib

MOST = 8  # calls of a plan


async def main(question: str, *devices: str) -> int:
    ask = f"{question}\nWrite the calls, one a line, as: DEVICE ARGUMENTS. Devices: {', '.join(devices)}"
    thought = await ulib.think(("user", ask), limit=200, traps=False)
    steps = [line.strip().partition(" ") for line in thought.text.splitlines() if line.strip()][:MOST]
    plan = [(device, text) for device, _, text in steps if device in devices]
    for device, text in plan:
        child = await ulib.spawn("plan-step", device, text)
        _, status = await ulib.wait(child)
        await ulib.say(f"{device} {text}: {'done' if status == 0 else 'failed'}\n")
    return 0 if plan else 1


async def step(device: str, text: str) -> int:
    """A process of its own: what it reads does not reach the plan. Only its status does."""
    await ulib.say(f"{await ulib.call(device, text)}\n")
    return 0
