"""Types as JavaScript: the check that runs, and the type that TypeScript sees."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final, NamedTuple, cast

from trackside.ir import AnyValue, ListOf, MapOf, Object, Property, Scalar, Type, Value, ViewProperty
from trackside.targets.escape import js_doc, js_key, js_pattern, js_string
from trackside.targets.names import JsName, NoIdentifierError, js_type_name
from trackside.targets.type_words import limits, value_words

PURE: Final = "/*#__PURE__*/ "

_TYPESCRIPT: Final = {
    "string": "string",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "date": "string",
    "datetime": "Date | string",
    "uuid": "string",
    "url": "string",
}
_COERCED: Final = frozenset({"date", "datetime", "uuid", "url"})
"""Bases whose literals say nothing of the form of a value: an enum of them wants the base's check first."""

_OPERATIONS: Final = {
    "set_once": "Kept as it was first set.",
    "add": "Added to the number so far.",
    "append": "Appended to the values so far.",
    "unset": "Removes what is known, whatever the value.",
}

_FORMS: Final = {
    "integer": "A whole number",
    "date": "A date, YYYY-MM-DD",
    "datetime": "A Date, or text with an offset",
    "uuid": "A UUID",
    "url": "An absolute http or https URL",
}


class JsCode(str):
    """JavaScript or TypeScript that this target made."""

    __slots__ = ()


class Code(NamedTuple):
    """A type: the check, in `index.js`, and the type of what a call takes, in `index.d.ts`."""

    check: str
    typescript: str


class Member(NamedTuple):
    """A property: the entry of a shape, and the member of an interface with its comment, both two columns in."""

    entry: JsCode
    member: JsCode
    required: bool
    in_call: bool


class Declaration(NamedTuple):
    """A type that the plan names."""

    name: JsName
    check: JsCode
    typescript: JsCode


