"""The world behind the kernel: devices on worker threads, and what people type.

Knows: mounted devices, requests in flight, deadlines, the inbox. Does not know: processes, tokens, the kernel. A slow
device blocks nobody: each call has a thread of its own, and its result is delivered when it is there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from queue import Empty, SimpleQueue

from llmos_kernel.ports import Delivery, Plain, Request

from .devices.base import Context, Device, DeviceError, Result, whole

GRACE = 0.5  # seconds a device may need to notice that it was cancelled
MAX_RESULT = 200_000  # characters that may cross into the kernel


@dataclass
class Flight:
    """One call in the air."""

    request: Request
    deadline: float
    cancelled: threading.Event = field(default_factory=threading.Event)


class HostWorld:
    """Implements the kernel's `World`. `poll` and `submit` are called by the machine's thread, the rest by anyone."""

    def __init__(self, devices: Mapping[str, Device], context: Context | None = None) -> None:
        self.devices = devices
        self.context = context or Context()
        self._inbox: SimpleQueue[Delivery] = SimpleQueue()
        self._flights: dict[int, Flight] = {}
        self._bell = threading.Event()

    # -- the kernel's side ------------------------------------------------------------------------------------------

    def poll(self) -> Sequence[Delivery]:
        if self._flights and next(iter(self._flights.values())).deadline < time.monotonic():  # the oldest
            self._expire()
        deliveries: list[Delivery] = []
        while not self._inbox.empty():
            try:
                delivery = self._inbox.get_nowait()
            except Empty:
                break
            if delivery.kind != "done" or self._flights.pop(int(delivery.target), None) is not None:
                deliveries.append(delivery)
        return deliveries

    def submit(self, request: Request) -> None:
        flight = Flight(request, time.monotonic() + self.context.timeout + GRACE)
        self._flights[request.number] = flight
        threading.Thread(
            target=self._fly, args=(flight,), daemon=True, name=f"{request.device}-{request.number}"
        ).start()

    def _fly(self, flight: Flight) -> None:
        request = flight.request
        try:
            context = replace(self.context_of(request), cancelled=flight.cancelled.is_set)
            result: Result = self.device(request).call(request.text, context)
            self._done(request, (whole(result.text[:MAX_RESULT]), whole(result.origin)), ok=True)
        except DeviceError as e:
            self._done(request, (whole(str(e)), request.device), ok=False)
        except Exception as e:  # a broken device is the caller's error, not the machine's end
            self._done(request, (f"{request.device} broke: {type(e).__name__}: {e}", request.device), ok=False)

    def device(self, request: Request) -> Device:
        """Which device serves a call. Raises DeviceError when none of that name is mounted."""
        if request.device not in self.devices:
            raise DeviceError(f"no {request.device} is mounted")
        return self.devices[request.device]

    def context_of(self, request: Request) -> Context:
        """What the call may rely on."""
        return replace(self.context, caller=request.pid)

    def _done(self, request: Request, data: Plain, ok: bool) -> None:
        self.deliver(Delivery("done", str(request.number), data, int(ok)))

    def _expire(self) -> None:
        now = time.monotonic()
        for flight in [f for f in self._flights.values() if f.deadline < now]:
            flight.cancelled.set()
            self._done(
                flight.request, (f"no answer within {self.context.timeout:g} s", flight.request.device), ok=False
            )

    # -- everybody's side -------------------------------------------------------------------------------------------

    def deliver(self, delivery: Delivery) -> None:
        """Hand something to the kernel at its next tick, and wake the machine's thread."""
        self._inbox.put(delivery)
        self._bell.set()

    def type(self, line: str) -> None:
        self.deliver(Delivery("line", "console", line))

    def end_input(self) -> None:
        self.deliver(Delivery("eof", "console"))

    def replug(self, server: str, tools: Mapping[str, Device]) -> None:
        """A server's tools came or went, under names "server.tool"; the kernel hears of it at its next tick."""
        kept = {name: device for name, device in self.devices.items() if not name.startswith(f"{server}.")}
        self.devices = kept | dict(tools)
        self.deliver(Delivery("devices", server, tuple(self.devices)))

    def command(self, verb: str, *args: Plain) -> None:
        self.deliver(Delivery("command", verb, args))

    def ring(self) -> None:
        """Wake a waiting machine without delivering anything."""
        self._bell.set()

    def wait(self, seconds: float, ready: Callable[[], bool] = lambda: False) -> None:
        """Sleep until something is delivered, `ready` is already true, or the time is over."""
        self._bell.clear()  # what it rang for is in the inbox, or was taken out of it already
        if self._inbox.empty() and not ready():
            self._bell.wait(seconds)

    @property
    def quiet(self) -> bool:
        """Nothing is waiting to be delivered."""
        return self._inbox.empty()

    def close(self) -> None:
        for flight in self._flights.values():
            flight.cancelled.set()
