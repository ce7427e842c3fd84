"""A WSGI application that records the fact whose number is the query string. The sink is made where the module is
imported: in the master under `--preload`, else in each worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from facts import record, set_up

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

set_up()


def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Record one fact."""
    query = environ["QUERY_STRING"]
    taken = record(int(query)) if query else True
    start_response("200 OK" if taken else "503 Service Unavailable", [("Content-Type", "text/plain")])
    return [query.encode()]
