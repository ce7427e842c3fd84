"""What the pages promise about an event, and what they say it does not: identity, counting once, revenue, privacy."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from trackside.ir import ClientCopy, DedupeKey, Event, Json, Object, Plan, Property, Revenue, Scalar, View
from trackside.ir.keys import canonical_text, insert_id, template_text
from trackside.targets.docs.values import held, value_code
from trackside.targets.docs.wording import codes, duration, listed
from trackside.targets.escape import markdown_block, markdown_code
from trackside.targets.samples import NoSampleError, Samples

ATTEMPT = "0b6f1f04-6f2c-4f0e-8d53-5d0a3a1f9c11"
"""The attempt that worked examples are computed for."""


def identity_of(plan: Plan, event: Event) -> str:
    """Say who an event is about."""
    identity = event.identity
    if identity.mode == "system":
        ids = codes([f"system:{plan.name}:{name}" for name in event.sources])
        return f"The system itself: the `device_id` is {ids}, and there is neither a session nor a person."
    if identity.mode == "any":
        return "Whoever is known: a `device_id`, a `user_id`, or both. A call with neither is refused."
    if identity.ids == ("user_id",):
        about = "A person: `user_id` must be known."
    elif identity.ids == ("device_id",):
        about = "A device: `device_id` must be known."
    else:
        about = "A person on a device: `user_id` and `device_id` must both be known."
    if event.dedupe is None:
        return about
    return f"{about} No other id is sent, on any path, so that copies meet under the same one."


class WorkedKey(NamedTuple):
    """A dedupe key, computed for examples of its parts.

    `parts` is empty where no example could be made; `made` names those that the plan gives none for; `hashed` is the
    text behind the key where it is a hash.
    """

    parts: tuple[str | int | bool, ...]
    made: tuple[str, ...]
    hashed: str | None
    insert_id: str | None

    @property
    def shown_parts(self) -> str:
        """The parts as code, or a dash where there are none."""
        return ", ".join([value_code(part) for part in self.parts]) or "–"


class WorkedKeys:
    """Works the keys of a plan out, each once."""

    def __init__(self, plan: Plan, samples: Samples) -> None:
        self._namespace = plan.namespace
        self._samples = samples
        self._worked: dict[str, WorkedKey] = {}

    def of(self, event: Event, key: DedupeKey) -> WorkedKey:
        """Work the key of an event out."""
        known = self._worked.get(event.name)
        if known is None:
            known = self._worked[event.name] = self._work(event, key)
        return known

    def _work(self, event: Event, key: DedupeKey) -> WorkedKey:
        parts: list[str | int | bool] = [ATTEMPT] if key.form == "attempt" else []
        made: list[str] = []
        for name in key.by:
            prop = event.property(name)
            part = _sample(prop, self._samples) if prop is not None else None
            if prop is None or not isinstance(part, str | int):
                return WorkedKey((), (), None, None)
            parts.append(part)
            if not prop.has_example and not self._samples.is_given(prop.type):
                made.append(name)
        if key.template is not None:
            return WorkedKey(tuple(parts), tuple(made), None, template_text(key.template.texts, parts))
        hashed = canonical_text(key.key_name, parts)
        return WorkedKey(tuple(parts), tuple(made), hashed, insert_id(self._namespace, key.key_name, parts))


def _sample(prop: Property, samples: Samples) -> Json:
    try:
        return samples.of_property(prop)
    except NoSampleError:
        return None


def key_parts(key: DedupeKey) -> str:
    """Name what a key is made of."""
    if key.template is not None:
        return str(markdown_code(key.template.text))
    return "the attempt" if key.form == "attempt" else codes(key.by)


def counting(event: Event, keys: WorkedKeys) -> list[str]:
    """Say how an event is counted once, as paragraphs."""
    key = event.dedupe
    if key is None:
        return [
            "It has no dedupe key. Each call is an event of its own under a random `insert_id`, made at the call: what "
            "the transport repeats is counted once, what the code calls twice is counted twice."
        ]
    paragraphs = [_rule(key)]
    worked = keys.of(event, key)
    if worked.insert_id is not None:
        made = f" ({codes(worked.made)} made up, for want of an example in the plan)" if worked.made else ""
        shown = [f"insert_id  {markdown_block(worked.insert_id)}"]
        if worked.hashed is not None:
            shown.insert(0, f"hashed     {markdown_block(worked.hashed)}")
        fence = "```text\n" + "\n".join(shown) + "\n```"
        paragraphs.append(f"For {worked.shown_parts}{made}:\n\n{fence}")
    else:
        paragraphs.append("No example of it can be made from the types alone: give its parts an `example`.")
    if key.key_name != event.name:
        paragraphs.append(
            f"The key is called {markdown_code(key.key_name)}: late copies from before a rename still meet."
        )
    paragraphs.append(
        "The destination keeps the first copy of one `insert_id` on one `device_id` in one project, within "
        f"{duration(key.window)}. That is all: a copy that comes later, or under another device, is counted again."
    )
    return paragraphs


def _rule(key: DedupeKey) -> str:
    if key.form == "attempt":
        return (
            "By the attempt: no business id exists yet, so the client's pending copy makes a UUID that travels with "
            "the request. It counts one attempt once, however often it is sent. It does not count one fact once: two "
            "attempts that both succeed are two events."
        )
    whole = "all of " if len(key.by) > 2 else "both " if len(key.by) == 2 else ""
    rule = f"By {whole}{codes(key.by)}: two emissions that agree in {'them' if len(key.by) > 1 else 'it'} are one fact."
    if key.template is not None:
        return (
            f"{rule} The key is written in the clear, as {markdown_code(key.template.text)}, to match keys sent before."
        )
    return f"{rule} The key is a hash, the same bytes in every language."


def hybrid(plan: Plan, event: Event) -> list[str]:
    """Say what the client's copy of a hybrid event does, and what it does not promise, as paragraphs."""
    copy = event.client_copy or ClientCopy()
    if copy.mode == "always":
        return [
            "Both sides send at once. The first copy to come in is kept, so the values may be the client's, and a "
            "client that sends a copy of something that never happened is believed."
        ]
    endpoint = plan.endpoint
    ways = [
        ("confirmed: a response lists its `insert_id`", "dropped: the server has the fact"),
        ("refused: no 2xx, or 2xx with `Trackside-Outcome: none`", "dropped: there is no fact"),
        ("unconfirmed: 2xx that says nothing", f"sent after {duration(copy.grace)}"),
    ]
    end = "sent" if copy.on_unknown == "send" else "dropped"
    if endpoint is None:
        ways.append(("unknown: no answer, the tab closed, the network lost", end))
    else:
        ways.append(
            (
                "unknown: no answer, the tab closed, the network lost",
                f"it asks {markdown_code(endpoint.route)} until that answers; where it cannot tell: {end}",
            )
        )
    rows = "\n".join([f"| {learns} | {then} |" for learns, then in ways])
    paragraphs = [
        "The server owns the fact. The client's copy is sealed before the request leaves, so that a fact is not lost; "
        "it never asserts one. One of these ends it:",
        f"| The client learns | and its copy is |\n|---|---|\n{rows}",
    ]
    if any(plan.sources[name].target == "javascript" for name in event.sources):
        paragraphs.append(
            "Generated browser code stores the copy until one of them comes, on this page or on the next; the code "
            "that makes the request says what became of it, by `copy.settle(…)`."
        )
    if endpoint is None:
        paragraphs.append(
            "There is no first-party endpoint, so a copy that is sent goes straight to the destination, which keeps "
            "what comes first: where the client's copy wins the race, the server's values are dropped."
        )
    else:
        paragraphs.append(
            f"A copy that is sent goes through {markdown_code(endpoint.route)}, never straight to the destination: "
            "what the server is known to have sent is dropped there, and a copy with revenue that the server never "
            "promised is held back."
        )
    if event.emitted == "later":
        paragraphs.append(
            "The fact is learned after the request: the request promises the key that will be emitted, which confirms "
            "the client's copy. A promise that is not kept in time is counted and reported."
        )
    paragraphs.append(
        "A confirmation says that the server accepted the event; that it is stored durably only where the server has "
        "an outbox. Without one, an event that the server accepted can still be lost with its process."
    )
    return paragraphs


