"""Findings of schema and resolve stand at the very key or value at fault, and say what is wanted."""

from __future__ import annotations

import pytest

from trackside.diagnostics import Diagnostic, Span
from trackside.pipeline import analyse_text

HEAD = """\
trackside: 1
plan: {name: shop, version: 1.0.0, namespace: "https://shop.example"}
destinations: {amplitude: {project: shop}}
sources:
  web: {side: client, target: javascript, out: generated/web}
  backend: {side: server, target: python, out: generated/backend}
identity: {device_id: {carried_in: [header, cookie]}}
"""


def text_at(text: str, span: Span) -> str:
    """Cut a span out of a text."""
    lines = text.split("\n")
    if span.line == span.end_line:
        return lines[span.line - 1][span.column - 1 : span.end_column - 1]
    first = lines[span.line - 1][span.column - 1 :]
    last = lines[span.end_line - 1][: span.end_column - 1]
    return "\n".join([first, *lines[span.line : span.end_line - 1], last])


def only_finding(text: str) -> Diagnostic:
    """Analyse a plan that has exactly one thing wrong with it."""
    findings = list(analyse_text(text).bag)
    assert len(findings) == 1, [finding.headline for finding in findings]
    return findings[0]


CASES = [
    # what is written, the slug, the text at the span, words of the headline, words of the help
    ("events: {a: {kind: pageview}}", "wrong-value", "pageview", "`kind` of event `a`", "`page_view`"),
    ("events: {a: {kind: click, descripton: x}}", "unknown-key", "descripton", "event `a` has no key", "`description`"),
    ("events: {a: {kind: click, tags: x}}", "wrong-shape", "x", "`tags` of event `a` wants a list", "tags: [checkout]"),
    ("events: {a: {kind: click, since: no}}", "ambiguous-scalar", "no", "without quotes is a boolean", '"no"'),
    ("events: {a: {because: x}}", "missing-placement", "a", "event `a` wants `placement`", "kind:"),
    (
        "events: {a: {kind: click, properties: {p: {type: strng}}}}",
        "unknown-reference",
        "strng",
        "`p` of event `a` has the type `strng`",
        "`string`",
    ),
    (
        "events: {a: {kind: click, properties: {p: {type: integer, minimum: ten}}}}",
        "wrong-value",
        "ten",
        "`minimum` of `p` of event `a` wants a decimal number",
        "minimum: 0",
    ),
    (
        "events: {a: {kind: click, properties: {p: {enum: [x, z], pattern: 'a.b'}}}}",
        "pattern-not-portable",
        ".",
        "the pattern of `p` of event `a` is outside the portable subset",
        "`[^\\n]`",
    ),
    (
        'events: {a: {kind: click, properties: {p: {type: string, pattern: "\\x61.b"}}}}',
        "pattern-not-portable",
        '"\\x61.b"',
        "the pattern of `p` of event `a` is outside the portable subset",
        "`[^\\n]`",
    ),
    (
        "events: {a: {kind: click, properties: {p: {type: list, items: {type: string, mn_length: 3}}}}}",
        "unknown-key",
        "mn_length",
        "`items` of `p` of event `a` has no key",
        "`min_length`",
    ),
    ("types: {t: {type: integer, example: x}}\nevents: {}", "value-breaks-type", "x", "`example` of type `t`", ""),
    ("context: [app]\nevents: {}", "unknown-reference", "app", "the plan names the property group `app`", "define it"),
    (
        "property_groups: {app: {v: string}}\ncontext: [ap]\nevents: {}",
        "unknown-reference",
        "ap",
        "property group `ap`",
        "`app`",
    ),
    (
        "enrichments: {e: {by: user, properties: {p: string}}}\nevents: {}",
        "wrong-value",
        "user",
        "`by` of enrichment `e` wants `user_id` or `device_id`",
        "`user_id`",
    ),
    (
        "user_properties: {plan: {type: string, op: put}}\nevents: {}",
        "wrong-value",
        "put",
        "`op` of `plan` of `user_properties` wants one of",
        "",
    ),
    (
        "events: {a: {kind: click, dedupe: [order], properties: {order_id: string}}}",
        "unknown-reference",
        "order",
        "`dedupe` of event `a` names `order`",
        "`order_id`",
    ),
    (
        "attribution: {carried_in: [header, cokie]}\nevents: {}",
        "wrong-value",
        "cokie",
        "`attribution.carried_in[1]` of the plan",
        "`cookie`",
    ),
    ("consent: {default: yes}\nevents: {}", "wrong-value", "yes", "`consent.default` of the plan", ""),
    ("evnts: {}", "unknown-key", "evnts", "the plan has no key `evnts`", "`events`"),
]


@pytest.mark.parametrize(("written", "slug", "at", "headline", "help_text"), CASES)
def test_place_and_words(written: str, slug: str, at: str, headline: str, help_text: str) -> None:
    text = HEAD + written + "\n"
    found = only_finding(text)
    assert found.slug == slug
    assert text_at(text, found.primary.span) == at
    assert found.primary.span.line >= 8
    assert headline in found.headline
    assert help_text in (found.help or "")


def test_a_missing_key_is_reported_at_the_name_of_what_lacks_it() -> None:
    text = HEAD.replace("{side: client, ", "{") + "events: {}\n"
    found = only_finding(text)
    assert (found.slug, text_at(text, found.primary.span)) == ("missing-key", "web")
    assert "source `web` wants `side`" in found.headline


def test_a_property_from_two_places_names_both() -> None:
    text = HEAD + (
        "property_groups: {order: {order_id: string}}\n"
        "events:\n"
        "  seen: {kind: click, property_groups: [order], properties: {order_id: integer}}\n"
    )
    found = only_finding(text)
    assert found.slug == "duplicate-property"
    assert found.primary.span.line == 10
    assert [label.span.line for label in found.secondary] == [8]


def test_all_independent_errors_come_in_one_run_and_nothing_that_only_follows() -> None:
    text = HEAD + (
        "types:\n"
        "  money: {type: number, minimun: 0}\n"
        "events:\n"
        "  a: {kind: clik}\n"
        "  b:\n"
        "    kind: click\n"
        "    tags: x\n"
        "    properties:\n"
        "      p: money\n"
        "      q: {type: integer, pii: secret}\n"
        "      r: list\n"
        "  c: {kind: intent, outcome: {event: a, by: [x]}, properties: {x: string}}\n"
    )
    found = [(item.primary.span.line, item.slug) for item in analyse_text(text).bag]
    assert found == [
        (9, "unknown-key"),
        (11, "wrong-value"),
        (14, "wrong-shape"),
        (17, "wrong-value"),
        (18, "unreadable-type"),
    ]


def test_fixes_make_the_plan_right() -> None:
    text = HEAD + "events: {a: {kind: clik, since: no}}\n"
    findings = list(analyse_text(text).bag)
    assert sorted(item.slug for item in findings) == ["ambiguous-scalar", "wrong-value"]
    lines = text.split("\n")
    for item in sorted(findings, key=lambda item: item.primary.span, reverse=True):
        assert item.fix is not None
        for edit in item.fix.edits:
            line = lines[edit.span.line - 1]
            lines[edit.span.line - 1] = line[: edit.span.column - 1] + edit.text + line[edit.span.end_column - 1 :]
    assert not list(analyse_text("\n".join(lines)).bag)
