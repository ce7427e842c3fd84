"""The portable subset of regular expressions: what is refused, and that what is accepted means the same everywhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from trackside.ir.pattern_nodes import Chars, Choice, Node, Sequence
from trackside.ir.patterns import MAX_LENGTH, PatternError, parse_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

SPELLINGS = [
    ("ORD-[0-9]+", "ORD-[0-9]+"),
    (r"^SKU-\d{5}$", "SKU-[0-9]{5}"),
    ("^abc", "abc"),
    ("abc$", "abc"),
    (r"abc\$", r"abc\$"),
    ("[A-Z0-9-]{3,32}", r"[A-Z0-9\-]{3,32}"),
    ("[-a]", r"[\-a]"),
    (r"[^-\]]", r"[^\-\]]"),
    (r"[\w.]+", r"[0-9A-Za-z_\.]+"),
    (r"\w\d", "[0-9A-Za-z_][0-9]"),
    ("(?:a)(?:bc)d", "abcd"),
    ("(?:a|b)|c", "a|b|c"),
    ("(?:a|b)c", "(?:a|b)c"),
    ("(?:ab){2}", "(?:ab){2}"),
    ("(?:a{2}){3}", "(?:a{2}){3}"),
    ("a{0,}b{1,}c{0,1}d{1}e{2,}f{3,3}", "a*b+c?de{2,}f{3}"),
    (r"\/\x41\x2e\t\n", r"\/A\.\t\n"),
    ("a/b", r"a\/b"),
    ("\x00\x85", r"\x00\x85"),
    ("[(){}|/$.*+?^]", r"[\(\)\{\}\|\/\$\.\*\+\?\^]"),
    (r"[&\x26]", r"[&\x26]"),
    ("a-b,c:d", "a-b,c:d"),
    ("é😀{2}", "é😀{2}"),
]

REFUSED = [
    ("a.c", 1, "."),
    (r"a\s", 1, r"\s"),
    (r"\S", 0, r"\S"),
    (r"\bword", 0, r"\b"),
    (r"a\B", 1, r"\B"),
    (r"[\b]", 1, r"\b"),
    (r"\Aa", 0, r"\A"),
    (r"a\Z", 1, r"\Z"),
    (r"a\z", 1, r"\z"),
    (r"\D", 0, r"\D"),
    (r"[\W]", 1, r"\W"),
    (r"\p{L}", 0, r"\p"),
    (r"[\P{L}]", 1, r"\P"),
    (r"a\u0041", 1, r"\u"),
    (r"\U00000041", 0, r"\U"),
    (r"\N{DIGIT ONE}", 0, r"\N"),
    (r"\x{41}", 0, r"\x"),
    (r"\x4", 0, r"\x"),
    (r"\0", 0, r"\0"),
    (r"\cA", 0, r"\c"),
    (r"\e", 0, r"\e"),
    (r"(?:a)\1", 5, r"\1"),
    (r"\k<a>", 0, r"\k"),
    (r"a\-b", 1, r"\-"),
    (r"a\ b", 1, "\\ "),
    (r"[\&]", 1, r"\&"),
    ("a\\", 1, "\\"),
    ("(a)", 0, "("),
    ("(?P<n>a)", 0, "(?P"),
    ("(?<n>a)", 0, "(?<"),
    ("(?P=n)", 0, "(?P="),
    ("a(?=b)", 1, "(?="),
    ("a(?!b)", 1, "(?!"),
    ("(?<=a)b", 0, "(?<="),
    ("(?<!a)b", 0, "(?<!"),
    ("(?>a)", 0, "(?>"),
    ("(?#a)", 0, "(?#"),
    ("(?(1)a)", 0, "(?("),
    ("(?i)a", 0, "(?i"),
    ("(?i:a)", 0, "(?i"),
    ("(?:a", 0, "(?:"),
    ("a)", 1, ")"),
    ("a+?", 2, "?"),
    ("a{2}?", 4, "?"),
    ("a++", 2, "+"),
    ("a**", 2, "*"),
    ("a{2}{3}", 4, "{"),
    ("*a", 0, "*"),
    ("a|+", 2, "+"),
    ("(?:?)", 3, "?"),
    ("a{", 1, "{"),
    ("a{}", 1, "{"),
    ("a{x}", 1, "{"),
    ("a}", 1, "}"),
    ("a]", 1, "]"),
    ("a{,3}", 1, "{,3}"),
    ("a{01}", 1, "{01}"),
    ("a{1,02}", 1, "{1,02}"),
    ("a{3,1}", 1, "{3,1}"),
    ("a{0}", 1, "{0}"),
    ("a{0,0}", 1, "{0,0}"),
    ("a{1001}", 1, "{1001}"),
    ("a{1,99999}", 1, "{1,99999}"),
    ("(?:a{100}){11}", 10, "{11}"),
    ("(?:a{20}b{2,}){60}", 14, "{60}"),
    ("[]", 0, "[]"),
    ("[]a]", 0, "[]"),
    ("[^]", 0, "[^]"),
    ("[^]a]", 0, "[^]"),
    ("[a", 0, "["),
    ("a[0-", 1, "["),
    ("[a\\", 2, "\\"),
    ("[a[b]", 2, "["),
    ("[[:alpha:]]", 1, "[:"),
    ("[a&&b]", 2, "&&"),
    ("[a--b]", 3, "-"),
    ("[+--]", 3, "-"),
    ("[a||b]", 2, "||"),
    ("[a~~b]", 2, "~~"),
    ("[z-a]", 1, "z-a"),
    (r"[a-\d]", 1, r"a-\d"),
    (r"[\d-z]", 3, "-"),
    ("[a-c-e]", 4, "-"),
    ("a||b", 2, "|"),
    ("|a", 0, "|"),
    ("(?:)", 3, ")"),
    ("(?:a|)", 5, ")"),
    ("", 0, ""),
    ("^$", 1, "$"),
    ("a^b", 1, "^"),
    ("a$b", 1, "$"),
    ("(?:a$)", 4, "$"),
    ("^a|b", 0, "^"),
    ("a|b$", 3, "$"),
    ("a\ud800", 1, "\ud800"),
    ("(?:a+)+", 6, "+"),
    ("(?:a*b)*", 7, "*"),
    ("(?:-[a-z]+)*", 11, "*"),
    ("(?:a{2,})+", 9, "+"),
    ("(?:(?:a+){2})*", 13, "*"),
    ("(?:a?)*", 6, "*"),
    ("(?:a?b?){3}", 8, "{3}"),
    ("(?:a|b*)?", 8, "?"),
]

STALLING = [
    "(?:a|a)*",
    "(?:a|aa)*b",
    "(?:a{1,2})*b",
    "(?:a|ab?)+",
    "(?:[ab]|[bc])*",
    "(?:a|b|ab)*c",
    "(?:[0-9]|1[0-2],?)*",
    "[a-z]*[0-9a-z]*[a-z]*",
    "(?:a{1,30}){1,30}",
    "(?:a?" + "a?" * 30 + "a{30})",
    "(?:a|aa){50}",
    r"(?:\w+x?){5}",
]

HARMLESS = [
    "(?:ab|ac)*",
    "(?:red|green|grey|blue)+",
    "(?:[0-9]{3},)*[0-9]{3}",
    "[a-z]+(?:-[a-z]+){0,20}",
    r"[^@]+@[^@]+\.[a-z]+",
    r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}",
    "https?://[^ ]+",
    "[A-Z]{2}[A-Z0-9]{9}[0-9]",
    "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    r"[\w.+-]{1,64}@[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63}){1,4}",
    r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?",
]


@pytest.mark.parametrize(("written", "portable"), SPELLINGS)
def test_a_pattern_gets_its_portable_spelling(written: str, portable: str) -> None:
    pattern = parse_pattern(written)
    assert pattern.text == portable
    assert parse_pattern(portable).text == portable


@pytest.mark.parametrize(("written", "offset", "what"), REFUSED)
def test_what_languages_read_differently_is_refused_where_it_stands(written: str, offset: int, what: str) -> None:
    with pytest.raises(PatternError) as caught:
        parse_pattern(written)
    assert (caught.value.offset, caught.value.what) == (offset, what)
    assert caught.value.message == str(caught.value)


@pytest.mark.parametrize("written", STALLING)
def test_a_pattern_that_could_stall_is_refused(written: str) -> None:
    with pytest.raises(PatternError):
        parse_pattern(written)


@pytest.mark.parametrize("written", HARMLESS)
def test_common_patterns_are_accepted(written: str) -> None:
    pattern = parse_pattern(written)
    assert pattern.matches(pattern.example())
    wrong = pattern.counterexample()
    assert wrong is not None
    assert not pattern.matches(wrong)


def test_messages_name_the_way_out() -> None:
    for written, way_out in [
        (r"\s", r"`[ \t]`"),
        ("a{", r"`\{`"),
        ("a{,3}", "`{0,3}`"),
        ("a{3,1}", "`{1,3}`"),
        (r"\D", "`[^0-9]`"),
        ("(a)", "`(?:`"),
        ("[z-a]", "`a-z`"),
    ]:
        with pytest.raises(PatternError) as caught:
            parse_pattern(written)
        assert way_out in caught.value.help


def test_every_refusal_says_why_and_what_to_do() -> None:
    for written in [*[written for written, _, _ in REFUSED], *STALLING, "a" * (MAX_LENGTH + 1), "[a-z]{1000}" * 6]:
        with pytest.raises(PatternError) as caught:
            parse_pattern(written)
        assert caught.value.message
        assert caught.value.help


def test_may_contain_looks_at_every_part() -> None:
    pattern = parse_pattern("ORD-[0-9]{1,5}(?:x|[^ -~])?")
    assert [pattern.may_contain(character) for character in "O-7xé_a "] == [True] * 5 + [False] * 3


def test_examples_are_short_and_printable() -> None:
    assert parse_pattern("(?:green|red)-[0-9]{2,}[^a-z]?").example() == "red-00"
    assert parse_pattern("(?:a|[^a])*").counterexample() is None


def test_hostile_patterns_are_read_or_refused_at_once() -> None:
    hostile = [
        "(?:" * 600 + "a" + ")" * 600,
        "(?:a|" * 300 + "b" + ")" * 300,
        "(?:" * 39 + "a" + "{1}){1}" * 39 + "{2}",
        "|".join(["a" * 15] * 120),
        "|".join(f"aaaa{number}" for number in range(200)),
        "a?" * 1000,
        "".join(chr(0x4E00 + number) + "?" for number in range(1000)),
        "[" + "".join(chr(0x4E00 + 2 * number) for number in range(1990)) + "]",
        "[a-z]{1000}" * 180,
        "[" * MAX_LENGTH,
        "\\" * MAX_LENGTH,
        "a" * 1_000_000,
    ]
    for text in hostile:
        start = time.process_time()
        try:
            parse_pattern(text)
        except PatternError as error:
            assert len(error.message) < 300
        assert time.process_time() - start < 2


# Patterns made at random, over few characters so that they overlap.

CHARACTERS = st.sampled_from(
    ["a", "b", "c", "-", "0", "_", "A", "é", "😀", "/", r"\.", r"\*", r"\x62", r"\n", " ", "&", "#"]
)
CLASS_CHARACTERS = st.sampled_from(
    ["a", "b", "z", "0", r"\-", "(", ".", "|", r"\]", "^", "é", "😀", "&", r"\x26", "!", "~"]
)
RANGES = st.sampled_from(["a-c", "0-9", "A-Z", "!-/", "à-ÿ", "😀-😎", r"\x20-~"])
CLASSES = st.builds(
    lambda negated, first, items, last: f"[{negated}{first}{''.join(items)}{last}]",
    st.sampled_from(["", "^"]),
    st.sampled_from(["", "-"]),
    st.lists(CLASS_CHARACTERS | RANGES | st.sampled_from([r"\d", r"\w"]), min_size=1, max_size=4),
    st.sampled_from(["", "-"]),
)
ATOMS = CHARACTERS | CLASSES | st.sampled_from([r"\d", r"\w"])
QUANTIFIERS = st.sampled_from(["", "", "", "*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "{12}"])


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    part = st.builds(lambda body, quantifier: f"(?:{body}){quantifier}", inner, QUANTIFIERS)
    return (
        st.lists(part | st.builds(str.__add__, ATOMS, QUANTIFIERS), min_size=1, max_size=4).map("".join)
        | st.lists(inner, min_size=2, max_size=3).map("|".join)
    )  # fmt: skip


PATTERNS = st.recursive(st.builds(str.__add__, ATOMS, QUANTIFIERS), _larger, max_leaves=6)
NOISE = st.text(alphabet="ab01-^$\\.|()[]{}?*+,:=!<>&/dwsxu \n😀", max_size=12)
VALUES = st.text(alphabet="abcz019-_A./*&#( ~!]^|é😀\n٣", max_size=7)


def test_accepted_patterns_match_the_same_values_in_python_and_ecmascript() -> None:
    node = shutil.which("node")
    assert node is not None, "Node.js is needed to hold the patterns against ECMAScript"
    cases: dict[str, set[str]] = {}

    @seed(20260101)
    @settings(max_examples=600, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(PATTERNS | NOISE, st.lists(VALUES, max_size=6))
    def collect(written: str, values: list[str]) -> None:
        try:
            pattern = parse_pattern(written)
        except PatternError:
            return
        wrong = pattern.counterexample()
        assert pattern.matches(pattern.example())
        assert wrong is None or not pattern.matches(wrong)
        example = pattern.example()[:200]
        near = {example, example * 2, example[1:], example + "a", wrong or ""}
        cases.setdefault(written, set()).update(values, near)

    collect()
    assert len(cases) > 150
    batch = [[written, parse_pattern(written).text, sorted(values)] for written, values in cases.items()]
    script = """
      const batch = JSON.parse(require("fs").readFileSync(0, "utf8"));
      const bare = (text) => text.replace(/^\\^/, "").replace(/(^|[^\\\\])\\$$/, "$1");
      const anchored = (text, flags) => new RegExp("^(?:" + bare(text) + ")$", flags);
      console.log(JSON.stringify(batch.map(([written, text, values]) => {
        const readings = [anchored(written, "u"), anchored(text, "u"), anchored(text, "v")];
        return values.map((value) => readings.map((reading) => reading.test(value)));
      })));
    """
    ran = subprocess.run([node, "-e", script], input=json.dumps(batch), capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    matched = 0
    for (written, text, values), answers in zip(batch, json.loads(ran.stdout), strict=True):
        python = [re.compile(text), re.compile(written.removeprefix("^"), re.ASCII)]
        for value, answer in zip(values, answers, strict=True):
            readings = [*answer, *(reading.fullmatch(value) is not None for reading in python)]
            assert len(set(readings)) == 1, (written, text, value, readings)
            matched += readings[0]
    assert matched > 150


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(NOISE)
def test_any_text_is_read_or_refused(written: str) -> None:
    try:
        pattern = parse_pattern(written)
    except PatternError as error:
        assert error.what in written
        assert written.startswith(error.what, error.offset)
    else:
        assert pattern.matches(pattern.example())


class _StalledError(Exception):
    pass


class _Backtracker:
    """A plain backtracking matcher that counts its steps."""

    def __init__(self, value: str) -> None:
        self.value = value
        self.steps = 0

    def full_match(self, node: Node) -> bool:
        return any(end == len(self.value) for end in self.ends(node, 0))

    def ends(self, node: Node, start: int) -> Iterator[int]:
        self.steps += 1
        if self.steps > 500_000:
            raise _StalledError
        if isinstance(node, Chars):
            if start < len(self.value) and any(low <= ord(self.value[start]) <= high for low, high in node.members):
                yield start + 1
        elif isinstance(node, Sequence):
            yield from self._in_turn(node.items, start)
        elif isinstance(node, Choice):
            for option in node.options:
                yield from self.ends(option, start)
        else:
            yield from self._repeated(node.item, node.least, node.most, start)

    def _in_turn(self, items: tuple[Node, ...], start: int) -> Iterator[int]:
        if not items:
            yield start
            return
        for end in self.ends(items[0], start):
            yield from self._in_turn(items[1:], end)

    def _repeated(self, item: Node, least: int, most: int | None, start: int) -> Iterator[int]:
        if most is None or most > 0:
            for end in self.ends(item, start):
                yield from self._repeated(item, max(least - 1, 0), None if most is None else most - 1, end)
        if least == 0:
            yield start


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(PATTERNS, st.text(alphabet="abc0A-", min_size=1, max_size=3), st.sampled_from(["", "!", "a", "\n"]))
def test_no_accepted_pattern_stalls_a_backtracking_engine(written: str, unit: str, tail: str) -> None:
    try:
        pattern = parse_pattern(written)
    except PatternError:
        return
    value = (unit * 40)[:40] + tail
    assert _Backtracker(value).full_match(pattern.root) == pattern.matches(value)


def test_the_step_counter_tells_a_stalling_pattern() -> None:
    runaway = Choice((parse_pattern("a").root, parse_pattern("aa").root), 0)
    root = Sequence((*[runaway] * 40, parse_pattern("b").root))
    with pytest.raises(_StalledError):
        _Backtracker("a" * 60).full_match(root)
