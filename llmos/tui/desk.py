"""The screen's own state, as one frozen value that every panel may read.

Knows: what the person has done to the screen. Does not know: the machine. Owned and replaced by `app.MachineRoom`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Desk:
    typing: bool = False  # a text input has the keys
    commanding: bool = False  # the command line is open
    held: bool = False  # the display stands still, the machine does not
    message: str = ""  # the screen's own answer to the last command, "" = none
    refused: bool = False  # it says why something was not done
    tab: str = "processes"  # the panel shown in the tab row of the small layout
    layout: str = "room"  # which panels stand where, in the large layout
    zoom: str = ""  # the maximised panel
    folded: bool = False  # the self-test has been put away
    booted: bool = False  # a self-test has been seen
    visited: str = ""  # the screen above the room that was opened last
    small: bool = False  # the layout with tabs
    sort: str = "active"  # column that orders the processes
    tree: bool = False  # processes under their parents
    filter: str = ""  # only processes and log lines with this in them

    @property
    def testing(self) -> bool:
        """Is the self-test on the screen?"""
        return self.booted and not self.folded
