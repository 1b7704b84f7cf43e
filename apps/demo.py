"""Four different prompts side by side: watch the lanes being shared.

Knows: four questions. Does not know: in which order they will be answered (the scheduler decides).
"""

from __future__ import annotations

from . import ulib

PROMPTS = (
    "Tell me a very short story about a lighthouse.",
    "What is an operating system?",
    "Write two lines about the sea.",
    "Why is the sky blue?",
)


async def main(limit: int | str = 48) -> int:
    children = [await ulib.spawn("teller", prompt, int(limit)) for prompt in PROMPTS]
    await ulib.say(f"demo: {len(children)} processes, pids {', '.join(map(str, children))}\n")
    for _ in children:
        await ulib.wait()
    return 0


async def teller(prompt: str, limit: int = 48) -> int:
    """Answer one prompt silently and print it whole, so that four answers do not mix on the console."""
    thought = await ulib.think(("user", prompt), limit=limit, traps=False)
    end = "" if thought.stop == "end" else "…"
    await ulib.say(f"[{prompt}]\n{thought.text.strip()}{end}  {thought.mark}\n")
    return 0
