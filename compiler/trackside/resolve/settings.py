"""Destinations, sources, outputs, the endpoint, identity, attribution and consent."""

from __future__ import annotations

import re
import unicodedata
from keyword import iskeyword

from trackside.diagnostics import Label
from trackside.ir import Attribution, Consent, Destination, Endpoint, Identifier, Output, Source
from trackside.resolve.draft import Draft

VENDORS = ("amplitude",)


def resolve_destinations(draft: Draft) -> None:
    """Give every destination its vendor: what `kind` says, or the destination's own name."""
    for name, entry in draft.raw.destinations.items():
        kind = entry.raw.kind or name
        if kind not in VENDORS:
            draft.bag.report(
                "missing-key",
                entry.node.key_span,
                f"destination `{name}` wants `kind`: its name is not a vendor's",
                label="not the name of a vendor",
                help="add `kind: amplitude`",
            )
            draft.holes.add(("destinations", name))
            continue
        draft.destinations[name] = Destination(
            name=name,
            kind="amplitude",
            project=entry.raw.project,
            region=entry.raw.region,
            api_key=entry.raw.api_key,
            place=entry.node,
        )


def resolve_sources(draft: Draft) -> None:
    """Give every source its destinations and its session time-out."""
    default_timeout = draft.raw.top.identity.session_id.timeout
    for name, entry in draft.raw.sources.items():
        raw, node = entry.raw, entry.node
        if raw.target != "none" and raw.out is None and "out" not in entry.holes:
            draft.bag.report(
                "missing-key",
                node.key_span,
                f"source `{name}` wants `out`: the folder for what is generated",
                label="`out` is missing here",
                help=f"add `out: generated/{name}`, or `target: none` when nothing is generated for it",
            )
        if raw.target == "none" and raw.out is not None and "target" not in entry.holes:
            draft.bag.report(
                "misplaced-key",
                node.at("out").key_span,
                f"`out` has no meaning for source `{name}`: nothing is generated for it",
                help="leave `out` out, or name a `target`",
            )
        wanted_side = {"python": "server", "javascript": "client"}.get(raw.target)
        if wanted_side is not None and raw.side != wanted_side:
            draft.bag.report(
                "conflicting-keys",
                node.at("target").span,
                f"the target `{raw.target}` is for a {wanted_side}, and source `{name}` is a {raw.side}",
                label=f"for a {wanted_side}",
                secondary=[Label(node.at("side").span, f"a {raw.side}")],
                help="write `target: none` when nothing is generated for this source",
            )
        package = raw.out.rpartition("/")[2] if raw.out is not None and raw.target == "python" else "package"
        if not package.isidentifier() or iskeyword(package):
            draft.bag.report(
                "wrong-value",
                node.at("out").span,
                f"`out` of source `{name}` wants a folder that Python can import, and `{package}` is no name in it",
                label="no `import` can name it",
                help="let it end with a name of letters, digits and `_` that is no keyword: "
                f"`out: generated/{_package(name)}`",
            )
        if raw.side == "server":
            for key in ("through", "checks", "sdk"):
                if node.has(key):
                    draft.bag.report(
                        "misplaced-key",
                        node.at(key).key_span,
                        f"`{key}` is for clients, and source `{name}` is a server",
                        help=f"leave `{key}` out",
                    )
        elif node.has("delivery"):
            draft.bag.report(
                "misplaced-key",
                node.at("delivery").key_span,
                f"`delivery` is for servers, and source `{name}` is a client",
                help="leave `delivery` out",
            )
        if raw.through == "endpoint" and draft.raw.top.endpoint is None and not draft.is_hole("endpoint", ""):
            draft.bag.report(
                "unknown-reference",
                node.at("through").span,
                f"source `{name}` sends through the endpoint, which the plan does not define",
                help="add `endpoint: {route: /t, served_by: backend}` to the plan, or write `through: sdk`",
            )
        destinations = tuple(draft.destinations)
        if raw.destinations is not None:
            destinations = draft.known(
                raw.destinations,
                node,
                "destinations",
                what="destination",
                section="destinations",
                defined=draft.destinations,
                user=f"source `{name}`",
            )
        draft.sources[name] = Source(
            name=name,
            side=raw.side,
            target=raw.target,
            out=raw.out if raw.target != "none" else None,
            through=raw.through,
            destinations=destinations,
            session_timeout=raw.session_timeout or default_timeout,
            delivery=raw.delivery,
            checks=raw.checks,
            autocapture=raw.sdk.autocapture if raw.sdk is not None else ("sessions", "attribution"),
            description=raw.description,
            place=node,
        )


def _package(name: str) -> str:
    """Make a name that Python can import of a source's.

    >>> _package("my-shop"), _package("class"), _package("24")
    ('my_shop', 'class_', 'backend')
    """
    spelled = re.sub(r"\W", "_", name)
    return f"{spelled}_" if iskeyword(spelled) else spelled if spelled.isidentifier() else "backend"


