"""Every code, declared once.

The number tells the stage: 1xx source, 2xx schema, 3xx resolve, 4xx rules, 5xx changes, 6xx targets, 7xx output.
A code is never used again: a retired one stays in `RETIRED` and points to what took its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Severity(Enum):
    """How much a finding weighs: an error stops the build, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding.

    `rule` is the module below `trackside.rules` that looks for it, where a rule does. `firm` marks a rule that no
    comment allows, since generated code relies on it.
    """

    id: str
    slug: str
    severity: Severity
    summary: str
    rule: str | None = None
    firm: bool = False

    @property
    def can_be_allowed(self) -> bool:
        """Tell whether an allow comment may silence it: what a rule finds, if it is not firm."""
        return self.rule is not None and not self.firm


_E: Final = Severity.ERROR
_W: Final = Severity.WARNING

_TABLE: Final[tuple[Code, ...]] = (
    # 1xx source
    Code("TS100", "slow-yaml-parser", _W, "The C parser of YAML is not installed, so plans are read slowly."),
    Code("TS101", "unreadable-file", _E, "A file of the plan cannot be read."),
    Code("TS102", "not-utf-8", _E, "A file is not text in UTF-8."),
    Code("TS103", "file-too-large", _E, "The files of a plan hold more text than the compiler reads."),
    Code(
        "TS104",
        "forbidden-character",
        _E,
        "A character stands raw in the text that parsers refuse or read differently.",
    ),
    Code("TS105", "empty-file", _E, "A file holds nothing but blank lines and comments."),
    Code("TS106", "not-a-mapping", _E, "A file is not a mapping of keys to values."),
    Code("TS107", "several-documents", _E, "A file holds more than one YAML document."),
    Code("TS110", "yaml-syntax", _E, "The text is not YAML."),
    Code("TS111", "yaml-indentation", _E, "A line's indentation fits none of the lines above it."),
    Code("TS112", "tab", _E, "A tab stands where only spaces mean the same to every parser."),
    Code("TS113", "unquoted-text", _E, "Text holds a character that wants quotes."),
    Code("TS114", "unquoted-comma", _E, "Text inside `{}` holds a comma, which ends it."),
    Code("TS115", "unclosed", _E, "A quote or a bracket is opened and not closed."),
    Code("TS116", "bad-escape", _E, "A backslash in double quotes begins no escape that every parser knows."),
    Code("TS117", "missing-colon", _E, "A line in a mapping is no `key: value`."),
    Code("TS118", "missing-value", _E, "A key or a list item has no value."),
    Code("TS119", "yaml-directive", _E, "A `%` line asks for another reading of YAML."),
    Code("TS120", "duplicate-key", _E, "A mapping has a key twice."),
    Code("TS121", "ambiguous-key", _E, "YAML parsers do not agree that an unquoted key is text."),
    Code("TS122", "complex-key", _E, "A key is a mapping, a list or an alias."),
    Code("TS123", "unknown-tag", _E, "A value carries a YAML tag that the plan language does not know."),
    Code("TS124", "bad-merge", _E, "What `<<` merges is no mapping."),
    Code("TS125", "duplicate-anchor", _E, "An anchor's name is used twice in a file."),
    Code("TS126", "unknown-alias", _E, "An alias names no anchor above it."),
    Code("TS127", "recursive-alias", _E, "An alias stands inside what it stands for."),
    Code("TS128", "too-many-aliases", _E, "The aliases of a file stand for more than the compiler reads."),
    Code("TS129", "too-deep", _E, "Collections stand inside each other deeper than the compiler reads."),
    Code("TS130", "bad-include", _E, "An `include:` pattern cannot be used."),
    Code("TS131", "include-finds-nothing", _E, "An `include:` pattern matches no file."),
    Code("TS132", "include-outside", _E, "An `include:` pattern leads out of the plan's folder."),
    Code("TS133", "included-twice", _E, "A file is included more than once."),
    Code("TS134", "nested-include", _E, "An included file includes others."),
    # 2xx schema
    Code("TS201", "missing-key", _E, "A mapping lacks a key that it needs."),
    Code("TS202", "unknown-key", _E, "A key is not one of the plan language's."),
    Code("TS203", "reserved-key", _E, "A key is kept for a later version of the plan language."),
    Code("TS204", "wrong-shape", _E, "A mapping, a list or text stands where another of them belongs."),
    Code("TS205", "wrong-value", _E, "A value is not one that its place takes."),
    Code("TS206", "empty-text", _E, "Text is empty where it has to say something."),
    Code("TS207", "ambiguous-scalar", _E, "YAML parsers do not agree on what unquoted text is."),
    Code(
        "TS208", "unknown-language-version", _E, "The plan is written in a version of the language that is not known."
    ),
    Code("TS209", "unusable-name", _E, "A name is empty, too long, or holds what cannot be sent."),
    # 3xx resolve
    Code("TS301", "defined-twice", _E, "Two files of a plan define the same name."),
    Code("TS302", "unknown-reference", _E, "A name is used that the plan does not define."),
    Code("TS303", "type-cycle", _E, "A type contains itself."),
    Code("TS304", "duplicate-property", _E, "An event gets one property from two places."),
    Code("TS305", "missing-placement", _E, "Nothing says which side emits an event."),
    Code("TS306", "unreadable-type", _E, "A type cannot be understood."),
    Code("TS307", "unreadable-template", _E, "A key's template cannot be understood."),
    Code("TS308", "pattern-not-portable", _E, "A pattern means different things in different languages."),
    Code("TS309", "value-breaks-type", _E, "A value of the plan is not one that its type allows."),
    Code("TS310", "no-source", _E, "No source emits an event from the side that its placement names."),
    Code("TS311", "misplaced-key", _E, "A key stands where it has no meaning."),
    Code("TS312", "conflicting-keys", _E, "Two keys that exclude each other stand side by side."),
    Code("TS313", "overlapping-outputs", _E, "Two outputs share a folder."),
    # 4xx rules
    Code("TS400", "unknown-allow", _E, "An allow comment names what no comment can allow."),
    Code("TS401", "unused-allow", _W, "An allow comment silences nothing."),
    Code("TS402", "allow-without-reason", _W, "An allow comment gives no reason."),
    Code("TS403", "unreadable-allow", _E, "A comment to the compiler cannot be read."),
    Code(
        "TS404", "hybrid-without-key", _E, "A hybrid event has no dedupe key.", "dedupe.hybrid_without_key", firm=True
    ),
    Code(
        "TS405", "key-part-one-sided", _E, "A source lacks a part of the key.", "dedupe.key_part_one_sided", firm=True
    ),
    Code("TS406", "key-part-optional", _E, "A part of a key may be absent.", "dedupe.key_part_optional", firm=True),
    Code(
        "TS407",
        "key-part-of-wrong-type",
        _E,
        "A part of a key has a type that is not written alike everywhere.",
        "dedupe.key_part_of_wrong_type",
        firm=True,
    ),
    Code("TS408", "key-part-personal", _E, "A part of a key is personal data.", "dedupe.key_part_personal"),
    Code(
        "TS409",
        "key-part-from-response",
        _E,
        "The client learns a part of a key only from the server's answer.",
        "dedupe.key_part_from_response",
        firm=True,
    ),
    Code("TS410", "key-name-reused", _E, "Two events hash their keys under one name.", "dedupe.key_name_reused"),
    Code(
        "TS411", "ambiguous-template", _E, "A key template prints one text for two facts.", "dedupe.ambiguous_template"
    ),
    Code(
        "TS412",
        "overlapping-templates",
        _E,
        "The key templates of two events can print one text.",
        "dedupe.overlapping_templates",
    ),
    Code("TS413", "window-too-long", _E, "A window is longer than the destination's.", "dedupe.window_too_long"),
    Code(
        "TS414",
        "attempt-not-carried",
        _E,
        "A key of one attempt never gets from the client to the server.",
        "dedupe.attempt_not_carried",
        firm=True,
    ),
    Code(
        "TS415",
        "device-id-not-carried",
        _E,
        "The device id does not get from the client to the server.",
        "hybrid.device_id_not_carried",
    ),
    Code(
        "TS416",
        "copies-in-different-projects",
        _E,
        "A client's copy goes to a project that the server's does not reach.",
        "hybrid.copies_in_different_projects",
    ),
    Code(
        "TS417",
        "copies-with-different-identity",
        _E,
        "The two copies of a hybrid event may be sent under different ids.",
        "hybrid.copies_with_different_identity",
    ),
    Code(
        "TS418",
        "later-without-stored-device",
        _E,
        "A fact is learnt later, and its device is not stored until then.",
        "hybrid.later_without_stored_device",
    ),
    Code(
        "TS419",
        "grace-too-short",
        _E,
        "The client does not wait as long as the server's delivery may take.",
        "hybrid.grace_too_short",
    ),
    Code(
        "TS420",
        "hybrid-without-endpoint",
        _W,
        "Pending copies go straight to the destination.",
        "hybrid.hybrid_without_endpoint",
    ),
    Code(
        "TS421",
        "copies-differ",
        _W,
        "Both copies are sent at once and say different things.",
        "hybrid.copies_differ",
    ),
    Code(
        "TS422",
        "unknown-sent-without-endpoint",
        _W,
        "A copy whose outcome nobody knows is sent as a fact.",
        "hybrid.unknown_sent_without_endpoint",
    ),
    Code(
        "TS423",
        "event-without-identity",
        _E,
        "An event is about a device that the server never learns.",
        "identity.event_without_identity",
    ),
    Code(
        "TS424",
        "keyed-event-without-identity",
        _E,
        "A server's event has a key and does not name its ids.",
        "identity.keyed_event_without_identity",
    ),
    Code(
        "TS425",
        "user-set-and-cleared",
        _E,
        "One event logs the person in and out.",
        "identity.user_set_and_cleared",
        firm=True,
    ),
    Code(
        "TS426",
        "user-never-cleared",
        _W,
        "People are logged in, and nothing logs them out.",
        "identity.user_never_cleared",
    ),
    Code(
        "TS427",
        "system-event-sets-user",
        _E,
        "An event about the system logs a person in or out.",
        "identity.system_event_sets_user",
        firm=True,
    ),
    Code(
        "TS428",
        "enrichment-without-id",
        _E,
        "An enrichment looks up by an id that the event does not have.",
        "identity.enrichment_without_id",
    ),
    Code(
        "TS429",
        "required-enrichment-not-held",
        _W,
        "Nothing holds an event until a required enrichment is answered.",
        "identity.required_enrichment_not_held",
    ),
    Code(
        "TS430",
        "attribution-not-carried",
        _E,
        "Attribution is wanted on the server, and nothing brings it there.",
        "identity.attribution_not_carried",
    ),
    Code("TS431", "revenue-from-client", _E, "Revenue is stated by a client.", "revenue.revenue_from_client"),
    Code(
        "TS432",
        "revenue-trusts-client",
        _W,
        "Revenue is taken from a client, because the plan says so.",
        "revenue.revenue_trusts_client",
    ),
    Code("TS433", "key-always-the-same", _E, "No part of a key can differ.", "dedupe.key_always_the_same"),
    Code(
        "TS434", "window-too-short", _E, "A client's copy is too old before it may be sent.", "hybrid.window_too_short"
    ),
    Code("TS440", "pii-on-client", _E, "Personal data can be sent from a client.", "privacy.pii_on_client"),
    Code(
        "TS441",
        "server-only-on-client",
        _E,
        "What only servers may know shows in what clients get.",
        "privacy.server_only_on_client",
    ),
    Code(
        "TS445",
        "placement-without-reason",
        _E,
        "A placement departs from the matrix and gives no reason.",
        "placement.placement_without_reason",
    ),
    Code("TS446", "placeholder-reason", _W, "A reason is still to be written.", "placement.placeholder_reason"),
    Code(
        "TS447",
        "unfit-placement",
        _W,
        "An event is sent from the side that does not fit its kind.",
        "placement.unfit_placement",
    ),
    Code("TS450", "colliding-names", _E, "Two names become one identifier.", "names.colliding_names", firm=True),
    Code("TS451", "no-identifier", _E, "No identifier can be made of a name.", "names.no_identifier", firm=True),
    Code("TS452", "reserved-name", _W, "A name is taken in a language.", "names.reserved_name"),
    Code("TS453", "reserved-at-destination", _E, "A name belongs to the destination.", "names.reserved_at_destination"),
    Code("TS454", "sdk-owned-name", _E, "A name is one that the vendor's SDK writes itself.", "names.sdk_owned_name"),
    Code(
        "TS455", "unconventional-name", _E, "A name does not follow the plan's convention.", "names.unconventional_name"
    ),
    Code(
        "TS456",
        "unreadable-convention",
        _E,
        "A naming convention is neither known nor a pattern.",
        "names.unreadable_convention",
        firm=True,
    ),
    Code("TS460", "impossible-bounds", _E, "A type's bounds leave no value.", "types.impossible_bounds", firm=True),
    Code(
        "TS461", "enum-differs-in-case", _W, "Two values of an enum differ in case alone.", "types.enum_differs_in_case"
    ),
    Code(
        "TS462",
        "empty-object-on-side",
        _E,
        "An object has no properties left on one side.",
        "types.empty_object_on_side",
    ),
    Code(
        "TS463",
        "too-deep-for-destination",
        _E,
        "A value is nested deeper than the destination reads.",
        "types.too_deep_for_destination",
    ),
    Code(
        "TS464",
        "over-destination-limit",
        _W,
        "The plan is larger than the destination takes.",
        "types.over_destination_limit",
    ),
    Code(
        "TS470",
        "unfit-revenue-property",
        _E,
        "A property that makes revenue has the wrong type.",
        "events.unfit_revenue_property",
        firm=True,
    ),
    Code(
        "TS471",
        "revenue-property-missing",
        _E,
        "A source that states revenue lacks a property of it.",
        "events.revenue_property_missing",
    ),
    Code(
        "TS472",
        "currency-not-iso-4217",
        _E,
        "A currency can hold what is no ISO 4217 code.",
        "events.currency_not_iso_4217",
    ),
    Code("TS473", "signed-refund", _W, "A refund's amount may be negative.", "events.signed_refund"),
    Code(
        "TS474",
        "time-not-a-datetime",
        _E,
        "An event's time is no point in time.",
        "events.time_not_a_datetime",
        firm=True,
    ),
    Code(
        "TS475",
        "intent-without-outcome",
        _E,
        "An intent does not say what it leads to.",
        "events.intent_without_outcome",
    ),
    Code(
        "TS476",
        "outcome-does-not-join",
        _E,
        "An intent and its outcome cannot be joined.",
        "events.outcome_does_not_join",
    ),
    Code(
        "TS477",
        "property-nobody-sends",
        _E,
        "A property is declared, and no source may send it.",
        "events.property_nobody_sends",
    ),
    Code(
        "TS478",
        "response-outside-hybrid",
        _E,
        "A property comes with a response that there is not.",
        "events.response_outside_hybrid",
    ),
    Code(
        "TS479",
        "optional-on-absent-side",
        _W,
        "A property is optional on a side that never sends it.",
        "events.optional_on_absent_side",
    ),
    Code("TS480", "unused-definition", _W, "Something is defined that no event uses.", "events.unused_definition"),
    Code("TS481", "bad-replacement", _E, "What is to be used instead is of no use.", "events.bad_replacement"),
    Code(
        "TS482", "replaced-but-live", _W, "Something has a successor and is still in use.", "events.replaced_but_live"
    ),
    Code("TS483", "unreadable-expiry", _E, "It cannot be told when an event expires.", "events.unreadable_expiry"),
    Code("TS484", "expired-event", _W, "An event has outlived its plan version.", "events.expired_event"),
    Code(
        "TS485",
        "operation-does-not-fit",
        _E,
        "A user property cannot be changed in this way.",
        "events.operation_does_not_fit",
        firm=True,
    ),
    # 6xx targets
    # 7xx output
    Code("TS701", "output-missing", _E, "A generated file is not there."),
    Code("TS702", "output-outdated", _E, "A generated file is not what the plan compiles to now."),
    Code("TS703", "output-edited", _E, "A generated file was edited."),
    Code("TS704", "output-left-over", _E, "A generated file is there that the plan no longer makes."),
    Code("TS705", "output-unrecorded", _E, "A generated file is right, but the manifest does not record it."),
    Code("TS710", "foreign-file", _E, "A file that trackside did not write lies where output belongs."),
    Code("TS711", "blocked-output", _E, "A folder or a link lies where a generated file belongs."),
    Code("TS712", "edited-file-kept", _W, "A file that the plan no longer makes was edited, so it was left."),
    Code("TS713", "changed-while-building", _E, "A file was changed while a build ran, so it was left."),
    Code("TS720", "output-outside-folder", _E, "Output would lie outside the plan's folder."),
    Code("TS721", "unportable-path", _E, "A path of output cannot exist on every system."),
    Code("TS722", "output-collision", _E, "Two files of output are one and the same on some system."),
    Code("TS730", "cannot-write", _E, "The system refuses to write output."),
    Code("TS731", "build-running", _E, "Another build of the plan does not end."),
    Code("TS732", "newer-manifest", _E, "A later version of trackside wrote the manifest."),
)

RETIRED: Final[dict[str, str]] = {}
"""Retired slug -> the slug that took its place."""

CODES: Final[dict[str, Code]] = {entry.slug: entry for entry in _TABLE}


def code(slug: str) -> Code:
    """Look a code up by its slug; an unknown slug is a mistake in the compiler and raises KeyError."""
    return CODES[slug]
