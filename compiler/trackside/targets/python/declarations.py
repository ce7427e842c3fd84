"""The types of a package: `types.py` for its callers, and `_values.py`, which reads their values."""

from __future__ import annotations

from keyword import iskeyword
from typing import TYPE_CHECKING, NamedTuple

from trackside.ir import Object, Scalar
from trackside.targets.escape import python_docstring, python_string
from trackside.targets.names import PythonName
from trackside.targets.python.docstrings import argument_words, sentence
from trackside.targets.python.events import constant_of
from trackside.targets.python.imports import block, standard, together
from trackside.targets.python.layout import Code, Group, is_too_long, statement, unformatted, width, wrap
from trackside.targets.python.types import is_optional, literal

if TYPE_CHECKING:
    from trackside.targets.python.types import Declared, Types


class ReaderFunction(NamedTuple):
    """What the template prints of one reader: an object's members, or one call."""

    name: PythonName
    returns: Code
    docstring: Code
    constant: Code
    members: Code
    nothing_else: Code
    optional: Code
    rows: Code
    call: Code
    off: bool


class Members(NamedTuple):
    """A TypedDict: its members by name and annotation, and the imports that these need."""

    class_name: str
    docstring: str
    fields: tuple[tuple[str, str], ...]
    imports: frozenset[str]
    total: bool = True


# --- types.py ---


def types_context(types: Types, title: str, extra: list[Members]) -> dict[str, object]:
    """Make what the template of `types.py` prints; `extra` classes come after the types of the plan."""
    needed: set[str] = set()
    found: list[str] = []
    for declared in types.declared:
        if isinstance(declared.type, Object):
            found.append(_typed_dict(_members_of(types, declared, declared.type), needed))
        else:
            found.append(_alias(types, declared, needed))
    found.extend([_typed_dict(members, needed) for members in extra])
    return {
        "title": Code(title),
        "imports": Code(standard(needed)),
        "declarations": Code(_spaced(found)),
    }


def _spaced(found: list[str]) -> str:
    """Put declarations below each other: two empty lines around a class, else one, and one after the imports."""
    text = ""
    after_class = False
    for number, one in enumerate(found):
        is_class = one.removeprefix("# fmt: off\n").startswith("class ")
        far = (is_class or after_class) and not (number == 0 and one.startswith("#"))
        text += ("\n\n" if far else "\n") + one
        after_class = is_class
    return text.rstrip("\n")


def _members_of(types: Types, declared: Declared, object: Object) -> Members:
    needed: set[str] = set()
    fields: list[tuple[str, str]] = []
    about: list[str] = []
    for prop in object.properties:
        annotation = types.annotation(prop.type, f"{declared.words} {prop.name}")
        needed.update(annotation.names)
        text = annotation.text
        if is_optional(prop, types.side) or constant_of(prop) is not None:
            needed.add("NotRequired")
            text = f"NotRequired[{text}]"
        fields.append((prop.name, text))
        words = argument_words(prop, prop.type)
        if words:
            about.append(wrap(f"{python_docstring(prop.name)}: {words}", 4, 8))
    first = sentence(object.description) if object.description else f"What `{python_docstring(declared.words)}` holds."
    if not about:
        doc = f'"""{_closed(wrap(first, 7, 4), 4)}'
    else:
        below = "\n\n".join([wrap(first, 7, 4), "\n".join([f"    {line}" for line in about])])
        doc = f'"""{below}\n    """'
    return Members(declared.class_name, doc, tuple(fields), frozenset(needed))


def _closed(text: str, indent: int) -> str:
    """End a docstring: behind a single line, else below."""
    return f'{text}\n{" " * indent}"""' if "\n" in text else f'{text}"""'


def _typed_dict(members: Members, needed: set[str]) -> str:
    needed.update(("TypedDict", *members.imports))
    if all(_is_attribute(name) for name, _ in members.fields):
        bases = "TypedDict" if members.total else "TypedDict, total=False"
        fields = "".join([f"    {name}: {text}\n" for name, text in members.fields])
        text = f"class {members.class_name}({bases}):\n    {members.docstring}\n\n{fields}"
    else:
        # A name that is no attribute's can only be given by a call.
        fields = "".join([f"        {python_string(name)}: {python_string(text)},\n" for name, text in members.fields])
        total = "" if members.total else "    total=False,\n"
        head = f"{members.class_name} = TypedDict(\n    {python_string(members.class_name)},\n"
        doc = "\n".join([line.removeprefix("    ") for line in members.docstring.split("\n")])
        text = f"{head}    {{\n{fields}    }},\n{total})\n{doc}\n"
    return unformatted(text) if is_too_long(text) else text


