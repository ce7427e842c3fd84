"""What the docstring of a generated function says: what the event is, when it fires, how it counts, what goes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.ir import AnyValue, Scalar
from trackside.targets.escape import python_docstring, python_docstring_name
from trackside.targets.python.layout import wrap
from trackside.targets.type_words import limits, value_words

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trackside.ir import Property, Type, Value, View, ViewProperty


def sentence(text: str) -> str:
    """Escape a text and end it with a stop.

    >>> sentence("The order was paid"), sentence("Really?")
    ('The order was paid.', 'Really?')
    """
    line = python_docstring(text)
    return line if not line or line[-1] in ".!?…:;" else f"{line}."


def capital(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]


def event_lines(view: View, function: str) -> list[str]:
    """Write the first lines, each within the docstring's width: what, when, where, how often."""
    event = view.event
    first = sentence(event.description) if event.description else f"Record {python_docstring(event.name)}."
    facts: list[str] = []
    if event.trigger:
        facts.append(f"Fires: {sentence(event.trigger)}")
    if event.name != function:
        facts.append(f"Sent as `{python_docstring_name(event.name)}`.")
    facts.append(_placement(view))
    facts.append(_key(view))
    about = _about(view)
    if about:
        facts.append(" ".join(about))
    return [wrap(first, 7, 4), "", *[wrap(fact, 4, 4) for fact in facts]]


def promise_lines(view: View) -> list[str]:
    """Write the first lines of the function that promises an event."""
    name = python_docstring(view.event.name)
    known = "The key is the attempt that came with the request." if view.dedupe and not view.dedupe.by else ""
    return [
        wrap(f"Promise that a job or a webhook will send {name}.", 7, 4),
        "",
        *wrapped(
            "The answer to this request confirms it, so that the client's copy goes. A promise "
            "that is not kept in time is counted and reported."
        ),
        *wrapped(known),
    ]


def twin_lines(view: View, function: str) -> list[str]:
    """Write the docstring of the awaitable twin of a function."""
    return [
        event_lines(view, function)[0],
        "",
        *wrapped(f"Does what `track.{function}` does, and waits for its look-ups without holding the event loop."),
    ]


def wrapped(text: str) -> list[str]:
    """Break a text into the lines of a docstring; nothing where there is none."""
    return [wrap(text, 4, 4)] if text else []


def _placement(view: View) -> str:
    event = view.event
    if event.placement != "hybrid":
        return "Server: the client does not send it." if event.placement == "server" else "Client."
    if event.client_copy is not None and event.client_copy.mode == "always":
        return "Hybrid: both sides send it at once; the key makes one of the two."
    return "Hybrid: the server owns the fact; the client's copy is a safety net."


def _key(view: View) -> str:
    key = view.dedupe
    if key is None:
        return "Dedupe key: none, each call counts."
    if key.form == "attempt":
        return "Dedupe key: the attempt that came with the request."
    parts = ", ".join([python_docstring(name) for name in key.by])
    return f"Dedupe key: {parts}, printed in the clear." if key.form == "template" else f"Dedupe key: {parts}."


def _about(view: View) -> list[str]:
    event = view.event
    found: list[str] = []
    if event.identity.mode == "system":
        found.append("Identity: the system itself.")
    elif event.identity.mode == "named":
        found.append(f"Identity: {' and '.join(event.identity.ids)}.")
    if view.revenue is not None:
        money = view.revenue
        amount = money.amount or f"{money.unit_price} times {money.quantity}"
        found.append(f"Revenue: {'less ' if money.negate else ''}{python_docstring(amount)}.")
    if view.enrich:
        found.append(f"Looked up: {python_docstring(', '.join(view.enrich))}.")
    if event.consent != "analytics":
        found.append(f"Consent: {event.consent}.")
    if event.owners:
        found.append(f"Owner: {python_docstring(', '.join(event.owners))}.")
    if event.status != "live":
        instead = f", use {python_docstring(event.replaced_by)} instead" if event.replaced_by else ""
        found.append(f"Status: {event.status}{instead}.")
    if view.sets_user:
        found.append("The person is known from here on: see Context.with_user.")
    if view.clears_user:
        found.append("The person is not known from here on.")
    return found


def argument_lines(arguments: Iterable[tuple[str, ViewProperty]]) -> list[str]:
    """Write the part after `Args:`, a line or more for each argument that there is something to say about."""
    found: list[str] = []
    for name, prop in arguments:
        words = argument_words(prop.declared, prop.type)
        if name != prop.name:
            words = f"Sent as `{python_docstring_name(prop.name)}`. {words}".rstrip()
        if words:
            found.append(wrap(f"{name}: {words}", 8, 12))
    return found


def argument_words(declared: Property, type: Type) -> str:
    """Say what a property is and what its value must be, in words."""
    found = [sentence(declared.description)] if declared.description else []
    if type.description and not declared.description:
        found.append(sentence(type.description))
    rules = _rules(type)
    if rules:
        found.append(rules)
    if declared.has_example:
        example = declared.example
        if not isinstance(example, list | dict):
            found.append(f"For example {python_docstring(_shown(example))}.")
    if declared.unit:
        found.append(f"In {python_docstring(declared.unit)}.")
    if declared.deprecated:
        instead = f": use {python_docstring(declared.replaced_by)}" if declared.replaced_by else ""
        found.append(f"Deprecated{instead}.")
    return " ".join(found)


def _shown(value: Value) -> str:
    return value if isinstance(value, str) else value_words(value)


def _scalar_rules(type: Scalar) -> str:
    words = limits(type)
    found = [f"{capital(', '.join(words))}."] if words else []
    if type.pattern is not None:
        found.append(f"Matches {python_docstring(type.pattern)}.")
    about = [
        f"{python_docstring(_shown(allowed.value))}: {python_docstring(allowed.description)}"
        for allowed in type.enum
        if allowed.description
    ]
    if about:
        found.append(f"{'; '.join(about)}.")
    if type.nullable:
        found.append("None sends null.")
    return " ".join(found)


def _rules(type: Type) -> str:
    if isinstance(type, Scalar):
        return _scalar_rules(type)
    words = limits(type)
    found = [f"{capital(', '.join(words))}."] if words else []
    if type.nullable and not isinstance(type, AnyValue):
        found.append("None sends null.")
    return " ".join(found)
