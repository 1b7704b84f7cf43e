"""Where a step ends, and where the step back does: places on the clock of one world.

Knows: the four units of a step, and what a story says of calls and switches. Does not know: modes, screens. A place is a tick
and the phase of it that comes next. A step from a place that is no stop of its unit remembers it, so that the step back
leads there: back(step(place)) == place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from llmos_kernel.kernel import PHASES

if TYPE_CHECKING:
    from .branch import Branch, Place

UNITS = ("phase", "token", "call", "quantum")
STOPS: dict[str, tuple[str, ...]] = {"call": ("call", "result", "illegal"), "quantum": ("switch",)}
"""Units that end with an event: its kinds. A token takes one tick."""
NAMES = {"call": "call", "quantum": "switch"}


def after(world: Branch, unit: str) -> Place:
    """Where a step of the past ends. Raises ValueError where no such event is known further on."""
    tick, phase = world.place
    if unit == "phase":
        return (tick, phase + 1) if phase + 1 < len(PHASES) else (tick + 1, 0)
    if unit == "token":
        return tick + 1, 0
    stop = next((t for t in world.story.stops(STOPS[unit]) if (t, 0) > (tick, phase)), None)
    if stop is None:
        raise ValueError(f"no {NAMES[unit]} further on up to tick {world.machine.kernel.tick:,}")
    return stop, 0


def before(world: Branch, unit: str) -> Place:
    """Where a step back leads. Raises ValueError at the beginning, or where no such event is known before."""
    here = tick, phase = world.place
    if unit == "phase":
        stops = [(tick, phase - 1) if phase else (tick - 1, len(PHASES) - 1)]
    elif unit == "token":
        stops = [(tick, 0) if phase else (tick - 1, 0)]
    else:
        stops = [(t, 0) for t in world.story.stops(STOPS[unit]) if (t, 0) < here][-1:]
    found = max((p for p in (*stops, *world.came) if (0, 0) <= p < here), default=None)
    if found is None:
        raise ValueError(f"no {NAMES[unit]} before this tick" if unit in STOPS and tick else "this is the first tick")
    return found


def leave(world: Branch, unit: str) -> None:
    """A step begins here."""
    here = tick, phase = world.place
    world.came = [place for place in world.came if place < here]
    stop = not phase and (unit not in STOPS or tick in world.story.stops(STOPS[unit]))
    if unit != "phase" and not stop:
        world.came.append(here)
