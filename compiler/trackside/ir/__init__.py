"""The meaning of a plan: frozen dataclasses that rules judge and targets print.

Nothing here knows YAML, pydantic, files or a target language. Nothing here is ever changed once it is made.
"""

from trackside.ir.events import (
    ClientCopy,
    DedupeKey,
    Event,
    EventIdentity,
    KeyTemplate,
    Kind,
    Outcome,
    Placement,
    Revenue,
    View,
)
from trackside.ir.plan import (
    Attribution,
    Consent,
    Destination,
    Endpoint,
    Enrichment,
    Group,
    Identifier,
    NamedType,
    Naming,
    Output,
    Plan,
    Source,
)
from trackside.ir.properties import Pii, Property, Side, ViewProperty
from trackside.ir.types import AnyValue, EnumValue, Json, ListOf, MapOf, Object, Scalar, Type, Value

__all__ = [
    "AnyValue",
    "Attribution",
    "ClientCopy",
    "Consent",
    "DedupeKey",
    "Destination",
    "Endpoint",
    "Enrichment",
    "EnumValue",
    "Event",
    "EventIdentity",
    "Group",
    "Identifier",
    "Json",
    "KeyTemplate",
    "Kind",
    "ListOf",
    "MapOf",
    "NamedType",
    "Naming",
    "Object",
    "Outcome",
    "Output",
    "Pii",
    "Placement",
    "Plan",
    "Property",
    "Revenue",
    "Scalar",
    "Side",
    "Source",
    "Type",
    "Value",
    "View",
    "ViewProperty",
]
