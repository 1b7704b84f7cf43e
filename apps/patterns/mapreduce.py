"""Map and reduce: each document is read by a child of its own, which hands back one number of a few.

Knows: the question and the documents' calls. Does not know: any document. A document that lies can spoil its own vote and
no other, and can't make a call: its reader's model may make none.
"""

from __future__ import annotations

from llmos_apps import ulib

YES, NO, UNCLEAR = 10, 11, 12  # the finite type: what a child's status may say


async def main(question: str, *documents: str) -> int:
    children = [await ulib.fork("map-reader", question, document) for document in documents]
    votes = [(await ulib.wait(child))[1] for child in children]
    counts = {"yes": votes.count(YES), "no": votes.count(NO)}
    unclear = len(votes) - sum(counts.values())
    await ulib.say(f"yes {counts['yes']}, no {counts['no']}, unclear {unclear}\n")
    return 0


async def reader(question: str, document: str) -> int:
    """Reads one document and answers with a status: yes, no, or unclear."""
    text = await ulib.call("files", f"cat {document}")
    thought = await ulib.think(("data", text), ("user", f"{question}\nAnswer yes or no."), limit=8, traps=False)
    word = thought.text.strip().casefold().strip(".!")
    return YES if word == "yes" else NO if word == "no" else UNCLEAR
