"""A notebook: cells of code and of questions; each line is one cell, its output stands below it. Leaving adds them to a file.

Knows: cells typed so far. Does not know: how code is run (the python device) or files are kept (the files device).
A line that begins with `>` is a program for the python device; `show` prints all; anything else is a question.
"""

from __future__ import annotations

from . import ulib

NAME = "notebook.md"


async def main(name: str = NAME) -> int:
    cells: list[tuple[str, str]] = []
    await ulib.say(
        f"notebook: `> code` runs it, `show` prints all cells, an empty line leaves and adds them to {name}\n"
    )
    while line := await _line():
        if line == "show":
            await ulib.say("".join(_shown(n, cell) for n, cell in enumerate(cells, 1)) or "no cells yet\n")
            continue
        output = await _run(line)
        cells.append((line, output))
        await ulib.say(f"{output}\n")
    return await _kept(name, cells) if cells else 0


async def _run(line: str) -> str:
    try:
        if line.startswith(">"):
            return await ulib.call("python", line[1:].strip())
        thought = await ulib.think(("user", line), limit=128)
        return f"{thought.text.strip()}  {thought.mark}"
    except ulib.Interrupted:
        return "stopped"
    except ulib.KernelError as error:
        return f"error: {error}"


async def _kept(name: str, cells: list[tuple[str, str]]) -> int:
    """Add the cells to the file, all in one call: what a file answers would taint the next one."""
    quoted = f'"{name}"' if " " in name else name
    text = "\n".join(f"{line} -> {output}" for line, output in cells)
    try:
        await ulib.say(await ulib.call("files", f"append {quoted} {text}") + "\n")
    except ulib.KernelError as error:
        await ulib.complain(f"notebook: not saved: {error}\n")
        return 1
    return 0


def _shown(number: int, cell: tuple[str, str]) -> str:
    return f"[{number}] {cell[0]}\n    {cell[1]}\n"


async def _line() -> str:
    await ulib.say("cell> ")
    try:
        return (await ulib.hear()).strip()
    except (ulib.EndOfInput, ulib.Interrupted):
        return ""
