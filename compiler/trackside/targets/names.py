"""Identifiers: from a name in the plan to a name that a language takes.

Names are typed by language, so that nothing but what this module made can reach a template as an identifier. A
`code_name` is spelled by the same rules: one serves every language.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from functools import lru_cache
from typing import Final


class PythonName(str):
    """A legal, unreserved Python identifier."""

    __slots__ = ()


class JsName(str):
    """A legal, unreserved JavaScript (and TypeScript) identifier."""

    __slots__ = ()


class NoIdentifierError(ValueError):
    """A name without one ASCII letter or digit: no identifier can be made of it."""


_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[A-Za-z0-9]+")


def words(name: str) -> list[str]:
    """Split a name into lowercase words; accents are dropped, what has no ASCII letter or digit separates.

    >>> words("Site Transfer Accepted"), words("siteTransferURL2"), words("Müller & Søn")
    (['site', 'transfer', 'accepted'], ['site', 'transfer', 'url2'], ['muller', 's', 'n'])
    """
    if name.isascii():
        if name.replace("_", "a").isalnum() and name.islower():
            return [word for word in name.split("_") if word]
    else:
        name = "".join([mark for mark in unicodedata.normalize("NFKD", name) if not unicodedata.combining(mark)])
    return [part.lower() for word in _WORD.findall(name) for part in _BOUNDARY.split(word)]


# --- Python ---

_PYTHON_KEYWORDS: Final = frozenset(keyword.kwlist)

PYTHON_RESERVED: Final[frozenset[str]] = _PYTHON_KEYWORDS | {
    # What the generated modules say in annotations: a function of that name would change what they mean.
    "annotations", "bool", "date", "datetime", "dict", "float", "int", "list", "object", "str", "tuple",
    # The generator's own.
    "aio", "capture", "close", "configure", "context", "flush", "identify", "middleware", "promise", "receipt",
    "set_context", "sinks", "stats", "testing", "track", "types", "unset",
}  # fmt: skip
"""What no generated function may be called; it gets a trailing `_`."""

PYTHON_RESERVED_ASSERTIONS: Final[frozenset[str]] = PYTHON_RESERVED | {"events", "nothing", "only"}
"""What no generated assertion may be called: what the class has beside the events."""

PYTHON_RESERVED_ARGUMENTS: Final[frozenset[str]] = _PYTHON_KEYWORDS | {"context", "time"}
"""What no argument may be called: the keywords, and the two arguments that the generator adds to every function."""

PYTHON_RESERVED_LOOK_UPS: Final[frozenset[str]] = _PYTHON_KEYWORDS | {"budget", "keep", "self"}
"""What no argument of `Enrichers` may be called: the keywords, and what the generator adds."""

PYTHON_RESERVED_CLASSES: Final[frozenset[str]] = frozenset({
    "AssertTracked",
    "Any", "Callable", "Context", "Decimal", "Enrichers", "False", "Json", "Literal", "Mapping", "None", "NotRequired",
    "Protocol", "Provider", "Receipt", "Sequence", "Stats", "True", "TypeAlias", "TypedDict", "UUID", "Unset",
    "Violation", "WireEvent",
})  # fmt: skip
"""What no generated type may be called: the names that the generated modules use beside it."""


def _joined(name: str, code_name: str | None) -> list[str]:
    found = words(name if code_name is None else code_name)
    if not found:
        raise NoIdentifierError(name)
    return found


def _snake(name: str, code_name: str | None, reserved: frozenset[str]) -> PythonName:
    identifier = "_".join(_joined(name, code_name))
    if identifier[0].isdigit():
        identifier = f"n{identifier}"
    return PythonName(f"{identifier}_" if identifier in reserved else identifier)


@lru_cache(maxsize=1 << 15)
def python_name(name: str, code_name: str | None = None) -> PythonName:
    """Name the function of an event; raises NoIdentifierError.

    >>> python_name("Site Transfer Accepted"), python_name("class"), python_name("404 seen"), python_name("track")
    ('site_transfer_accepted', 'class_', 'n404_seen', 'track_')
    >>> python_name("promise made")  # what begins so promises another event
    'promise_made_'
    """
    identifier = _snake(name, code_name, PYTHON_RESERVED)
    return PythonName(f"{identifier}_") if identifier.startswith("promise_") else identifier


def python_promise(name: str, code_name: str | None = None) -> PythonName:
    """Name the function that promises an event; raises NoIdentifierError.

    >>> python_promise("Order paid"), python_promise("class")
    ('promise_order_paid', 'promise_class')
    """
    return PythonName(f"promise_{_snake(name, code_name, frozenset())}")


def python_assertion(name: str, code_name: str | None = None) -> PythonName:
    """Name the assertion about an event, which is the function's name as a rule; raises NoIdentifierError.

    >>> python_assertion("order_paid"), python_assertion("nothing"), python_assertion("class")
    ('order_paid', 'nothing_', 'class_')
    """
    return _snake(name, code_name, PYTHON_RESERVED_ASSERTIONS)


@lru_cache(maxsize=1 << 15)
def python_argument(name: str, code_name: str | None = None) -> PythonName:
    """Name the argument of a property; raises NoIdentifierError.

    >>> python_argument("orderId"), python_argument("time"), python_argument("context"), python_argument("from")
    ('order_id', 'time_', 'context_', 'from_')
    """
    return _snake(name, code_name, PYTHON_RESERVED_ARGUMENTS)


def python_promised(name: str, code_name: str | None = None) -> PythonName:
    """Name the argument of a part of a key that is promised; raises NoIdentifierError.

    >>> python_promised("order_id"), python_promised("within")
    ('order_id', 'within_')
    """
    return _snake(name, code_name, PYTHON_RESERVED_ARGUMENTS | {"within"})


def python_look_up(name: str) -> PythonName:
    """Name the argument that takes an enrichment's provider; raises NoIdentifierError.

    >>> python_look_up("customer"), python_look_up("budget")
    ('customer', 'budget_')
    """
    return _snake(name, None, PYTHON_RESERVED_LOOK_UPS)


def python_class_name(name: str, code_name: str | None = None) -> PythonName:
    """Name the class or alias of a type; raises NoIdentifierError.

    >>> python_class_name("line_item"), python_class_name("context"), python_class_name("2d point")
    ('LineItem', 'Context_', 'N2dPoint')
    """
    identifier = "".join([word[0].upper() + word[1:] for word in _joined(name, code_name)])
    if identifier[0].isdigit():
        identifier = f"N{identifier}"
    return PythonName(f"{identifier}_" if identifier in PYTHON_RESERVED_CLASSES else identifier)


# --- JavaScript ---

JS_RESERVED: Final[frozenset[str]] = frozenset({
    # Words of the language, in modules and so in strict mode.
    "arguments", "await", "break", "case", "catch", "class", "const", "constructor", "continue", "debugger", "default",
    "delete", "do", "else", "enum", "eval", "export", "extends", "false", "finally", "for", "function", "if",
    "implements", "import", "in", "instanceof", "interface", "let", "new", "null", "package", "private", "protected",
    "public", "return", "static", "super", "switch", "this", "throw", "true", "try", "typeof", "undefined", "var",
    "void", "while", "with", "yield",
    # A module that exports `then` is taken for a promise by `await import(...)`.
    "then",
    # The generator's own: what the generated modules import and export, now or in a later version.
    "attemptKey", "attributed", "attributing", "capture", "capturing", "carrier", "carry", "configure", "configurer",
    "context", "endpoint", "event", "fetcher", "flush", "hybrid", "identifier", "identify", "inCookie", "keyOf",
    "login", "needsUser", "optOut", "plan", "replay", "reset", "revenueOf", "sdk", "sdkOptions", "setConsent",
    "setContext", "settings", "settingsOf", "settle", "stats", "t", "textKey", "timeOf", "track", "trackedFetch",
    "userId",
})  # fmt: skip
"""What no generated function may be called; it gets a trailing `_`."""

JS_RESERVED_TYPES: Final[frozenset[str]] = frozenset({
    # What the declarations refer to: a type of that name would change what they mean.
    "Array", "Date", "Partial", "Record", "Readonly",
    # The generator's own.
    "Capture", "CapturedEvent", "Category", "Client", "Configuration", "Context", "Hybrid", "Json", "Pending",
    "Problem", "Receipt", "SdkOptions", "SignIn", "Stats", "UserProperties", "Violation",
})  # fmt: skip
"""What no generated interface or type may be called."""


@lru_cache(maxsize=1 << 15)
def js_name(name: str, code_name: str | None = None) -> JsName:
    """Name the function of an event; raises NoIdentifierError.

    >>> js_name("Site Transfer Accepted"), js_name("class"), js_name("404 seen"), js_name("track"), js_name("__proto__")
    ('siteTransferAccepted', 'class_', 'n404Seen', 'track_', 'proto')
    """
    first, *others = _joined(name, code_name)
    identifier = first + "".join([word[0].upper() + word[1:] for word in others])
    if identifier[0].isdigit():
        identifier = f"n{identifier}"
    return JsName(f"{identifier}_" if identifier in JS_RESERVED else identifier)


@lru_cache(maxsize=1 << 15)
def js_type_name(name: str, code_name: str | None = None) -> JsName:
    """Name the interface of an event or a named type; raises NoIdentifierError.

    >>> js_type_name("line_item"), js_type_name("context"), js_type_name("2d point")
    ('LineItem', 'Context_', 'N2dPoint')
    """
    identifier = "".join([word[0].upper() + word[1:] for word in _joined(name, code_name)])
    if identifier[0].isdigit():
        identifier = f"N{identifier}"
    return JsName(f"{identifier}_" if identifier in JS_RESERVED_TYPES else identifier)
