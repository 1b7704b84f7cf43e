"""The lowest priority: memory follows the same order as the lanes. Who is nice pays twice."""

from __future__ import annotations

from .policy import Candidate


def order(candidate: Candidate) -> int:
    return candidate.priority
