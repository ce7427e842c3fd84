"""The page of an event: what it is, when it fires, why there, what is in it, how it is counted once, who owns it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.ir import EnumValue, Event, Object, Outcome, Plan, Property, Scalar, Side, Source, Type, View
from trackside.ir.matrix import MATRIX
from trackside.targets.docs.calls import Calls, fixed
from trackside.targets.docs.diagrams import Diagrams
from trackside.targets.docs.pages import table
from trackside.targets.docs.promises import (
    WorkedKeys,
    consent_words,
    counting,
    hybrid,
    identity_of,
    revenue_words,
    telling,
)
from trackside.targets.docs.values import FEW, Columns, Rows, Types, allowed_value, extension, held
from trackside.targets.docs.wording import PLACEMENTS, carriers, codes, listed, sentence, side_word
from trackside.targets.escape import markdown_code, markdown_link, markdown_paragraphs, markdown_text
from trackside.targets.samples import Samples

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_STATUS = {"planned": "planned: nothing sends it yet", "live": "live", "deprecated": "deprecated: on its way out"}
_PII = {"pseudonymous": "pseudonymous", "personal": "personal data", "sensitive": "sensitive personal data"}


class EventPages:
    """Prints the pages of a plan's events. What events share is made once."""

    def __init__(self, plan: Plan, pages: dict[str, str], keys: WorkedKeys, samples: dict[Side, Samples]) -> None:
        self._plan = plan
        self._pages = pages
        self._keys = keys
        self._types = Types("../types.md")
        self._rows = Rows(self._types)
        self._calls = {side: Calls(made) for side, made in samples.items()}
        self._diagrams = Diagrams(plan)
        self._columns: dict[tuple[str, ...], Columns] = {}
        self._shared: dict[tuple[object, ...], str] = {}
        self._plan_name = markdown_text(plan.name)
        self._intents: dict[str, list[str]] = {}
        for event in plan.events.values():
            if event.outcome is not None:
                self._intents.setdefault(event.outcome.event, []).append(self._link(event.name))

    def page(self, event: Event) -> str:
        """Print one event's page, in the order in which a reader asks."""
        plan = self._plan
        views = plan.views_for(event.name)
        columns = self._columns_of(event)
        blocks = [
            f"[{self._plan_name}](../README.md) / {event.placement} / [{event.kind}](../decision-matrix.md)",
            f"# {markdown_text(event.name)}",
        ]
        if event.description:
            blocks.append(markdown_paragraphs(event.description))
        blocks += [_fires(event), self._facts(event), f"> **Why on this side:** {_reason(event)}"]
        blocks += ["## How it travels", self._travels(event), self._diagrams.of_event(event)]
        if event.outcome is not None:
            blocks.append(self._outcome(event.outcome))
        if event.name in self._intents:
            blocks.append(f"Its intent is {listed(self._intents[event.name])}.")
        blocks.append("## Properties")
        blocks.append(self._table(event.properties, columns) if event.properties else "It has none of its own.")
        blocks += [f"**{markdown_code(path)}:**\n\n{items(enum)}" for path, enum in long_enums(event.properties)]
        if event.context:
            blocks.append(self._once(self._context, event.context, columns))
        if event.enrich:
            blocks.append(self._once(self._enriched, event.enrich))
        if event.attribution and plan.attribution is not None:
            blocks.append(self._once(self._attribution, plan.attribution.property_names))
        blocks += ["## How it is counted once", *counting(event, self._keys)]
        if event.placement == "hybrid":
            blocks += ["### The client's copy", *hybrid(plan, event)]
        if event.revenue is not None:
            blocks += ["## Revenue", *revenue_words(event, views)]
        blocks += ["## Privacy", self._privacy(event, columns), "## Owner and life", self._life(event)]
        blocks.append("## How to send it")
        blocks += [self._call(view) for view in views] or ["No source sends it."]
        more = extensions(event.extensions)
        if more is not None:
            blocks.append(more)
        blocks.append("")
        return "\n\n".join(blocks)[:-1]

    def _once(self, make: Callable[..., str], *given: object) -> str:
        """Make what events share once."""
        key = (make.__name__, *[one.names if isinstance(one, Columns) else one for one in given])
        known = self._shared.get(key)
        if known is None:
            known = self._shared[key] = make(*given)
        return known

    # --- what it is ---

    def _columns_of(self, event: Event) -> Columns:
        known = self._columns.get(event.sources)
        if known is None:
            sides: dict[str, list[Source]] = {}
            for name in event.sources:
                source = self._plan.sources[name]
                sides.setdefault(source.side, []).append(source)
            sources = tuple([tuple(sides[side]) for side in ("client", "server") if side in sides])
            known = Columns(event.sources, tuple([side_word(side) for side in sources]), sources)
            self._columns[event.sources] = known
        return known

    def _facts(self, event: Event) -> str:
        owners = listed([markdown_text(owner) for owner in event.owners]) or "nobody yet"
        status = event.status + (f" since {markdown_text(event.since)}" if event.since else "")
        copy = ""
        if event.placement == "hybrid":
            always = event.client_copy is not None and event.client_copy.mode == "always"
            copy = ", which it sends at once" if always else ", which waits"
        return (
            "| Placement | Sources | Kind | Owner | Consent | Status |\n|---|---|---|---|---|---|\n"
            f"| **{event.placement}**: {PLACEMENTS[event.placement]}{copy} | {codes(event.sources) or 'none'} "
            f"| [{event.kind}](../decision-matrix.md) | {owners} | {event.consent} | {status} |"
        )

    def _outcome(self, outcome: Outcome) -> str:
        """Lead from an intent to its outcome."""
        by = f", joined by {codes(outcome.by)}" if outcome.by else ""
        return f"It is an intent. Its outcome is {self._link(outcome.event)}{by}."

    def _link(self, event: str) -> str:
        page = self._pages.get(event)
        return f"[{markdown_text(event)}]({page}.md)" if page else str(markdown_text(event))

    # --- how it travels ---

    def _travels(self, event: Event) -> str:
        """Say who the event is about, and how the ids reach whoever sends it."""
        about = f"**About:** {identity_of(self._plan, event)}"
        identity = event.identity
        if event.placement == "client" or identity.mode == "system":
            return about
        if identity.mode == "named" and "device_id" not in identity.ids:
            return about
        return f"{about} {self._once(self._carriers, event.emitted == 'later')}"

    def _carriers(self, later: bool) -> str:
        ways: dict[str, tuple[str, ...]] = {}
        for name in ("device_id", "session_id"):
            identifier = self._plan.identity.get(name)
            carried = identifier.carried_in if identifier is not None else ()
            ways[name] = tuple([way for way in carried if (way == "stored") is later])
        if ways["device_id"] == ways["session_id"] and ways["device_id"]:
            return f"`device_id` and `session_id` reach the server in {carriers(ways['device_id'])}."
        said = [
            f"`{name}` reaches the server in {carriers(found)}." if found else f"`{name}` does not reach the server."
            for name, found in ways.items()
        ]
        return " ".join(said)

    # --- what is in it ---

    def _table(self, properties: Iterable[Property], columns: Columns) -> str:
        return table(["Property", "Type", *columns.heads, "What it is"], self._rows.rows(properties, columns))

    def _context(self, names: tuple[str, ...], columns: Columns) -> str:
        """Show what every call carries without saying so."""
        groups = [self._plan.groups[name] for name in names if name in self._plan.groups]
        shown = self._table([prop for group in groups for prop in group.properties], columns)
        return f"From the [context](../context.md), set once and never given with a call:\n\n{shown}"

    def _enriched(self, names: tuple[str, ...]) -> str:
        """Name the look-ups whose answers the server adds."""
        rows: list[str] = []
        for name in names:
            enrichment = self._plan.enrichments.get(name)
            if enrichment is not None:
                by = f"[{markdown_text(name)}](../context.md#look-ups), by `{enrichment.by}`"
                for prop in enrichment.properties:
                    rows.append(f"| {markdown_code(prop.name)} | {self._types.cell(prop.type)} | {by} |")
        shown = table(["Property", "Type", "Looked up by"], rows)
        return f"Added on the server, where the answer is known:\n\n{shown}"

    def _attribution(self, names: tuple[str, ...]) -> str:
        where = "[attribution](../context.md#attribution)"
        return f"Added on the server, where {where} was carried to it: {codes(names)}."

    # --- privacy ---

    def _privacy(self, event: Event, columns: Columns) -> str:
        carried = list(event.properties)
        for group in event.context:
            if group in self._plan.groups:
                carried += self._plan.groups[group].properties
        for name in event.enrich:
            if name in self._plan.enrichments:
                carried += self._plan.enrichments[name].properties
        consent = consent_words(self._plan, event)
        found = telling(carried)
        if not found:
            return f"No property is marked as personal. {consent}"
        said = [f"{markdown_code(path)} is {_PII[prop.pii]}{_kept(prop, columns)}" for path, prop in found]
        return f"{'; '.join(said)}. {consent}"

    def _life(self, event: Event) -> str:
        """Say who owns the event and where it is in its life, as a list."""
        owners = listed([markdown_text(owner) for owner in event.owners])
        lines = [f"Owner: {owners}" if owners else "Owner: nobody yet; `owner:` in the plan names a team"]
        lines.append(f"Status: {_STATUS[event.status]}")
        if event.since:
            lines.append(f"Since: {markdown_text(event.since)}")
        if event.replaced_by:
            lines.append(f"Replaced by: {self._link(event.replaced_by)}")
        if event.expires:
            lines.append(f"Expires: {markdown_text(event.expires)}; after that checks warn, and nothing else changes")
        if event.tags:
            lines.append(f"Tags: {listed([markdown_text(tag) for tag in event.tags])}")
        lines += [markdown_link(label, url) for label, url in event.links]
        return "\n".join([f"- {line}" for line in lines])

    # --- how it is called ---

    def _call(self, view: View) -> str:
        call = self._calls[view.source.side].of(view)
        text = call if view.source.target == "none" else f"From {markdown_code(view.source.name)}:\n\n{call}"
        said = fixed(view)
        return f"{text}\n\n{said}" if said else text


