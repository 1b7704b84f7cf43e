"""How people ask, as data: `wording.toml` holds the ways to word each request.

Knows: the file and its keys. Does not know: what is asked for or what the answer is.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """A TOML file of this folder. Read once; not to be changed."""
    return tomllib.loads((resources.files(__package__) / name).read_text("utf-8"))


def ways(key: str) -> str:
    """All the ways of "section.name" as one choice, a pattern for `dialogue.expand`."""
    section, name = key.split(".")
    return f"[{'|'.join(table('wording.toml')[section][name])}]"
