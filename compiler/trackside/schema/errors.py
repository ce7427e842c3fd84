"""What pydantic found, as findings in our words, each at its span."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from trackside.diagnostics import Bag, Edit, Fix
from trackside.diagnostics.nearest import nearest
from trackside.source.node import MappingNode, Node, ScalarNode

if TYPE_CHECKING:
    from pydantic import ValidationError

    from trackside.schema.model import Shape

RESERVED_KEYS = frozenset({"groups", "variants", "sample", "expect", "decimal", "wire_name"})
"""Words that later versions of the language will give a meaning to."""

_OF_VALUES: Final = frozenset({"ambiguous-scalar", "wrong-shape", "wrong-value", "empty-text"})


def report(error: ValidationError, model: type[Shape], node: MappingNode, thing: str, bag: Bag) -> frozenset[str]:
    """Report everything that pydantic found wrong with one mapping.

    `thing` names the mapping in messages, such as "event `page_viewed`". Returns the keys of the mapping under which
    something was wrong, so that the rest of it can still be read.
    """
    at_fault: set[str] = set()
    meant: set[tuple[str | int, ...]] = set()
    lacking: list[Sequence[str | int]] = []
    for found in error.errors(include_url=False, include_input=False):
        path = [step for step in found["loc"] if not (isinstance(step, str) and step in {"x-"})]
        if path:
            at_fault.add(str(path[0]))
        if found["type"] == "missing":
            lacking.append(path)
        elif found["type"] == "extra_forbidden":
            guess = _report_unknown(path, model, node.at(*path), thing, bag)
            if guess is not None and not node.at(*path[:-1]).has(guess):
                meant.add((*path[:-1], guess))
        else:
            _report_one(found["type"], found.get("ctx") or {}, path, model, node, thing, bag)
    # A misspelt key stands for the one that was meant: it is not missing, and nothing is concluded from its absence.
    for lack in lacking:
        if tuple(lack) not in meant:
            _report_missing(lack, model, node, thing, bag)
    return frozenset(at_fault | {str(guessed[0]) for guessed in meant})


def _report_missing(path: Sequence[str | int], model: type[Shape], node: MappingNode, thing: str, bag: Bag) -> None:
    key = str(path[-1])
    within = thing if len(path) == 1 else f"`{_dotted(path[:-1])}` of {thing}"
    bag.report(
        "missing-key",
        node.at(*path[:-1]).key_span,
        f"{within} wants `{key}`",
        label=f"`{key}` is missing here",
        help=f"add `{key}:`{_meaning(model, path)}",
    )


def _report_one(
    kind: str,
    context: dict[str, Any],
    path: Sequence[str | int],
    model: type[Shape],
    node: MappingNode,
    thing: str,
    bag: Bag,
) -> None:
    place = node.at(*path)
    name = _dotted(path)
    subject = f"`{name}` of {thing}" if name else thing
    if isinstance(place, ScalarNode) and place.plain and not place.text and kind in _OF_VALUES:
        wanted = "text" if kind == "ambiguous-scalar" else context["wanted"]
        bag.report(
            "missing-value",
            place.key_span,
            f"{subject} wants {wanted}, and has no value",
            label="no value",
            help=_example(model, path),
        )
    elif kind == "ambiguous-scalar":
        report_ambiguous(place, context["text"], context["reading"], bag)
    elif kind in {"wrong-shape", "wrong-value", "empty-text"}:
        found = context.get("found")
        headline = f"{subject} wants {context['wanted']}" + (f", not {found}" if found else "")
        fix = None
        guess = None
        if isinstance(place, ScalarNode) and context.get("choices"):
            guess = nearest(place.text, context["choices"])
            if guess is not None:
                fix = Fix(f"write `{guess}`", (Edit(place.span, guess),))
        bag.report(
            kind,
            place.span,
            headline,
            label=f"wants {context['wanted']}",
            help=f"did you mean `{guess}`?" if guess else _example(model, path),
            fix=fix,
        )
    else:
        # A shape that no reader of ours names: say what belongs there, in the words of the reference.
        bag.report(
            "wrong-shape",
            place.span,
            f"`{name}` of {thing} is not what belongs here",
            label="cannot be read",
            help=_example(model, path),
        )


def report_ambiguous(place: Node, text: str, reading: str, bag: Bag) -> None:
    """Report a plain scalar that parsers do not read alike, with the quotes that mend it."""
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    bag.report(
        "ambiguous-scalar",
        place.span,
        f"`{text}` without quotes is {reading} to some YAML parsers; text is wanted here",
        label=f"some parsers read {reading}",
        help=f"write {quoted}",
        fix=Fix("add quotes", (Edit(place.span, quoted),), safe=True),
    )


def _report_unknown(path: Sequence[str | int], model: type[Shape], place: Node, thing: str, bag: Bag) -> str | None:
    """Report a key that is none, and return the one that was meant, if that can be guessed."""
    key = str(path[-1])
    within = thing if len(path) == 1 else f"`{_dotted(path[:-1])}` of {thing}"
    if key in RESERVED_KEYS:
        bag.report(
            "reserved-key",
            place.key_span,
            f"`{key}` is kept for a later version of the plan language: it is not in version 1",
            label="not in version 1",
            help="leave it out, or write `x-" + key + ":` to keep it as a note",
        )
        return None
    known = _keys(_model_at(model, path[:-1]))
    guess = nearest(key, known)
    bag.report(
        "unknown-key",
        place.key_span,
        f"{within} has no key `{key}`",
        label="not a key of the plan language",
        help=f"did you mean `{guess}`?" if guess else "known here: " + ", ".join(f"`{word}`" for word in known),
        fix=Fix(f"write `{guess}`", (Edit(place.key_span, guess),)) if guess else None,
    )
    return guess


def _dotted(path: Sequence[str | int]) -> str:
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def _model_at(model: type[Shape], path: Sequence[str | int]) -> type[Shape] | None:
    """Find the model that reads the mapping at a path."""
    from trackside.schema.model import Shape

    current: type[Shape] | None = model
    for step in path:
        if current is None or not isinstance(step, str):
            return None
        field = _field(current, step)
        annotation: Any = field.annotation if field is not None else None
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        current = next((one for one in candidates if isinstance(one, type) and issubclass(one, Shape)), None)
    return current


def _field(model: type[Shape], key: str) -> Any:
    for name, field in model.model_fields.items():
        if key in (field.alias, name):
            return field
    return None


def _keys(model: type[Shape] | None) -> list[str]:
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items() if field.alias != "x-"]


def _meaning(model: type[Shape], path: Sequence[str | int]) -> str:
    owner = _model_at(model, path[:-1])
    field = _field(owner, str(path[-1])) if owner is not None else None
    if field is None or not field.examples:
        return ""
    return f" such as `{path[-1]}: {field.examples[0]}`"


def _example(model: type[Shape], path: Sequence[str | int]) -> str | None:
    keys = [step for step in path if isinstance(step, str)]
    owner = _model_at(model, keys[:-1]) if keys else None
    field = _field(owner, keys[-1]) if owner is not None else None
    if field is None or not field.examples:
        return None
    return f"for example `{keys[-1]}: {field.examples[0]}`"
