"""A loss curve in one line of text.

Knows: blocks of eight heights. Does not know: what was trained.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
WIDEST = 48  # cells


def line(losses: Sequence[tuple[int, float]]) -> str:
    """(step, loss) in order -> heights by the logarithm of the loss, between the first and the last loss as numbers."""
    if not losses:
        return "  loss: not known yet"
    cells = min(WIDEST, len(losses))
    logs = [math.log(max(losses[i * len(losses) // cells][1], 1e-9)) for i in range(cells - 1)]
    logs.append(math.log(max(losses[-1][1], 1e-9)))
    low, high = min(logs), max(logs)
    heights = [round(7 * (value - low) / (high - low)) if high > low else 0 for value in logs]
    return f"  loss {losses[0][1]:.3f} {''.join(BARS[height] for height in heights)} {losses[-1][1]:.3f}"
