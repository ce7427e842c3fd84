"""How much one device and one address may send: token buckets in bounded memory, one
set for each process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from ipaddress import IPv6Address, ip_address
from threading import RLock
from time import monotonic
from typing import Final, NamedTuple

from .process import after_fork

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
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._unlock()
        after_fork(self._unlock)

    def _unlock(self) -> None:
        """Begin with a lock that no thread of a parent process holds."""
        self._lock = RLock()

    def __len__(self) -> int:
        return len(self._levels)

    def take(self, key: str, number: float) -> float:
        """Take so much from a bucket: 0.0 when it was there, else nothing is taken and
        the seconds are given until it is. What no bucket holds takes a full one.
        """
        return self.take_all({key: number})

    def take_all(self, numbers: Mapping[str, float]) -> float:
        """Take so much from each of some buckets, or nothing from any: 0.0, or the
        seconds until it is in all of them.
        """
        burst, a_second = self.rate
        now = self._clock()
        wait = 0.0
        with self._lock:
            levels: dict[str, float] = {}
            for key, number in numbers.items():
                level, at = self._levels.get(key, (burst, now))
                levels[key] = min(burst, level + (now - at) * a_second)
                wait = max(wait, (min(number, burst) - levels[key]) / a_second)
            for key, number in numbers.items():
                taken = 0.0 if wait else min(number, burst)
                self._put(key, levels[key] - taken, now)
        return wait

    def give_back(self, key: str, number: float) -> None:
        """Put back what was taken for nothing."""
        burst, a_second = self.rate
        now = self._clock()
        with self._lock:
            level, at = self._levels.get(key, (burst, now))
            level += (now - at) * a_second + min(number, burst)
            self._put(key, min(burst, level), now)

    def _put(self, key: str, level: float, now: float) -> None:
        self._levels[key] = level, now
        self._levels.move_to_end(key)
        if len(self._levels) > self._most:
            self._levels.popitem(last=False)


def network_of(ip: str | None) -> str:
    """Name the bucket of an address: one person has a whole /64 of IPv6.

    >>> network_of("2001:db8::1"), network_of("203.0.113.9"), network_of(None)
    ('2001:db8::', '203.0.113.9', '')
    """
    if ip is None or ":" not in ip:
        return ip or ""
    return str(IPv6Address(int(ip_address(ip)) >> 64 << 64))
