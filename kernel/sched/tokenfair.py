"""Token-fair: what is shared out is tokens served, not ticks. After the virtual token counter of Sheng et al., OSDI 2024.

A tick that reads a chunk of prompt serves many tokens, a tick that writes one serves one; counted in ticks a process with
long prompts would get far more than its share of work. Here every process has a counter of tokens, those it read and those it
wrote weighed by what they cost, over its tickets; the smallest counter goes next. Who was away is lifted to the others.
"""

from __future__ import annotations

from .fair import Fair

PREFILL = 1  # what a token read from a prompt counts for: many are read at once
DECODE = 4  # what a token written counts for: the whole model is gone through for each


class TokenFair(Fair):
    name = "token-fair"

    def cost(self, decoded: int, prefilled: int) -> int:
        return PREFILL * prefilled + DECODE * decoded
