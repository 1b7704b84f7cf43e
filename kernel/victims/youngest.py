"""The youngest: last in, first out. Who came first gets done first, and what it had read is never read twice.

Serving engines preempt so: vLLM (Kwon et al., SOSP 2023) takes the latest request.
"""

from __future__ import annotations

from .policy import Candidate


def order(candidate: Candidate) -> int:
    return -candidate.born
