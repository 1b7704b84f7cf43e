"""What a lab that trains measured when we ran it: shipped, so that a lesson need not train.

Knows: the files and their form. Does not know: how anything was measured; each file names the command that made it.
"""

from __future__ import annotations

import json
from importlib import resources
from typing import Any


def shipped(name: str) -> dict[str, Any]:
    """{"command", "circumstances", "result"}: `result` is what the command printed."""
    text = (resources.files(__package__) / "records" / f"{name}.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    return found
