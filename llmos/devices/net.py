"""One HTTP connection that cannot outlive its call.

Knows: how to connect to a host that was resolved and judged once, with TLS, under a deadline and a cancel switch; a
watchdog closes the socket when either is over, whatever the other side drips. Does not know: which hosts are allowed
(`browser.py`, `llm.py` say so), redirects, retries.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from .base import Deadline, DeviceError, one_line

WATCH = 0.05  # seconds between two looks at the cancel switch


class _Pinned(http.client.HTTPConnection):
    """Talks to one address, under the name it was resolved from."""

    def __init__(self, host: str, port: int, address: str, timeout: float, tls: ssl.SSLContext | None) -> None:
        super().__init__(host, port, timeout=timeout)
        self.address = address
        self.tls = tls
        self.default_port = 443 if tls else 80
        self.line: socket.socket | None = None  # `sock`, but kept when a response takes that over

    def connect(self) -> None:
        self.sock = self.line = socket.create_connection((self.address, self.port), self.timeout)
        if self.tls:
            self.sock = self.line = self.tls.wrap_socket(self.sock, server_hostname=self.host)


@contextmanager
def connection(
    scheme: str, host: str, port: int, deadline: Deadline, local: bool = False
) -> Iterator[http.client.HTTPConnection]:
    """A connection for one request, closed afterwards. `local`: may the name lead to this machine itself?

    Raises DeviceError for every failure of the network, cancellation and time-out included.
    """
    over = threading.Event()
    try:
        deadline.check()
        address = _address(host, port, local)
        tls = ssl.create_default_context() if scheme == "https" else None
        link = _Pinned(host, port, address, max(deadline.left(), 0.001), tls)
        watchdog = threading.Thread(target=_watch, args=(link, deadline, over), daemon=True)
        watchdog.start()
        try:
            yield link
        finally:
            over.set()
            watchdog.join()
            link.close()
    except (OSError, http.client.HTTPException, ValueError, OverflowError) as error:  # a chunk of 2**64 bytes
        deadline.check()
        raise DeviceError(f"{host} can't be reached: {one_line(error) or type(error).__name__}") from None


def _watch(link: _Pinned, deadline: Deadline, over: threading.Event) -> None:
    """Close the socket once the call is cancelled or its time is over."""
    while not over.wait(WATCH):
        over_time = deadline.ctx.cancelled() or not deadline.left()
        if over_time and link.line is not None:
            with suppress(OSError):
                link.line.shutdown(socket.SHUT_RDWR)
            return


def _address(host: str, port: int, local: bool) -> str:
    """The first address of `host`. A name must not lead to this machine unless that was meant."""
    for *_, (address, *_rest) in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        ip = ipaddress.ip_address(str(address).partition("%")[0])
        inward = ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast
        if inward and not local:
            raise DeviceError(f"{host} leads to this machine itself; allow it by its number if that is meant")
        return str(address)
    raise DeviceError(f"{host} has no address")
