"""Map and reduce over a long text: children summarise the parts, side by side; one more thought joins what they found.

Knows: cutting a text at spaces, mailboxes. Does not know: how many lanes there are. It reads its input when no text is given.
"""

from __future__ import annotations

from . import ulib

PART = 600  # characters a child reads
LIMIT = 40  # tokens of a part's summary


async def main(*words: str) -> int:
    text = " ".join(words) or await ulib.listen()
    me = await ulib.me()
    pieces = parts(text)
    for number, piece in enumerate(pieces):
        await ulib.spawn("mapper", me, number, piece)
    found: dict[int, str] = {}
    for _ in pieces:
        _, (number, summary) = await ulib.recv()
        found[number] = summary
    for _ in pieces:
        await ulib.wait()
    whole = "\n".join(found[n] for n in range(len(pieces)))
    if len(pieces) > 1:
        whole = (await ulib.think(("user", f"Sum up in two sentences:\n{whole}"), limit=2 * LIMIT, traps=False)).text
    await ulib.say(whole.strip() + "\n")
    await ulib.leave(0, (whole.strip(), len(pieces)))
    return 0


async def mapper(parent: int, number: int, text: str) -> int:
    thought = await ulib.think(("user", f"Sum up in one sentence:\n{text}"), limit=LIMIT, traps=False)
    await ulib.send(parent, (number, thought.text.strip()))
    return 0


def parts(text: str) -> list[str]:
    """Pieces of at most PART characters, cut between words where there are any."""
    pieces = []
    while len(text) > PART:
        cut = text.rfind(" ", 1, PART + 1)
        cut = cut if cut > 0 else PART
        pieces.append(text[:cut])
        text = text[cut:].lstrip()
    return [*pieces, text] if text or not pieces else pieces