def revenue_words(event: Event, views: list[View]) -> list[str]:
    """Say what becomes the destination's revenue, as paragraphs; none where nothing does."""
    revenue = event.revenue
    if revenue is None:
        return []
    senders = [view.source.name for view in views if view.revenue is not None]
    others = [view.source.name for view in views if view.revenue is None]
    if revenue.amount is not None:
        text = f"{markdown_code(revenue.amount)} is the total: it becomes the destination's revenue, never multiplied."
    else:
        text = (
            f"The revenue is {markdown_code(revenue.unit_price or '')} times {markdown_code(revenue.quantity or '')}."
        )
    text += _beside(revenue)
    if revenue.negate:
        text += " It is a refund: the property stays positive, the revenue is sent negative."
    paragraphs = [text]
    if senders:
        line = f"Sent as revenue by {codes(senders)}"
        line += f"; a copy from {codes(others)} carries no revenue." if others else "."
        paragraphs.append(line)
    if revenue.from_client:
        paragraphs.append("A client may state it too (`from_client: allow`), and what a client states can be forged.")
    return paragraphs


def _beside(revenue: Revenue) -> str:
    named = [
        ("currency", revenue.currency),
        ("product id", revenue.product_id),
        ("revenue type", revenue.type),
    ]
    beside = [f"{markdown_code(name)} is its {what}" for what, name in named if name is not None]
    return f" {listed(beside)}." if beside else ""


def telling(properties: Iterable[Property]) -> list[tuple[str, Property]]:
    """List the properties, at any depth and with their paths, that say something about a person."""
    found: list[tuple[str, Property]] = []
    for prop in properties:
        if prop.pii != "none":
            found.append((prop.name, prop))
        if not isinstance(prop.type, Scalar):
            step, within = held(prop.type, through_names=True)
            if isinstance(within, Object):
                found += [(f"{prop.name}{step}.{path}", inner) for path, inner in telling(within.properties)]
    return found


def consent_words(plan: Plan, event: Event) -> str:
    """Say when a person's choice lets an event through."""
    if event.consent == "necessary":
        return "It is necessary: it is sent whatever the person chose."
    text = f"It is sent where the person allows {event.consent}"
    if plan.consent is None or plan.consent.default == "granted":
        return f"{text}, which holds until they object."
    waits = "waits" if plan.consent.pending == "queue" else "is dropped"
    return f"{text}; before they chose, it {waits}."
