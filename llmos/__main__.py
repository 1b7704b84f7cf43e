"""Where `llmos` and `python -m llmos` begin.

Knows: that loading the command line takes a while, in which Ctrl-C ends it as well as later. Does not know: any command.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Load the command line and run it."""
    try:
        from .interrupts import heeded

        with heeded():
            from .cli import main as command

            command()
    except KeyboardInterrupt:
        print("llmos: interrupted", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
