"""A cage for what touches the host: any subprocess, behind several layers, none of which is trusted alone.

Knows: which layers this machine has and how they are put on. Does not know: who asked for the command, or why. It fails
closed: a layer that was asked for and is missing is named, and nothing runs.
"""

from __future__ import annotations

from .cage import LAYERS, Cage, Missing, Outcome, available, run

__all__ = ["LAYERS", "Cage", "Missing", "Outcome", "available", "run"]