def _kept(prop: Property, columns: Columns) -> str:
    sides = {sources[0].side for sources in columns.sources if sources}
    return " and stays on the server" if prop.only == "server" and "client" in sides else ""


def _fires(event: Event) -> str:
    said = "The plan does not say more on when."
    if event.trigger:
        said = f"**Fires when:** {sentence(markdown_text(event.trigger))}"
    if event.route:
        said += f" In the request {markdown_code(event.route)}."
    if event.emitted == "later":
        said += " It is emitted later than the request that it goes back to, by a webhook or a job."
    if event.time:
        said += f" Its time is {markdown_code(event.time)}, not that of the call."
    return said


def _reason(event: Event) -> str:
    row = MATRIX[event.kind]
    said = markdown_text(event.reason)
    if event.because is None:
        return f"{said} (The decision matrix on {event.kind}.)" if event.kind != "other" else said
    if not row.fits(event.placement) and row.recommended is not None:
        return f"{said} (This departs from the decision matrix, which recommends {row.recommended}.)"
    return said


def items(enum: Iterable[EnumValue]) -> str:
    """List the values of an enum."""
    return "\n".join([f"- {allowed_value(allowed)}" for allowed in enum])


def long_enums(properties: Iterable[Property]) -> list[tuple[str, tuple[EnumValue, ...]]]:
    """Find the unnamed enums with many values, with the paths to them."""
    found: list[tuple[str, tuple[EnumValue, ...]]] = []
    for prop in properties:
        step, within = ("", prop.type) if isinstance(prop.type, Scalar) else held(prop.type)
        found += [(f"{prop.name}{step}{path}", enum) for path, enum in _within(within)]
    return found


def _within(type: Type) -> Iterable[tuple[str, tuple[EnumValue, ...]]]:
    if type.name is not None:
        return
    if isinstance(type, Scalar):
        if len(type.enum) > FEW:
            yield "", type.enum
    elif isinstance(type, Object):
        for path, enum in long_enums(type.properties):
            yield f".{path}", enum


def extensions(found: dict[str, object]) -> str | None:
    """Show `x-` keys as a section of their own; None where there are none."""
    if not found:
        return None
    rows = [f"| {markdown_code(key)} | {extension(value)} |" for key, value in found.items()]
    return f"## More\n\n{table(['Key', 'Value'], rows)}"