class Types:
    """Prints the types of one source. What events share is printed once; named types are declared as they are met."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)
        self._codes: dict[int, tuple[Type, Code]] = {}
        self._members: dict[tuple[object, ...], Member] = {}
        self._words: dict[int, str] = {}
        self._named: dict[str, tuple[Type, Code]] = {}
        self.declarations: list[Declaration] = []

    def member(self, prop: ViewProperty, *, optional: bool = False) -> Member:
        """Print a property; `optional` makes it so, whatever the plan says of its presence."""
        return self._member(prop.name, prop.type, prop.required and not optional, prop.declared)

    def _member(self, name: str, type: Type, required: bool, declared: Property) -> Member:
        code = self.of(type)  # keeps the type, so that its id stays its own
        example = declared.example if _has_scalar_example(declared) else ...
        said = (
            declared.description,
            declared.unit,
            declared.deprecated,
            declared.operation,
            example.__class__,
            example,
        )
        identity = (name, id(type), required, *said)
        known = self._members.get(identity)
        if known is not None:
            return known
        key = js_key(name)
        written = js_string(name) if key[0] == "[" else key
        value = code.typescript if required else f"{code.typescript} | undefined"
        comment = comment_of(self._property_words(type, declared), deprecation(declared))
        made = self._members[identity] = Member(
            JsCode(indented(f"{key}: {code.check}")),
            JsCode(indented(f"{comment}{written}{'' if required else '?'}: {value};")),
            required,
            not (isinstance(type, Scalar) and type.has_const),
        )
        return made

    def _property_words(self, type: Type, declared: Property) -> str:
        """Say what a property is: the plan's words, and what a type that has no name of its own takes."""
        words = [sentence(declared.description)] if declared.description else []
        if declared.operation in _OPERATIONS:
            words.append(_OPERATIONS[declared.operation])
        if type.name is None:
            known = self._words.get(id(type))
            if known is None:
                known = self._words[id(type)] = type_words(type)
            words.append(known)
        if declared.unit:
            words.append(f"In {js_doc(declared.unit)}.")
        if _has_scalar_example(declared):
            words.append(f"For example {js_doc(value_words(cast('Value', declared.example)))}.")
        return " ".join([word for word in words if word])

    def of(self, type: Type) -> Code:
        """Print a type; the same object is printed once."""
        known = self._codes.get(id(type))
        if known is None:
            known = self._codes[id(type)] = (type, self._print(type))
        return known[1]

    def _print(self, type: Type) -> Code:
        if type.nullable and not isinstance(type, AnyValue):
            code = self._print(replace(type, nullable=False))
            return Code(f"{PURE}t.nullable({code.check})", f"{code.typescript} | null")
        if type.name is not None:
            named = self._name(type, type.name)
            if named is not None:
                return named
        return self._inline(type)

    def _name(self, type: Type, name: str) -> Code | None:
        """Refer to a named type, declaring it at the first use; None where the name means two types here."""
        known = self._named.get(name)
        if known is not None:
            return known[1] if known[0] is type or _alike(known[0], type) else None
        try:
            identifier = js_type_name(name)
        except NoIdentifierError:
            return None
        while identifier in self._taken:
            identifier = JsName(f"{identifier}_")
        self._taken.add(identifier)
        code = self._inline(type)  # declares what it is made of, so that those stand before it
        self._named[name] = (type, Code(identifier, identifier))
        comment = comment_of(type_words(type))
        is_object = isinstance(type, Object)
        head, tail = (f"interface {identifier} ", "") if is_object else (f"type {identifier} = ", ";")
        self.declarations.append(
            Declaration(identifier, JsCode(code.check), JsCode(f"{comment}export {head}{code.typescript}{tail}"))
        )
        return self._named[name][1]

    def _inline(self, type: Type) -> Code:
        if isinstance(type, Scalar):
            return _scalar(type)
        if isinstance(type, AnyValue):
            return Code("t.any", "Json")
        if isinstance(type, ListOf):
            item = self.of(type.item)
            check = f"{PURE}t.list({item.check}{_sizes(type.min_items, type.max_items)})"
            is_joined = " | " in item.typescript or item.typescript.startswith("readonly ")
            inner = f"({item.typescript})" if is_joined else item.typescript
            return Code(f"{PURE}t.unique({check})" if type.unique_items else check, f"readonly {inner}[]")
        if isinstance(type, MapOf):
            value = self.of(type.value)
            return Code(
                f"{PURE}t.map({value.check}{_sizes(type.min_items, type.max_items)})",
                f"{{ readonly [key: string]: {value.typescript} }}",
            )
        return self._object(type)

    def _object(self, type: Object) -> Code:
        members = [self._member(prop.name, prop.type, not prop.optional_on, prop) for prop in type.properties]
        shapes = [shape([member for member in members if member.required])]
        if any(not member.required for member in members):
            shapes.append(shape([member for member in members if not member.required]))
        body = "\n".join([f"  {member.member}" for member in members if member.in_call])
        return Code(f"{PURE}t.object({', '.join(shapes)})", f"{{\n{body}\n}}" if body else "{}")


def _has_scalar_example(declared: Property) -> bool:
    """Tell whether there is an example to show; one of an object may hold what this source must not know."""
    return declared.has_example and not isinstance(declared.example, list | dict)


def shape(members: Iterable[Member]) -> str:
    """Print the properties of a shape as an object literal."""
    lines = [f"  {member.entry},\n" for member in members]
    return "{\n" + "".join(lines) + "}" if lines else "{}"


def indented(code: str) -> str:
    """Move all lines but the first two columns in."""
    return code.replace("\n", "\n  ") if "\n" in code else code


def _alike(one: Type, other: Type) -> bool:
    if isinstance(one, Object) and isinstance(other, Object):
        return one.properties is other.properties  # to compare them would compare their places
    if isinstance(one, ListOf) and isinstance(other, ListOf):
        return one.item is other.item and replace(one, item=other.item) == other
    if isinstance(one, MapOf) and isinstance(other, MapOf):
        return one.value is other.value and replace(one, value=other.value) == other
    return one == other


