"""What a victim policy is asked: where does this process stand in the line of those that could lose their frames?

Knows: what the kernel tells of a process. Does not know: who needs the frames, or how many.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple


class Candidate(NamedTuple):
    """A process that holds frames."""

    pid: int
    last: int  # tick of its last burst
    born: int  # tick
    priority: int  # the larger goes first on the lanes
    frames: int  # that it maps; shared ones too
    tokens: int  # to be read again if its pages are not swapped


Order = Callable[[Candidate], int]
"""The smallest loses its frames first; of equals, the elder. One function is a policy."""
