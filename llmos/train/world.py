"""The small world that `nano` knows: what this machine is and the words of its trade, in our own sentences.

Knows: `world.toml`, one short definition a term and one answer a theme. Does not know: how they are asked for (`talk`).
Definitions are at most about forty words, so that a small model can hold them whole.
"""

from __future__ import annotations

from .wording import table


def terms() -> dict[str, str]:
    """Term to definition, in the file's order."""
    return dict(table("world.toml")["terms"])


def themes() -> list[tuple[str, str]]:
    """(pattern of the requests, the one answer)"""
    return [(f"[{'|'.join(one['requests'])}]{one['ending']}", one["answer"]) for one in table("world.toml")["themes"]]


def unknown() -> str:
    """What to say to everything else."""
    return str(table("world.toml")["unknown"])