def _is_attribute(name: str) -> bool:
    """Tell whether a name can stand in the body of a class, where two leading underscores mean something else."""
    return name.isascii() and name.isidentifier() and not iskeyword(name) and not name.startswith("__")


def _alias(types: Types, declared: Declared, needed: set[str]) -> str:
    annotation = types.spelled_out(declared.type, declared.words)
    needed.update(("TypeAlias", *annotation.names))
    head = f"{declared.class_name}: TypeAlias = "
    text = f"{head}{annotation.text}\n"
    if is_too_long(text) and annotation.text.startswith("Literal["):
        assert isinstance(declared.type, Scalar)
        values = [literal(allowed.value) for allowed in declared.type.enum]
        text = f"{head}{Group('Literal[', values, ']').exploded(0)}\n"
    text = unformatted(text) if is_too_long(text) else text
    about = declared.type.description
    if about:
        text += f'"""{_closed(wrap(sentence(about), 3, 0), 0)}\n'
    return text


# --- _values.py ---


def values_context(types: Types) -> dict[str, object]:
    """Make what the template of `_values.py` prints."""
    types.prefix = ""
    runtime: set[str] = set()
    readers: list[ReaderFunction] = []
    for declared in types.declared:
        if isinstance(declared.type, Object):
            readers.append(_object_reader(types, declared, declared.type, runtime))
        else:
            readers.append(_plain_reader(types, declared, runtime))
    types.prefix = "_values."
    wire = ["Wire as _Wire"] if any(one.members for one in readers) else []
    return {
        "imports": together(
            "from typing import TYPE_CHECKING\n",
            block([("._runtime.values", [f"{name} as _{name}" for name in runtime])]),
        ),
        "typing": Code(block([("._runtime.values", ["Json", *wire])], 4)),
        "readers": readers,
    }


def _object_reader(types: Types, declared: Declared, object: Object, runtime: set[str]) -> ReaderFunction:
    runtime.update(("mapping", "member_flaw"))
    required: list[str] = []
    optional: list[str] = []
    rows: list[str] = []
    constants = False
    for prop in object.properties:
        key = python_string(prop.name)
        reader = types.reader(prop.type, f"{declared.words} {prop.name}")
        runtime.update(reader.runtime)
        fixed = constant_of(prop)
        may_be_absent = is_optional(prop, types.side)
        if fixed is not None:
            constants = True
            value: str | Group = Group("_given.get(", (key, fixed), ")")
        else:
            value = f"_given[{key}]"
        if may_be_absent and fixed is None:
            head = f"            _wire[{key}] = "
            optional.append(f"        if {key} in _given:\n{head}{reader.call(value, 12, width(head), 0)}\n")
        else:
            required.append(f"            {key}: {reader.call(value, 12, 14 + width(key), 1)},\n")
        needed = "False" if may_be_absent or fixed is not None else "True"
        rows.append(reader.row(8, key, needed))
    members = Code("{\n" + "".join(required) + "        }") if required else Code("{}")
    made = ReaderFunction(
        name=PythonName(declared.reader_name),
        returns=Code("Json"),
        docstring=Code(f"Read {python_docstring(declared.words)}."),
        constant=Code(""),
        members=members,
        # A constant may be missing from what was given; else equally many members are the same ones.
        nothing_else=Code("_given.keys() <= _wire.keys()" if constants else "len(_given) == len(_wire)"),
        optional=Code("".join(optional)),
        rows=Code("".join(rows)),
        call=Code(""),
        off=False,
    )
    return made._replace(off=any(map(is_too_long, (_head(made.name), members, made.optional, made.rows))))


def _head(name: str) -> str:
    return f"def {name}(_value: object) -> Json:"


def _plain_reader(types: Types, declared: Declared, runtime: set[str]) -> ReaderFunction:
    type = declared.type
    reader = types.read_in_place(type, declared.words)
    runtime.update(reader.runtime)
    call = reader.call("_value", 4, 11, 0)
    constant = ""
    if isinstance(type, Scalar) and type.base == "string" and len(type.enum) > 5:
        name = f"_{declared.reader_name.upper()}"
        values = Group("{", [literal(allowed.value) for allowed in type.enum], "}")
        constant = statement(f"{name} = ", values, 0)
        call = Group("_one_of(", ("_value", name), ")").lines(4, 11, 0)
    shown = Code(call)
    doc = Code(f"Read {python_docstring(declared.words)}.")
    return ReaderFunction(
        name=PythonName(declared.reader_name),
        returns=Code("Json"),
        docstring=doc,
        constant=Code(constant),
        members=Code(""),
        nothing_else=Code(""),
        optional=Code(""),
        rows=Code(""),
        call=shown,
        off=any(map(is_too_long, (_head(declared.reader_name), f"    return {shown}", constant))),
    )
