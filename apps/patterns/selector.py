"""Action-selector: the model chooses one of a few actions and never sees what comes of it.

Knows: the person's actions, as (name, device, arguments). Does not know: results. Nothing from outside ever enters the
context, so there is nothing to be injected; the price is that it can't react to what it finds.
"""

from __future__ import annotations

from llmos_apps import ulib


async def main(question: str, *actions: tuple[str, str, str]) -> int:
    names = [name for name, _, _ in actions]
    thought = await ulib.think(("user", f"{question}\nAnswer with one of: {', '.join(names)}"), limit=16, traps=False)
    word = thought.text.strip().casefold()
    chosen = [action for action in actions if action[0].casefold() == word]
    if not chosen:
        await ulib.say("selector: the model chose none of the actions\n")
        return 1
    name, device, text = chosen[0]
    await ulib.say(f"{name}: {await ulib.call(device, text)}\n")
    return 0
