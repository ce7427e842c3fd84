"""Hold what is said of key templates against printing every key of small plans."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from trackside.ir import EnumValue, KeyTemplate, Scalar
from trackside.ir.patterns import parse_pattern
from trackside.rules.dedupe.texts import common_text, may_contain, two_readings

LETTERS = "ab-"
WORDS = ["".join(letters) for size in (1, 2, 3) for letters in product(LETTERS, repeat=size)]
PATTERNS = ["[a-b]{1,2}", "a?b-?", "(?:ab|a)-?", "[-ab]", "a{1,3}", "-?[ab]", "(?:a-){1,2}b?", "b*a", "[ab-]{2}", "a*"]

enums = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4, unique=True).map(
    lambda words: Scalar(base="string", enum=tuple(EnumValue(word) for word in words))
)
patterns = st.sampled_from(PATTERNS).map(lambda text: Scalar(base="string", pattern=parse_pattern(text).text))
types = st.lists(st.one_of(enums, patterns), min_size=1, max_size=3)
texts = st.lists(st.text(LETTERS, max_size=2), min_size=4, max_size=4)


def values_of(type: Scalar) -> list[str]:
    """List what a part of the type can print, up to five letters: all that matters of the patterns above."""
    if type.enum:
        return [str(allowed.value) for allowed in type.enum]
    assert type.pattern is not None
    pattern = parse_pattern(type.pattern)
    longest = 5
    return [
        word
        for size in range(1, longest + 1)
        for letters in product(LETTERS, repeat=size)
        if pattern.matches(word := "".join(letters))
    ]


def template_of(parts: list[Scalar], texts: list[str]) -> KeyTemplate:
    names = tuple(f"p{index}" for index in range(len(parts)))
    used = tuple(texts[: len(parts) + 1])
    text = used[0] + "".join(f"{{{name}}}{after}" for name, after in zip(names, used[1:], strict=True))
    return KeyTemplate(text=text, texts=used, parts=names)


def printed(template: KeyTemplate, values: tuple[str, ...]) -> str:
    return template.texts[0] + "".join(value + after for value, after in zip(values, template.texts[1:], strict=True))


def every_key(template: KeyTemplate, parts: list[Scalar]) -> dict[str, list[tuple[str, ...]]]:
    keys: dict[str, list[tuple[str, ...]]] = {}
    for values in product(*(values_of(type) for type in parts)):
        keys.setdefault(printed(template, values), []).append(values)
    return keys


@given(types, texts)
@settings(max_examples=150, deadline=None)
def test_a_template_is_ambiguous_when_two_facts_print_one_key(parts: list[Scalar], texts: list[str]) -> None:
    template = template_of(parts, texts)
    found = two_readings(template, tuple(parts))
    doubles = [values for values in every_key(template, parts).values() if len(values) > 1]
    if found is None:
        assert not doubles
    elif found.are_possible(tuple(parts), tuple(parts)):
        assert found.first != found.second
        assert printed(template, found.first) == found.text == printed(template, found.second)
    else:
        # Only a pattern that also matches nothing is read too widely.
        assert any(type.pattern is not None and parse_pattern(type.pattern).root.nullable for type in parts)


@given(types, texts, types, texts)
@settings(max_examples=150, deadline=None)
def test_two_templates_overlap_when_they_print_one_key(
    parts: list[Scalar], texts: list[str], other_parts: list[Scalar], other_texts: list[str]
) -> None:
    template, other = template_of(parts, texts), template_of(other_parts, other_texts)
    found = common_text(template, tuple(parts), other, tuple(other_parts))
    shared = every_key(template, parts).keys() & every_key(other, other_parts).keys()
    if found is None:
        assert not shared
    elif found.are_possible(tuple(parts), tuple(other_parts)):
        assert printed(template, found.first) == found.text == printed(other, found.second)
    else:
        assert any(
            type.pattern is not None and parse_pattern(type.pattern).root.nullable for type in (*parts, *other_parts)
        )


@given(st.one_of(enums, patterns), st.sampled_from(LETTERS))
def test_a_value_holds_only_what_its_type_may_contain(type: Scalar, letter: str) -> None:
    assert may_contain(type, letter) == any(letter in value for value in values_of(type))


def test_numbers_and_dates_print_what_their_types_say() -> None:
    counted = Scalar(base="integer", minimum=1)
    signed = Scalar(base="integer")
    assert not may_contain(counted, "-")
    assert may_contain(signed, "-")
    assert may_contain(Scalar(base="date"), "-")
    assert not may_contain(Scalar(base="uuid"), "_")
    assert may_contain(Scalar(base="boolean"), "u")
    assert not may_contain(Scalar(base="boolean"), "-")
    facts = two_readings(template_of([counted, counted], ["", "", "", ""]), (counted, counted))
    assert facts is not None
    assert facts.are_possible((counted, counted), (counted, counted))
    assert (
        two_readings(template_of([Scalar(base="date"), signed], ["", "", "", ""]), (Scalar(base="date"), signed))
        is None
    )
