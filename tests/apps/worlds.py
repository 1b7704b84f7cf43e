"""A world without devices, in which a person types commands."""

from __future__ import annotations

from collections.abc import Sequence

from llmos_kernel.ports import Delivery, Request


class Panel:
    def __init__(self) -> None:
        self.typed: list[Delivery] = []

    def poll(self) -> Sequence[Delivery]:
        taken, self.typed = self.typed, []
        return taken

    def submit(self, request: Request) -> None:
        """No devices."""
