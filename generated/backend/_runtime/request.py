"""One HTTP request as the tracker sees it: whom its events are about, and which facts
its answer confirms.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import Any, Final

from .context import Context, activated
from .sinks import Sink
from .values import Json

MOST_CONFIRMED: Final = 20

_request: ContextVar[Request | None] = ContextVar("trackside_request", default=None)


class Request:
    """The tracking state of one request, shared by all that works on it.

    `read` gives what the carriers say and is called once, when the first event wants to
    know; `problem` counts a kind of trouble. `user` gives the user_id of the server's
    own session. It is asked whenever an event needs it, so that it may use what the
    framework sets up later, and a login counts from then on.
    """

    def __init__(
        self,
        read: Callable[[], Context],
        problem: Callable[..., Any],
        *,
        user: Callable[[], str | None] | None = None,
    ) -> None:
        self.confirmed: list[str] = []
        self.has_fact = True
        self.answered = False
        self._read = read
        self.problem = problem
        self.unsettled: dict[str, Callable[[], bool]] = {}
        self._user = user
        self._base: Context | None = None
        self._personal: tuple[Context, str, Context] | None = None

    @staticmethod
    def current() -> Request | None:
        """Give the request that is being answered here, if one is."""
        return _request.get()

    @contextmanager
    def active(self) -> Generator[Request, None, None]:
        """Make this the current request, and the source of the current context, inside
        the `with` block.
        """
        token = _request.set(self)
        try:
            with activated(self):
                yield self
        finally:
            try:
                _request.reset(token)
            except ValueError:  # left in another task than it was entered in
                former = token.old_value
                _request.set(None if former is Token.MISSING else former)

    # --- whom it is about ---

    def context(self) -> Context:
        """Give the context as it is now: what the carriers say, and who is logged in at
        this moment.
        """
        base = self._carried()
        user_id = self._ask_user()
        if user_id is None:
            return base
        known = self._personal
        if known is None or known[0] is not base or known[1] != user_id:
            known = self._personal = (base, user_id, base.with_user(user_id))
        return known[2]

    def add_properties(self, properties: Mapping[str, Json]) -> None:
        """Add context properties, for all that this request sends from now on."""
        self._base = self._carried().with_properties(properties)

    def set_attempt(self, attempt: str | None) -> None:
        """Take the key of an attempt from a form's hidden field, where no header could
        carry it: the text that the page's copy has for the header, or the UUID alone.
        What is neither leaves the request without one.
        """
        self._base = self._carried().with_attempt(attempt)

    def _carried(self) -> Context:
        if self._base is None:
            try:
                self._base = self._read()
            except Exception as error:
                self.problem("request_unreadable", error)
                self._base = Context()
        return self._base

    def _ask_user(self) -> str | None:
        if self._user is None:
            return None
        try:
            return self._user()
        except Exception as error:
            # What the device alone may say is still said; that this failed is counted.
            self.problem("user_failed", error)
            return None

    # --- what the answer says ---

    def confirm(self, insert_id: str, check: Callable[[], bool] | None = None) -> None:
        """Tell the page, with the answer, that the server has this fact: its own copy
        can go.

        An answer of 2xx or 3xx says so, for at most 20 facts. What is confirmed when
        the answer is on its way is counted, and the page's copy waits for its grace.
        `check` is asked before the answer whether it is so by then: of a fact that is
        part of a transaction, whether it was committed.
        """
        if insert_id in self.confirmed:
            return
        if self.answered:
            self.problem("confirmed_too_late")
        elif len(self.confirmed) >= MOST_CONFIRMED:
            self.problem("confirmed_too_many")
        else:
            self.confirmed.append(insert_id)
            if check is not None:
                self.unsettled[insert_id] = check

    def settle(self) -> None:
        """Withdraw what was confirmed on a condition that does not hold; this may ask a
        database.
        """
        while self.unsettled:
            insert_id, check = self.unsettled.popitem()
            try:
                holds = check()
            except Exception as error:
                self.problem("confirmation_unknown", error)
                holds = False
            if not holds:
                self.problem("confirmation_withdrawn")
                self.confirmed.remove(insert_id)

    def no_fact(self) -> None:
        """Tell the page that this request made no fact although its answer is 2xx: a
        declined card, say.
        """
        if self.answered:
            self.problem("no_fact_too_late")
        self.has_fact = False


def confirm(sink: Sink | None, event: str, insert_id: str) -> None:
    """Confirm a fact with the answer to the present request, if there is one: as it is,
    or, where it is part of a transaction, if that is committed by then.
    """
    request = _request.get()
    if request is None:
        return
    store: Any = getattr(sink, "ledger", sink)  # of several, the one that knows
    in_transaction = getattr(store, "in_transaction", None)
    if in_transaction is None or not in_transaction():
        request.confirm(insert_id)
    else:
        request.confirm(
            insert_id,
            lambda: store.knows(event, insert_id) or store.promised(event, insert_id),
        )
