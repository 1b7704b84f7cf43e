"""One panel a file: each says which part of a view it draws, and draws it as rows.

Knows: every panel, in reading order. To add one: write its file, add it here, give it a place in `layout.py` and a help
text in `help/`.
"""

from __future__ import annotations

from llmos.tui.pane import Pane

from .banner import Banner
from .boot import Boot
from .console import Console
from .cpu import CpuPane
from .devices import Devices
from .disk import Disk
from .laststop import LastStop
from .log import Log
from .pages import Pages
from .processes import Processes
from .ram import Ram
from .timeline import Timeline
from .toosmall import TooSmall
from .transport import Transport
from .window import Window

PANES: tuple[type[Pane], ...] = (
    Banner,
    Boot,
    CpuPane,
    Ram,
    Processes,
    Pages,
    Disk,
    Timeline,
    Devices,
    Window,
    Console,
    Log,
    LastStop,
    Transport,
    TooSmall,
)
