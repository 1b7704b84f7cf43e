"""The cheapest to bring back: the fewest tokens to read again. Long contexts stay, many short ones come and go."""

from __future__ import annotations

from .policy import Candidate


def order(candidate: Candidate) -> int:
    return candidate.tokens