def resolve_outputs(draft: Draft) -> None:
    """Take the outputs, and refuse two that would write into one folder, or one inside the other."""
    for name, entry in draft.raw.outputs.items():
        draft.outputs[name] = Output(name=name, target=entry.raw.target, out=entry.raw.out, place=entry.node)
    folders: list[tuple[str, str, Source | Output]] = []
    things: list[Source | Output] = [*draft.sources.values(), *draft.outputs.values()]
    for thing in things:
        if thing.out is None:
            continue
        # Two folders that differ in case or in the form of their accents only are one folder on some disks.
        folder = unicodedata.normalize("NFC", thing.out).casefold() + "/"
        for other_folder, other_name, other in folders:
            if folder.startswith(other_folder) or other_folder.startswith(folder):
                draft.bag.report(
                    "overlapping-outputs",
                    thing.place.at("out").span,
                    f"`{thing.name}` and `{other_name}` would write into one folder",
                    label="overlaps",
                    secondary=[Label(other.place.at("out").span, f"the folder of `{other_name}`")],
                    help="give each a folder of its own, none inside another",
                )
                break
        folders.append((folder, thing.name, thing))


def resolve_endpoint(draft: Draft) -> None:
    """Take the endpoint, and check that a server of the plan serves it."""
    raw = draft.raw.top.endpoint
    if raw is None:
        return
    place = draft.raw.node.at("endpoint")
    served_by = draft.sources.get(raw.served_by)
    if served_by is None:
        servers = [name for name, source in draft.sources.items() if source.side == "server"]
        draft.unknown(place.at("served_by").span, "source", raw.served_by, "sources", servers, "the endpoint")
    elif served_by.side != "server":
        draft.bag.report(
            "conflicting-keys",
            place.at("served_by").span,
            f"a server serves the endpoint, and source `{raw.served_by}` is a client",
            label="a client",
            help="name a source with `side: server`",
        )
    draft.endpoint = Endpoint(
        route=raw.route, served_by=raw.served_by, origins=raw.origins, sdk_extras=raw.sdk_extras, place=place
    )


def resolve_people(draft: Draft) -> None:
    """Take identity, attribution and consent; what the plan leaves out gets the language's defaults."""
    top, node = draft.raw.top, draft.raw.node
    place = node.at("identity") if node.has("identity") else node
    raw = top.identity
    draft.identity = {
        "device_id": Identifier(
            name="device_id",
            created_by=raw.device_id.created_by,
            carried_in=raw.device_id.carried_in,
            place=place.at("device_id"),
        ),
        "session_id": Identifier(
            name="session_id",
            created_by=raw.session_id.created_by,
            carried_in=raw.session_id.carried_in,
            timeout=raw.session_id.timeout,
            place=place.at("session_id"),
        ),
        "user_id": Identifier(
            name="user_id",
            created_by=raw.user_id.created_by,
            carried_in=(),
            set_on=raw.user_id.set_on,
            cleared_on=raw.user_id.cleared_on,
            place=place.at("user_id"),
        ),
    }
    if top.attribution is not None:
        draft.attribution = Attribution(
            parameters=top.attribution.parameters,
            touch=top.attribution.touch,
            carried_in=top.attribution.carried_in,
            keep=top.attribution.keep,
            by_sdk=top.attribution.owned_by == "sdk",
            place=node.at("attribution"),
        )
        _check_capture(draft)
    if top.consent is not None:
        draft.consent = Consent(
            default=top.consent.default,
            pending=top.consent.pending,
            stores=top.consent.stores,
            carried_in=top.consent.carried_in,
            without_browser=top.consent.without_browser,
            place=node.at("consent"),
        )


def _check_capture(draft: Draft) -> None:
    """Refuse a source whose SDK is to capture the attribution, and that has none or tells it not to."""
    if draft.attribution is None or not draft.attribution.by_sdk:
        return
    for source in draft.sources.values():
        if source.side == "client" and source.through == "endpoint":
            draft.bag.report(
                "conflicting-keys",
                draft.attribution.place.at("as").span,
                f"the plan leaves attribution to the SDK, and source `{source.name}` sends without one",
                label="nobody would capture it there",
                secondary=[Label(source.place.at("through").span, "without an SDK")],
                help="leave `as: sdk` out: the generated code captures it",
            )
        elif source.side == "client" and "attribution" not in source.autocapture:
            draft.bag.report(
                "conflicting-keys",
                source.place.at("sdk", "autocapture").span,
                f"`autocapture` of source `{source.name}` wants `attribution`: the plan leaves that to the SDK",
                label="turns it off",
                secondary=[Label(draft.attribution.place.at("as").span, "the SDK captures it")],
                help="add `attribution` to the list, or leave `as: sdk` out",
            )
