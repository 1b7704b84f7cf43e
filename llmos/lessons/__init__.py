"""Lessons: predict, then reveal. Each is a text (`texts/NAME.md`) and a scenario (`scenarios/name.py`) that measures.

Knows: where lessons live and in which order a class plays them. Does not know: how they are played (`session.py`) or shown
(`plain.py`, the screen). No answer is stored anywhere: a scenario stops the machine before an event, the player takes the
prediction, and only then does the event happen and get measured.
"""

from __future__ import annotations

ORDER = (
    "two-files",
    "dream",
    "scaling",
    "assistant",
    "trap",
    "trust",
    "window",
    "belady",
    "sched",
    "fork",
    "inject",
    "poison",
)
