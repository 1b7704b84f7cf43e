"""The largest: one victim frees the most frames, so the fewest are disturbed. It hits long contexts again and again."""

from __future__ import annotations

from .policy import Candidate


def order(candidate: Candidate) -> int:
    return -candidate.frames
