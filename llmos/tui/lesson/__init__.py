"""A lesson on the screen: its text and question beside the panels of the machine it speaks of, and what was revealed.

Knows: where its parts are: the screen (`room.py`), its words as rows (`words.py`), its keys (`keys.py`), its panels
(`panels.py`). Nothing is revealed before an answer is locked: it does not exist yet.
"""

from .room import LessonRoom

__all__ = ["LessonRoom"]
