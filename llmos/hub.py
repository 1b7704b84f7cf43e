"""Models from the Hugging Face hub: `hf:OWNER/NAME` (a safetensors folder) or `hf:OWNER/NAME:FILE` (one GGUF).

Knows: the hub's addresses. Does not know: what is in the files.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from . import paths
from .errors import UsageError

NAME = re.compile(
    r"hf:([A-Za-z0-9][\w.-]{0,95})/([A-Za-z0-9][\w.-]{0,95})(?::([A-Za-z0-9][\w.-]{0,200}\.gguf))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Repository:
    """What was asked for."""

    owner: str
    name: str
    file: str | None

    @staticmethod
    def parse(text: str) -> Repository:
        """UsageError when it is no such name."""
        match = NAME.fullmatch(text)
        if not match:
            raise UsageError(f"{text!r} is not of the form hf:OWNER/NAME or hf:OWNER/NAME:FILE.gguf")
        return Repository(match[1], match[2], match[3])

    @property
    def path(self) -> Path:
        """Where it is kept once it is here."""
        folder = f"{self.owner}--{self.name}"
        return paths.models() / (f"{folder}--{self.file}" if self.file else folder)
