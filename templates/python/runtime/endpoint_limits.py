"""How much one device and one address may send: token buckets in bounded memory, one
set for each process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from ipaddress import IPv6Address, ip_address
from threading import Lock
from time import monotonic
from typing import Final, NamedTuple

MOST_BUCKETS: Final = 50_000


class Rate(NamedTuple):
    """So many events at once, and so many a second in the long run."""

    burst: float
    a_second: float


DEVICE: Final = Rate(1_000, 30)
"""Amplitude takes 30 events a second of a device; what was queued offline comes at
once.
"""
ADDRESS: Final = Rate(20_000, 1_000)
"""Many people may share one address."""


class Buckets:
    """One bucket for each key. The keys used last are kept; one that is forgotten
    starts full again.
    """

    def __init__(
        self,
        rate: Rate,
        most: int = MOST_BUCKETS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.rate = rate
        self._most = most
        self._clock = clock
        self._lock = Lock()
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def take(self, key: str, number: float) -> float:
        """Take so much from a bucket: 0.0 when it was there, else nothing is taken and
        the seconds are given until it is. What no bucket holds takes a full one.
        """
        burst, a_second = self.rate
        number = min(number, burst)
        now = self._clock()
        with self._lock:
            level, at = self._levels.get(key, (burst, now))
            level = min(burst, level + (now - at) * a_second)
            wait = 0.0
            if level < number:
                wait = (number - level) / a_second
            else:
                level -= number
            self._levels[key] = level, now
            self._levels.move_to_end(key)
            if len(self._levels) > self._most:
                self._levels.popitem(last=False)
        return wait


def network_of(ip: str | None) -> str:
    """Name the bucket of an address: one person has a whole /64 of IPv6.

    >>> network_of("2001:db8::1"), network_of("203.0.113.9"), network_of(None)
    ('2001:db8::', '203.0.113.9', '')
    """
    if ip is None or ":" not in ip:
        return ip or ""
    return str(IPv6Address(int(ip_address(ip)) >> 64 << 64))
