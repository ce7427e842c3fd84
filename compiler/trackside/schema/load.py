"""Reads the documents of a plan into the raw plan, entry by entry.

An entry that cannot be read becomes a hole: it is reported once, left out, and remembered by name, so that nothing
which only follows from it is reported as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar, cast

from pydantic import ValidationError

from trackside.diagnostics import Bag, Label
from trackside.schema.errors import report
from trackside.schema.events import RawEvent
from trackside.schema.model import Shape
from trackside.schema.places import RawDestination, RawOutput, RawSource
from trackside.schema.plan import RawParts, RawTop
from trackside.schema.properties import RawEnrichment
from trackside.source.node import MappingNode, Node, ScalarNode

_STAND_IN: Final = {"name": "plan", "version": "0.0.0", "namespace": "https://plan.example"}
"""What stands where the header of a plan cannot be read."""

Model = TypeVar("Model", bound=Shape)

_NO_HOLES: Final[frozenset[str]] = frozenset()
_UNUSABLE: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Entry(Generic[Model]):
    """A named entry: what was read, where it stands, and the keys that could not be read."""

    name: str
    raw: Model
    node: MappingNode
    holes: frozenset[str] = frozenset()


@dataclass(slots=True)
class RawPlan:
    """The shape of a whole plan, over all its files, the head first.

    `holes` names what was left out, as (section, name).
    """

    top: RawTop
    documents: tuple[MappingNode, ...]
    destinations: dict[str, Entry[RawDestination]] = field(default_factory=dict)
    sources: dict[str, Entry[RawSource]] = field(default_factory=dict)
    outputs: dict[str, Entry[RawOutput]] = field(default_factory=dict)
    types: dict[str, Node] = field(default_factory=dict)
    groups: dict[str, MappingNode] = field(default_factory=dict)
    enrichments: dict[str, Entry[RawEnrichment]] = field(default_factory=dict)
    user_properties: dict[str, Node] = field(default_factory=dict)
    events: dict[str, Entry[RawEvent]] = field(default_factory=dict)
    holes: set[tuple[str, str]] = field(default_factory=set)

    @property
    def node(self) -> MappingNode:
        """The head: the file that includes the others."""
        return self.documents[0]


def load(documents: tuple[MappingNode, ...], bag: Bag) -> RawPlan | None:
    """Read all documents of a plan; None where the head is so wrong that nothing can be said of the rest."""
    head = documents[0]
    if not _right_version(head, bag):
        return None
    top, holes = validate(RawTop, head, "the plan", bag)
    if top is None and "plan" in holes:
        # What the plan is called must not hide what is wrong with its events; nothing is built from it.
        rest = {key: node for key, node in head.items() if key not in holes}
        top, _ = validate(RawTop, cast("MappingNode", {**rest, "plan": _STAND_IN}), "the plan", bag)
    if top is None:
        return None
    plan = RawPlan(top, documents, holes={(key, "") for key in holes})
    parts: list[RawParts] = [top]
    for document in documents[1:]:
        included, holes = validate(RawParts, document, "an included file", bag)
        if included is not None:
            parts.append(included)
            plan.holes |= {(key, "") for key in holes}
    _load_entries(plan.destinations, RawDestination, "destinations", "destination", plan, [top.destinations], bag)
    _load_entries(plan.sources, RawSource, "sources", "source", plan, [top.sources], bag)
    _load_entries(plan.outputs, RawOutput, "outputs", "output", plan, [top.outputs], bag)
    enrichments = [part.enrichments for part in parts]
    _load_entries(plan.enrichments, RawEnrichment, "enrichments", "enrichment", plan, enrichments, bag)
    events = [part.events for part in parts]
    _load_entries(plan.events, RawEvent, "events", "event", plan, events, bag)
    groups: dict[str, Node] = {}
    for part in parts:
        _merge(plan.types, part.types, "type", bag)
        _merge(plan.user_properties, part.user_properties, "user property", bag)
        _merge(groups, part.property_groups, "property group", bag)
    for name, node in groups.items():
        if isinstance(node, MappingNode):
            plan.groups[name] = node
        else:
            bag.report("wrong-shape", node.span, f"property group `{name}` wants a mapping from property to type")
            plan.holes.add(("property_groups", name))
    return plan


def validate(model: type[Model], node: MappingNode, thing: str, bag: Bag) -> tuple[Model | None, frozenset[str]]:
    """Read one mapping by its model. What is wrong is reported and left out; the keys at fault come back beside it."""
    try:
        return model.model_validate(node), _NO_HOLES
    except ValidationError as error:
        at_fault = report(error, model, node, thing, bag)
    try:
        return model.model_validate({key: value for key, value in node.items() if key not in at_fault}), at_fault
    except ValidationError:
        return None, at_fault


def check_name(name: str, node: Node, thing: str, bag: Bag) -> bool:
    """Check that a name is text of 1 to 256 characters that can be sent; report it otherwise."""
    wrong = None
    if not name.strip():
        wrong = "is empty"
    elif len(name) > 256:
        wrong = f"has {len(name)} characters, and 256 is the most"
    elif _UNUSABLE.search(name):
        wrong = "holds a control character, or half a character (a lone surrogate)"
    if wrong is None:
        return True
    shown = name if len(name) <= 40 else name[:40] + "…"
    bag.report(
        "unusable-name", node.key_span, f"the name of this {thing} {wrong}: `{shown}`", help="choose another name"
    )
    return False


def _right_version(head: MappingNode, bag: Bag) -> bool:
    version = head.get("trackside")
    if isinstance(version, ScalarNode) and version.text == "1":
        return True
    if version is None:
        bag.report(
            "missing-key",
            head.file.span(head.start, head.start),
            "a plan starts with the version of its language: `trackside: 1`",
            label="`trackside: 1` is missing here",
            help="add `trackside: 1` as the first line",
        )
        return False
    bag.report(
        "unknown-language-version",
        version.span,
        "this compiler reads version 1 of the plan language: `trackside: 1`",
        label="not a version that this compiler reads",
    )
    return False


def _load_entries(
    into: dict[str, Entry[Model]],
    model: type[Model],
    section: str,
    thing: str,
    plan: RawPlan,
    parts: list[dict[str, Node]],
    bag: Bag,
) -> None:
    seen: dict[str, Node] = {}
    for entries in parts:
        _merge(seen, entries, thing, bag)
    for name, node in seen.items():
        if not check_name(name, node, thing, bag):
            plan.holes.add((section, name))
            continue
        if isinstance(node, ScalarNode) and node.plain and node.text == "":
            mapping = MappingNode(node.file, node.start)
            mapping.key_start, mapping.key_end, mapping.end = node.key_start, node.key_end, node.end
        elif isinstance(node, MappingNode):
            mapping = node
        else:
            bag.report("wrong-shape", node.span, f"{thing} `{name}` wants a mapping", label="not a mapping")
            plan.holes.add((section, name))
            continue
        raw, holes = validate(model, mapping, f"{thing} `{name}`", bag)
        if raw is None:
            plan.holes.add((section, name))
        else:
            into[name] = Entry(name, raw, mapping, holes)


def _merge(into: dict[str, Node], more: dict[str, Node], thing: str, bag: Bag) -> None:
    """Add the entries of one file; a name that another file has is an error at both places."""
    for name, node in more.items():
        if name in into:
            bag.report(
                "defined-twice",
                node.key_span,
                f"{thing} `{name}` is defined in two files",
                label="defined again here",
                secondary=[Label(into[name].key_span, "defined first here")],
                help="keep one of the two, or give one another name",
            )
        else:
            into[name] = node
