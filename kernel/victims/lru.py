"""Least recently run: who has not run for the longest will probably not run soon. The default.

The clock of Denning's working sets, on whole processes. Under round robin it is the worst guess there is: who has waited
longest runs next.
"""

from __future__ import annotations

from .policy import Candidate


def order(candidate: Candidate) -> int:
    return candidate.last
