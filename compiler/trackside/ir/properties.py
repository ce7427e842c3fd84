"""Properties: what an event, an object, a context group, an enrichment or a user carries."""

from __future__ import annotations

from dataclasses import field
from typing import Literal, TypeAlias

from trackside.diagnostics.span import Place
from trackside.ir.types import Json, Type
from trackside.record import record

Side: TypeAlias = Literal["client", "server"]
Pii: TypeAlias = Literal["none", "pseudonymous", "personal", "sensitive"]
Operation: TypeAlias = Literal["set", "set_once", "add", "append", "unset"]


@record
class Property:
    """One property as the plan has it, before it is cut for a source.

    `optional_on` holds the sides that may leave it out; `only` and `sources` say who may send it at all. `group` names
    the property group that brought it to the event, `operation` is set for user properties only, `default` for
    enriched ones only (`has_default` tells null from none). `since` and the like are as written.
    """

    name: str
    type: Type
    place: Place
    optional_on: frozenset[Side] = frozenset()
    only: Side | None = None
    sources: tuple[str, ...] | None = None
    code_name: str | None = None
    description: str | None = None
    example: Json = None
    has_example: bool = False
    unit: str | None = None
    pii: Pii = "none"
    origin: str | None = None
    known: Literal["response"] | None = None
    since: str | None = None
    deprecated: bool | str = False
    replaced_by: str | None = None
    group: str | None = None
    operation: Operation | None = None
    default: Json = None
    has_default: bool = False
    extensions: dict[str, object] = field(default_factory=dict)

    @property
    def is_personal(self) -> bool:
        """Tell whether the value is personal data: `pii: personal` or `sensitive`."""
        return self.pii in {"personal", "sensitive"}


@record
class ViewProperty:
    """One property as one source sends it: its type cut for that source, `required` for its side.

    `declared` is the plan's property; its type may say more than this source may know, so targets take `type` from
    here and everything else from `declared`.
    """

    name: str
    type: Type
    required: bool
    declared: Property
