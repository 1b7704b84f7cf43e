"""A question about a long file: it is mapped into the context, and only the pages that the question needs are computed.

Knows: which device reads files. Does not know: which pages those are; the kernel finds them by the question's words.
"""

from __future__ import annotations

from . import ulib

LIMIT = 80  # tokens of an answer


async def main(path: str = "", *words: str) -> int:
    question = " ".join(words)
    if not path or not question:
        await ulib.complain("mmap: give a file and a question, as in: mmap notes.txt who has the key\n")
        return 2
    try:
        await ulib.mmap(path, await ulib.call("files", f"map {path}"))
    except ulib.KernelError as error:
        await ulib.complain(f"mmap: {error}\n")
        return 1
    thought = await ulib.think(("user", question), limit=LIMIT, echo=True, traps=False)
    read = sum(needed for _, _, needed in await ulib.maps())
    pages = sum(count for _, count, _ in await ulib.maps())
    await ulib.say(f"\n[{read} of {pages} mapped pages were needed]\n")
    await ulib.leave(0, (thought.text, read, pages))
    return 0
