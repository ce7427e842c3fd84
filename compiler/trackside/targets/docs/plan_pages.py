"""The pages about the whole plan: index, identity, dedupe keys, decision matrix, privacy, types, context."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from trackside.ir import Event, MapOf, Object, Plan, Property, Scalar, Source
from trackside.ir.keys import namespace_uuid
from trackside.ir.matrix import MATRIX
from trackside.targets.base import File
from trackside.targets.docs.diagrams import Diagrams
from trackside.targets.docs.events import extensions, items, long_enums
from trackside.targets.docs.pages import parted, table
from trackside.targets.docs.promises import WorkedKeys, key_parts, telling
from trackside.targets.docs.values import FEW, Columns, Rows, Types, held, notes, value_code
from trackside.targets.docs.wording import carriers, codes, duration, listed, side_word, vendor, vendors
from trackside.targets.environment import environment
from trackside.targets.escape import Markdown, markdown_code, markdown_paragraphs, markdown_text

INLINE: Final = 200
"""Events that the index lists itself; of more it gives the numbers, and the list has its own pages."""

NAMED: Final = 20
"""Events that a cell names; of more it gives the number."""

PLACEMENTS: Final = ("client", "server", "hybrid")
_KINDS_OF_PII: Final = {"pseudonymous": "pseudonymous", "personal": "personal", "sensitive": "**sensitive**"}
_TARGETS: Final = {"python": "Python", "javascript": "JavaScript", "none": "written by hand"}


class PlanPages:
    """Prints the pages about the whole plan into the folder `out`."""

    def __init__(self, plan: Plan, pages: dict[str, str], keys: WorkedKeys, out: str) -> None:
        self._plan = plan
        self._pages = pages
        self._worked = keys
        self._out = out
        self._templates = environment(Markdown)

    def files(self) -> Iterator[File]:
        """Yield every page, the index first."""
        yield self._index()
        if len(self._plan.events) > INLINE:
            rows = [self._event_row(event, event.placement) for event in self._plan.events.values()]
            yield from self._parted("events", "events", rows)
        yield self._identity()
        yield from self._keys()
        yield self._matrix()
        yield from self._privacy()
        yield self._types()
        yield self._context()

    def _file(self, name: str, **values: object) -> File:
        text = self._templates.get_template(f"docs/{name}.j2").render(plan=markdown_text(self._plan.name), **values)
        return self._page(name, text)

    def _page(self, name: str, text: str) -> File:
        """Make the page of a text, with the `x-` keys of what it is about at its end."""
        more = extensions(
            {
                path: value
                for path, value in self._plan.extensions.items()
                if _ABOUT.get(path.partition(".")[0], "README.md") == name
            }
        )
        return File(f"{self._out}/{name}", "\n\n".join([text.rstrip(), *([more] if more else [])]) + "\n")

    def _parted(self, stem: str, kind: str, rows: list[str], **values: object) -> Iterator[File]:
        template = self._templates.get_template(f"docs/{kind}.md.j2")
        for name, part, where in parted(stem, _HEADS[kind], rows):
            text = template.render(plan=markdown_text(self._plan.name), table=part, where=where, rows=rows, **values)
            yield self._page(name, text)

    def _link(self, event: str) -> str:
        page = self._pages.get(event)
        return f"[{markdown_text(event)}](events/{page}.md)" if page is not None else str(markdown_text(event))

    def _links(self, events: list[str]) -> str:
        if len(events) > NAMED:
            return f"{len(events):,} events"
        return ", ".join([self._link(name) for name in events]) or "–"

    # --- index ---

    def _index(self) -> File:
        plan = self._plan
        events = list(plan.events.values())
        diagrams = Diagrams(plan)
        used = [placement for placement in PLACEMENTS if any(event.placement == placement for event in events)]
        lists = []
        if len(events) <= INLINE:
            for placement in used:
                rows = [
                    self._event_row(event, codes(event.sources)) for event in events if event.placement == placement
                ]
                head = ["Event", "Sources", "Kind", "Owner", "What it is"]
                lists.append((Markdown(_TITLES[placement]), table(head, rows)))
        return self._file(
            "README.md",
            version=markdown_text(plan.version),
            description=markdown_paragraphs(plan.description) if plan.description else None,
            owner=markdown_text(plan.owner) if plan.owner else None,
            sources=self._sources(),
            destinations=self._destinations(),
            endpoint=self._endpoint(),
            diagrams=[(Markdown(_TITLES[placement]), diagrams.of_placement(placement)) for placement in used],
            lists=lists,
            counts=self._counts(events) if len(events) > INLINE else None,
            count=Markdown(f"{len(events):,}"),
        )

    def _sources(self) -> Markdown:
        counts: dict[str, int] = {}
        for _, name in self._plan.views:
            counts[name] = counts.get(name, 0) + 1
        rows = []
        for source in self._plan.sources.values():
            through = _through(source)
            said = f" {markdown_text(source.description)}" if source.description else ""
            code = _TARGETS[source.target] + (f" in {markdown_code(source.out)}" if source.out else "")
            sends = f"{counts.get(source.name, 0):,}"
            rows.append(f"| {markdown_code(source.name)}{said} | {source.side} | {code} | {through} | {sends} |")
        return table(["Source", "Side", "Code", "Sends through", "Events"], rows)

    def _destinations(self) -> Markdown:
        rows = [
            f"| {markdown_code(one.name)} | {vendor(one)} | {markdown_code(one.project)} | {one.region} "
            f"| {markdown_code(one.api_key) if one.api_key else 'given at run time'} |"
            for one in self._plan.destinations.values()
        ]
        return table(["Destination", "Product", "Project", "Region", "Key, by the variable"], rows)

    def _endpoint(self) -> Markdown | None:
        endpoint = self._plan.endpoint
        if endpoint is None:
            return None
        origins = f", for pages of {codes(endpoint.origins)} too" if endpoint.origins else ""
        return Markdown(f"{markdown_code(endpoint.route)}, served by {markdown_code(endpoint.served_by)}{origins}")

    def _event_row(self, event: Event, sent_by: str) -> str:
        owners = listed([markdown_text(owner) for owner in event.owners]) or "–"
        what = markdown_text(event.description) if event.description else ""
        status = f" ({event.status})" if event.status != "live" else ""
        return f"| {self._link(event.name)}{status} | {sent_by} | {event.kind} | {owners} | {what} |"

    def _counts(self, events: list[Event]) -> Markdown:
        counts: dict[tuple[str, str], int] = {}
        for event in events:
            key = (event.kind, event.placement)
            counts[key] = counts.get(key, 0) + 1
        rows = []
        for kind in MATRIX:
            cells = [counts.get((kind, placement), 0) for placement in PLACEMENTS]
            if any(cells):
                rows.append(f"| {kind} | {' | '.join([f'{cell:,}' if cell else '–' for cell in cells])} |")
        return table(["Kind", *PLACEMENTS], rows)

    # --- identity ---

    def _identity(self) -> File:
        plan = self._plan
        rows = []
        for name, identifier in plan.identity.items():
            made = "the client" if identifier.created_by == "client" else "the server"
            ways = carriers(identifier.carried_in)
            timeout = f"; idle for {duration(identifier.timeout)}, it ends" if identifier.timeout else ""
            if name == "user_id":
                ways = "never carried: the server takes it from its own session"
            rows.append(f"| `{name}` | {made}{timeout} | {ways or 'not carried'} |")
        user = plan.identity.get("user_id")
        about: dict[str, list[str]] = {}
        for event in plan.events.values():
            about.setdefault(_about(event), []).append(event.name)
        return self._file(
            "identity.md",
            identifiers=table(["Id", "Made by", "Reaches the server in"], rows),
            set_on=Markdown(", ".join([self._link(name) for name in user.set_on])) if user and user.set_on else None,
            cleared_on=Markdown(", ".join([self._link(name) for name in user.cleared_on]))
            if user and user.cleared_on
            else None,
            about=table(["About", "Events"], [f"| {words} | {self._links(names)} |" for words, names in about.items()]),
            system=codes(
                [f"system:{plan.name}:{source.name}" for source in plan.sources.values() if source.side == "server"]
            ),
            user_properties=self._user_properties(),
        )

    def _user_properties(self) -> Markdown | None:
        if not self._plan.user_properties:
            return None
        types = Types("types.md")
        rows = []
        for prop in self._plan.user_properties:
            senders = [
                name for name, view in self._plan.user_views.items() if any(one.declared is prop for one in view)
            ]
            does = (prop.operation or "set").replace("_", " ")
            rows.append(
                f"| {markdown_code(prop.name)} | {types.cell(prop.type)} | {does} | {codes(senders) or '–'} "
                f"| {notes(prop)} |"
            )
        return table(["User property", "Type", "What identify does", "Sources", "What it is"], rows)

    # --- dedupe keys ---

    def _keys(self) -> Iterator[File]:
        plan = self._plan
        rows: list[str] = []
        for event in plan.events.values():
            key = event.dedupe
            if key is None:
                continue
            worked = self._worked.of(event, key)
            made = " (made up)" if worked.made else ""
            called = f", called {markdown_code(key.key_name)}" if key.key_name != event.name else ""
            identifier = markdown_code(worked.insert_id) if worked.insert_id is not None else "–"
            rows.append(
                f"| {self._link(event.name)}{called} | {key_parts(key)} "
                f"| {worked.shown_parts}{made} | {identifier} | {duration(key.window)} |"
            )
        yield from self._parted(
            "dedupe-keys",
            "dedupe-keys",
            rows,
            namespace=markdown_code(plan.namespace),
            namespace_uuid=markdown_code(str(namespace_uuid(plan.namespace))),
            retired=codes(plan.retired_keys) if plan.retired_keys else None,
            vendors=markdown_text(vendors(plan)),
            keyless=Markdown(f"{sum(1 for event in plan.events.values() if event.dedupe is None):,}"),
        )

    # --- decision matrix ---

    def _matrix(self) -> File:
        by_kind: dict[str, list[str]] = {}
        departures = []
        for event in self._plan.events.values():
            by_kind.setdefault(event.kind, []).append(event.name)
            row = MATRIX[event.kind]
            if row.recommended is not None and event.placement != row.recommended:
                fits = "fits too" if row.fits(event.placement) else "**departs**"
                departures.append(
                    f"| {self._link(event.name)} | {event.kind} | {row.recommended} | {event.placement}, {fits} "
                    f"| {markdown_text(event.reason)} |"
                )
        rows = []
        for kind, row in MATRIX.items():
            also = "; ".join([f"{placement}, when {when}" for placement, when in row.also.items()]) or "–"
            unfit = ", ".join(sorted(row.unfit)) or "–"
            recommended = f"**{row.recommended}**" if row.recommended else "whatever the plan says"
            rows.append(
                f"| {kind} | {recommended} | {also} | {unfit} | {row.reason} | {self._links(by_kind.get(kind, []))} |"
            )
        return self._file(
            "decision-matrix.md",
            matrix=table(["Kind", "Recommended", "Also fits", "Does not fit", "Why", "In this plan"], rows),
            departures=table(["Event", "Kind", "Recommended", "Placed", "Why"], departures) if departures else None,
        )

    # --- privacy ---

    def _privacy(self) -> Iterator[File]:
        plan = self._plan
        rows: list[str] = []
        categories: dict[str, list[str]] = {"necessary": [], "analytics": [], "marketing": []}
        shared = [
            *(("context", group.properties) for group in plan.groups.values() if group.name in plan.context),
            *((f"look-up {name}", enrichment.properties) for name, enrichment in plan.enrichments.items()),
            *((("user properties", plan.user_properties),) if plan.user_properties else ()),
        ]
        for where, properties in shared:
            senders = ("server",) if where.startswith("look-up") else ("client", "server")
            rows += _personal(markdown_text(where), properties, senders)
        for event in plan.events.values():
            categories[event.consent].append(event.name)
            sides = dict.fromkeys(plan.sources[name].side for name in event.sources)
            rows += _personal(self._link(event.name), event.properties, tuple(sides))
        yield from self._parted(
            "privacy",
            "privacy",
            rows,
            categories=table(
                ["Category", "Events"], [f"| {name} | {self._links(events)} |" for name, events in categories.items()]
            ),
            consent=self._consent(),
        )

    def _consent(self) -> Markdown:
        consent = self._plan.consent
        if consent is None:
            return Markdown(
                "The plan says nothing on consent: every category counts as allowed until somebody objects."
            )
        lines = []
        if consent.default == "granted":
            lines.append("Every category counts as allowed until a person objects.")
        else:
            waits = "wait for the choice" if consent.pending == "queue" else "are dropped"
            lines.append(
                f"Nothing but the necessary counts as allowed until a person chooses; until then events {waits}."
            )
        if consent.stores == "necessary":
            lines.append("A browser's storage is used whatever the person chose.")
        else:
            lines.append(f"Nothing is written to a browser's storage without consent to {consent.stores}.")
        if consent.carried_in:
            lines.append(f"The choice reaches the server in {carriers(consent.carried_in)}.")
        without = {
            "allow": "Jobs and webhooks, which have no browser to ask, send.",
            "deny": "Jobs and webhooks, which have no browser to ask, send only what is necessary.",
            "lookup": "Jobs and webhooks, which have no browser to ask, look the choice up by `user_id`.",
        }
        return Markdown(" ".join([*lines, without[consent.without_browser]]))

    # --- types and context ---

    def _types(self) -> File:
        types = Types("")
        rows = Rows(types)
        columns = self._all_columns()
        blocks = []
        for named in self._plan.types.values():
            type = named.type
            body = [f"{types.named(type)}{f' Example: {value_code(named.example)}.' if named.has_example else ''}"]
            if type.description:
                body.insert(0, str(markdown_paragraphs(type.description)))
            if isinstance(type, Scalar) and (len(type.enum) > FEW or any(allowed.description for allowed in type.enum)):
                body.append(items(type.enum))
            _, within = held(type) if isinstance(type, MapOf) or not isinstance(type, Scalar) else ("", type)
            inside = type if isinstance(type, Object) else within
            if isinstance(inside, Object) and (inside is type or inside.name is None):
                body.append(
                    table(["Property", "Type", *columns.heads, "What it is"], rows.rows(inside.properties, columns))
                )
                body += [f"**{markdown_code(path)}:**\n\n{items(enum)}" for path, enum in long_enums(inside.properties)]
            blocks.append((markdown_text(named.name), Markdown("\n\n".join(body))))
        return self._file("types.md", types=blocks)

    def _all_columns(self) -> Columns:
        sides: dict[str, list[Source]] = {}
        for source in self._plan.sources.values():
            sides.setdefault(source.side, []).append(source)
        sources = tuple([tuple(sides[side]) for side in ("client", "server") if side in sides])
        return Columns(tuple(self._plan.sources), tuple([side_word(side) for side in sources]), sources)

    def _context(self) -> File:
        plan = self._plan
        types = Types("types.md")
        rows = Rows(types)
        columns = self._all_columns()
        names = dict.fromkeys([*plan.context, *(name for event in plan.events.values() for name in event.context)])
        groups = []
        for name in names:
            group = plan.groups.get(name)
            if group is not None:
                every = (
                    "carried by every event that does not opt out"
                    if name in plan.context
                    else "carried where an event says so"
                )
                head = ["Property", "Type", *columns.heads, "What it is"]
                groups.append((markdown_text(name), Markdown(every), table(head, rows.rows(group.properties, columns))))
        look_ups = []
        for enrichment in plan.enrichments.values():
            when = (
                "when the call is made"
                if enrichment.at == "call"
                else "when the event is delivered from an outbox; without one, when the call is made"
            )
            said = [f"By `{enrichment.by}`, {when}."]
            if enrichment.description:
                said.insert(0, markdown_text(enrichment.description))
            said.append(
                "The event waits in the outbox until the provider answers; without an outbox and an answer it is "
                "refused and counted."
                if enrichment.required
                else "What the provider does not know is left out, and counted."
            )
            cells = [
                f"| {markdown_code(prop.name)} | {types.cell(prop.type)} | {_default(prop)} | {notes(prop)} |"
                for prop in enrichment.properties
            ]
            look_ups.append(
                (
                    markdown_text(enrichment.name),
                    Markdown(" ".join(said)),
                    table(["Property", "Type", "Without an answer", "What it is"], cells),
                )
            )
        return self._file("context.md", groups=groups, look_ups=look_ups, attribution=self._attribution())

    def _attribution(self) -> Markdown | None:
        attribution = self._plan.attribution
        if attribution is None:
            return None
        first, last = "first" in attribution.touch, "last" in attribution.touch
        said = [f"Kept: {codes(attribution.parameters)}."]
        if last:
            said.append(
                "The latest visit that brought any lands under the plain names; a direct visit overwrites nothing."
            )
        if first:
            said.append(
                f"The first one lands under `initial_` and the name, and is kept for {duration(attribution.keep)}."
            )
        if attribution.by_sdk:
            said.append("The vendor's SDK captures them in the browser.")
        ways = carriers(attribution.carried_in)
        said.append(f"They reach the server in {ways}." if ways else "They do not reach the server.")
        return Markdown(" ".join(said))


_TITLES: Final = {
    "client": "Sent by the client",
    "server": "Sent by the server",
    "hybrid": "Hybrid: owned by the server",
}

_ABOUT: Final = {
    "identity": "identity.md",
    "consent": "privacy.md",
    "attribution": "context.md",
    "enrichments": "context.md",
    "types": "types.md",
}
"""Which page is about a section of the plan, where it is not the index."""

_HEADS: Final = {
    "events": ["Event", "Placement", "Kind", "Owner", "What it is"],
    "dedupe-keys": ["Event", "Made of", "For", "insert_id", "Window"],
    "privacy": ["Where", "Property", "Kind of data", "Sent from"],
}


def _through(source: Source) -> str:
    if source.side == "server":
        return "its own connection"
    return "the vendor's SDK" if source.through == "sdk" else "our endpoint"


def _about(event: Event) -> str:
    identity = event.identity
    if identity.mode == "system":
        return "the system itself"
    if identity.mode == "any":
        return "whoever is known: `device_id`, `user_id` or both"
    return f"{' and '.join([f'`{name}`' for name in identity.ids])}, exactly"


def _personal(where: str, properties: Iterable[Property], sides: tuple[str, ...]) -> list[str]:
    rows = []
    for path, prop in telling(properties):
        sent_from = listed([side for side in sides if prop.only in (None, side)]) or "nowhere"
        rows.append(f"| {where} | {markdown_code(path)} | {_KINDS_OF_PII[prop.pii]} | {sent_from} |")
    return rows


def _default(prop: Property) -> str:
    return f"{value_code(prop.default)} is sent" if prop.has_default else "left out"
