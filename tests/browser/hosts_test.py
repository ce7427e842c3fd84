"""One visit over several hosts: another origin's endpoint and API, and a cookie for all of a domain."""

from __future__ import annotations

from collections.abc import Callable


def test_hosts_of_ours_are_one_and_others_hear_nothing(run_chain: Callable[..., None]) -> None:
    listed = "served_by: backend, origins: ['https://checkout.stall.example']"
    run_chain("hosts.test.mjs", ("served_by: backend", listed))
