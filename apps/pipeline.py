"""Programs that read and write through pipes: `story | critic | translate`, and `pipeline`, which joins the three.

Knows: an instruction for each. Does not know: who is on the other end of its channels (a pipe or the console).
"""

from __future__ import annotations

from . import ulib

LIMIT = 64  # tokens of one stage


async def story(*topic: str) -> int:
    return await _answer(f"Tell a very short story about {' '.join(topic) or 'a lighthouse'}.")


async def critic() -> int:
    return await _answer(f"Say in one sentence what is weak in this story:\n{await ulib.listen()}")


async def translate(*language: str) -> int:
    return await _answer(f"Translate into {' '.join(language) or 'French'}:\n{await ulib.listen()}")


async def _answer(request: str) -> int:
    thought = await ulib.think(("user", request), limit=LIMIT, traps=False)
    await ulib.say(thought.text.strip() + "\n")
    return 0


async def main(*topic: str) -> int:
    """Three processes, two pipes; the end of each tells the next that its input is over."""
    stages = (("story", topic), ("critic", ()), ("translate", ()))
    return max(await run(stages))


async def run(stages: tuple[tuple[str, tuple[str, ...]], ...]) -> list[int]:
    """Start programs with pipes between them, all as one job; their statuses."""
    return [(await ulib.wait(child))[1] for child in await launch(stages)]


async def launch(stages: tuple[tuple[str, tuple[str, ...]], ...]) -> list[int]:
    """The children of a pipeline, each started with its ends of the pipes; 2 is where one that writes into a pipe complains."""
    children: list[int] = []
    source = 0
    for i, (program, args) in enumerate(stages):
        channels = {0: source} if source else {}
        following = 0
        if i + 1 < len(stages):
            following, sink = await ulib.pipe()
            channels[1] = sink
        try:
            children.append(await ulib.start(program, args, channels | ({2: 1} if following else {})))
        finally:
            for channel in channels.values():
                await ulib.close(channel)
        source = following
    return children