def _sizes(minimum: int | None, maximum: int | None) -> str:
    if maximum is not None:
        return f", {minimum or 0}, {maximum}"
    return f", {minimum}" if minimum else ""


def literal(value: Value) -> str:
    """Print a scalar as a literal.

    >>> print(literal(2.0), literal(True), literal(None), literal(1e300), literal("a"))
    2 true null 1e+300 "a"
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return js_string(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return repr(value)


def _scalar(type: Scalar) -> Code:
    check = f"t.{type.base}"
    typescript = _TYPESCRIPT[type.base]
    if type.has_const:
        fixed = literal(type.const)
        base = f", {check}" if type.base in _COERCED else ""
        return Code(f"{PURE}t.constant({fixed}{base})", fixed)
    if type.enum:
        values = [literal(allowed.value) for allowed in type.enum]
        check = f"[{', '.join(values)}]"
        if type.base in _COERCED:
            check = f"{PURE}t.oneOf(t.{type.base}, {check})"
        typescript = " | ".join(values)
    if type.minimum is not None or type.maximum is not None:
        check = f"{PURE}t.range({check}{_bounds(type.minimum, type.maximum)})"
    if type.exclusive_minimum is not None or type.exclusive_maximum is not None:
        check = f"{PURE}t.between({check}{_bounds(type.exclusive_minimum, type.exclusive_maximum)})"
    if type.min_length is not None or type.max_length is not None:
        check = f"{PURE}t.length({check}{_sizes(type.min_length, type.max_length) or ', 0'})"
    if type.pattern is not None:
        check = f"{PURE}t.pattern({check}, {js_pattern(type.pattern)})"
    return Code(check, typescript)


def _bounds(minimum: float | None, maximum: float | None) -> str:
    low = "-Infinity" if minimum is None else literal(minimum)
    return f", {low}" if maximum is None else f", {low}, {literal(maximum)}"


# --- comments ---


def comment_of(*lines: str) -> JsCode:
    """Print a documentation comment and the line's end after it; nothing for no words."""
    said = [line for line in lines if line]
    if not said:
        return JsCode("")
    if len(said) == 1 and "\n" not in said[0]:
        return JsCode(f"/** {said[0]} */\n")
    body = "\n".join(said).replace("\n", "\n * ").replace("\n * \n", "\n *\n")
    return JsCode(f"/**\n * {body}\n */\n")


@lru_cache(maxsize=1 << 12)
def sentence(text: str | None) -> str:
    """End a text of the plan with a full stop, safe inside a comment."""
    line = js_doc(text) if text else ""
    return line if not line or line[-1] in ".!?:…" else f"{line}."


def type_words(type: Type) -> str:
    """Say what a type takes, beyond what TypeScript says of it."""
    words = [sentence(type.description)] if type.description else []
    bounds = limits(type)
    if isinstance(type, Scalar):
        if type.base in _FORMS and not type.enum:
            bounds = [_FORMS[type.base], *bounds]
        if type.pattern is not None:
            bounds.append(f"of the form `{js_doc(type.pattern)}`")
    if bounds:
        first, *others = bounds
        words.append(f"{', '.join([first[0].upper() + first[1:], *others])}.")
    if isinstance(type, Scalar):
        words += [
            f"{js_doc(value_words(allowed.value))}: {sentence(allowed.description)}"
            for allowed in type.enum
            if allowed.description
        ]
    return " ".join(words)


def deprecation(declared: Property) -> str:
    """Print the tag of a deprecated property."""
    if not declared.deprecated:
        return ""
    return f"@deprecated {sentence(declared.deprecated) if isinstance(declared.deprecated, str) else ''}".rstrip()
