"""The ready queue: waiting processes in the order of their keys.

Knows: numbers and keys. Does not know: what a key means; the policies do. A heap in which removed entries stay until
they come to the top or are too many, so that every operation costs O(log n) on average.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

Key = tuple[int, ...]


class ReadyQueue:
    def __init__(self) -> None:
        self._keys: dict[int, Key] = {}
        self._heap: list[tuple[Key, int]] = []

    def __len__(self) -> int:
        return len(self._keys)

    def push(self, pid: int, key: Key) -> None:
        assert pid not in self._keys, f"pid {pid} waits already"
        self._keys[pid] = key
        heappush(self._heap, (key, pid))

    def remove(self, pid: int) -> None:
        """Raises KeyError when `pid` does not wait."""
        del self._keys[pid]
        if len(self._heap) > 2 * len(self._keys) + 64:
            self._heap = [(key, pid) for pid, key in self._keys.items()]
            heapify(self._heap)

    def first(self) -> Key | None:
        """The smallest key, or None when nobody waits."""
        heap, keys = self._heap, self._keys
        while heap:
            key, pid = heap[0]
            if keys.get(pid) == key:
                return key
            heappop(heap)
        return None

    def pop(self) -> int:
        """Take out the process with the smallest key; 0 when nobody waits."""
        if self.first() is None:
            return 0
        _, pid = heappop(self._heap)
        del self._keys[pid]
        return pid

    def pids(self) -> list[int]:
        """Who waits, first to last."""
        return sorted(self._keys, key=self._keys.__getitem__)
