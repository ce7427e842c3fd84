"""Dedupe keys: which properties make two emissions one fact."""

from __future__ import annotations

from trackside.diagnostics import Bag, Label
from trackside.ir import DedupeKey, KeyTemplate
from trackside.resolve.draft import Draft
from trackside.schema.events import RawDedupe
from trackside.source.node import Node

WINDOW = 7 * 86400
"""The window of a key that states none, in seconds: Amplitude's."""


def resolve_key(
    event: str, raw: RawDedupe | None, node: Node, known: set[str], holes: set[str], draft: Draft
) -> DedupeKey | None:
    """Resolve an event's `dedupe`; None where it has none, or after a report. A bad key becomes a hole of the event."""
    if raw is None:
        return None
    place, bag = node.at("dedupe"), draft.bag
    forms = [word for word, given in (("by", raw.by), ("template", raw.template), ("attempt", raw.attempt)) if given]
    if len(forms) != 1:
        if len(forms) > 1:
            bag.report(
                "conflicting-keys",
                place.at(forms[1]).key_span,
                f"`dedupe` of event `{event}` has both `{forms[0]}` and `{forms[1]}`",
                label="a second way to make the key",
                secondary=[Label(place.at(forms[0]).key_span, "the first way")],
                help="keep one of the two",
            )
        else:
            bag.report(
                "missing-key",
                place.span,
                f"`dedupe` of event `{event}` names no property: every emission would be the same fact",
                label="no property",
                help="name the properties that make two emissions one fact, such as `dedupe: [order_id]`",
            )
        holes.add("dedupe")
        return None
    template = None
    by = raw.by or ()
    if raw.template is not None:
        template = _template(event, raw.template, place.at("template"), bag)
        if template is None:
            holes.add("dedupe")
            return None
        by = tuple(dict.fromkeys(template.parts))
    missing = False
    for index, name in enumerate(by):
        at = place.at("template") if template is not None else place.at("by") if place.has("by") else place
        span = at.span if template is not None else at.at(index).span
        if name in by[:index]:
            bag.report("conflicting-keys", span, f"`dedupe` of event `{event}` names `{name}` twice", help="keep one")
        if name in known or name in holes or holes & {"property_groups", "properties"}:
            missing = missing or name not in known
            continue
        missing = True
        identity = name in ("user_id", "device_id", "session_id")
        draft.no_property(
            span,
            f"`dedupe` of event `{event}`",
            name,
            known,
            help="identity fields are never parts of a key: name what makes the fact one" if identity else None,
            alone=template is None,
        )
    if missing:
        holes.add("dedupe")
        return None
    return DedupeKey(
        form="attempt" if raw.attempt else "template" if template is not None else "properties",
        key_name=raw.name or event,
        by=by,
        template=template,
        window=WINDOW if raw.window is None else raw.window,
        place=place,
    )


def _template(event: str, text: str, place: Node, bag: Bag) -> KeyTemplate | None:
    texts: list[str] = []
    parts: list[str] = []
    rest = text
    while True:
        before, opening, after = rest.partition("{")
        wrong = "`}` without `{`" if "}" in before else None
        texts.append(before)
        if not opening and wrong is None:
            break
        name, closing, rest = after.partition("}")
        if wrong is None and not closing:
            wrong = "`{` without `}`"
        if wrong is None and (not name or "{" in name):
            wrong = "a placeholder without a property's name"
        if wrong is not None:
            bag.report(
                "unreadable-template",
                place.span,
                f"the template of event `{event}` has {wrong}",
                help='write `"purchase_{order_id}"`: a property\'s name in braces',
            )
            return None
        parts.append(name)
    if not parts:
        bag.report(
            "unreadable-template",
            place.span,
            f"the template of event `{event}` names no property: every emission would be the same fact",
            help='name one in braces, such as `"purchase_{order_id}"`',
        )
        return None
    return KeyTemplate(text=text, texts=tuple(texts), parts=tuple(parts))
