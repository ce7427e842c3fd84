"""Data-flow diagrams: Mermaid sequence diagrams of how an event of each placement travels.

They say who acts, what carries device_id and session_id to the server, who emits, what is confirmed, and where a copy
ends. A placement's own diagram is that of an event without a name.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from trackside.ir import Endpoint, Event, Plan, Source
from trackside.targets.docs.wording import duration, listed, side_word, vendor
from trackside.targets.escape import Markdown, mermaid_text

_SHORT_CARRIERS: Final = {"header": "header", "cookie": "cookie", "stored": "stored context"}


class Flow(NamedTuple):
    """What the diagram of one event, or of a placement, is drawn from. Texts are safe for Mermaid."""

    name: str
    fires: str
    request: str
    clients: tuple[Source, ...]
    servers: tuple[Source, ...]
    mode: str
    ids: tuple[str, ...]
    is_job: bool
    is_webhook: bool
    is_later: bool
    is_keyed: bool
    is_always: bool = False
    """Both copies are sent at once."""
    grace: int | None = None
    """Seconds; None where events differ. So is `on_unknown`."""
    on_unknown: str | None = None
    outcome: str | None = None
    """The placement of the event that an intent leads to."""


class Diagrams:
    """Draws the diagrams of one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._shapes: dict[tuple[object, ...], Markdown] = {}
        device, session = plan.identity.get("device_id"), plan.identity.get("session_id")
        self._device = _by(device.carried_in if device is not None else ())
        self._session = _by(session.carried_in if session is not None else ())
        self._keeps_session = session is not None and "stored" in session.carried_in
        self._destination = _destination_label(plan)
        self._endpoint: Endpoint | None = plan.endpoint

    def of_event(self, event: Event) -> Markdown:
        """Draw one event. Events of one shape share a drawing, into which their own words are put."""
        identity = event.identity
        is_job, is_webhook = event.kind == "batch_job", event.kind == "webhook"
        is_keyed = event.dedupe is not None
        copy = event.client_copy
        outcome = self._plan.events.get(event.outcome.event) if event.outcome is not None else None
        shape = (
            (event.placement, event.sources, identity.mode, identity.ids, is_job, is_webhook, event.emitted, is_keyed),
            None if copy is None else (copy.mode, copy.grace, copy.on_unknown),
            None if outcome is None else outcome.placement,
        )
        drawn = self._shapes.get(shape)
        if drawn is None:
            sources = [self._plan.sources[name] for name in event.sources]
            flow = Flow(
                name="\x01",
                fires="\x02",
                request="\x03",
                clients=tuple([source for source in sources if source.side == "client"]),
                servers=tuple([source for source in sources if source.side == "server"]),
                mode=identity.mode,
                ids=identity.ids,
                is_job=is_job,
                is_webhook=is_webhook,
                is_later=event.emitted == "later",
                is_keyed=is_keyed,
                is_always=copy is not None and copy.mode == "always",
                grace=None if copy is None else copy.grace,
                on_unknown=None if copy is None else copy.on_unknown,
                outcome=None if outcome is None else outcome.placement,
            )
            drawn = self._shapes[shape] = self.draw(event.placement, flow)
        fires = mermaid_text(event.trigger or event.description or event.name)
        request = mermaid_text(event.route, 60) if event.route else "a request"
        words = drawn.replace("\x01", mermaid_text(event.name)).replace("\x02", fires).replace("\x03", request)
        if outcome is not None and event.outcome is not None:
            joined = f", joined by {mermaid_text(', '.join(event.outcome.by))}" if event.outcome.by else ""
            leads = mermaid_text(outcome.route, 60) if outcome.route else "a request"
            words = words.replace("\x04", mermaid_text(outcome.name) + joined).replace("\x05", leads)
        return Markdown(words)

    def of_placement(self, placement: str) -> Markdown:
        """Draw a placement: an event that any source of its sides sends. Of its copy it says what all of them do."""
        sources = self._plan.sources.values()
        copies = [event.client_copy for event in self._plan.events.values() if event.client_copy is not None]
        pending = [copy for copy in copies if copy.mode == "pending"]
        graces, ends = {copy.grace for copy in pending}, {copy.on_unknown for copy in pending}
        return self.draw(
            placement,
            Flow(
                name="the event",
                fires="acts" if placement == "client" else "learns the fact",
                request="a request",
                clients=tuple([source for source in sources if source.side == "client"]),
                servers=tuple([source for source in sources if source.side == "server"]),
                mode="any" if placement != "hybrid" else "named",
                ids=("device_id",) if placement == "hybrid" else (),
                is_job=False,
                is_webhook=False,
                is_later=False,
                is_keyed=placement == "hybrid",
                is_always=bool(copies) and not pending,
                grace=graces.pop() if len(graces) == 1 else None,
                on_unknown=ends.pop() if len(ends) == 1 else None,
            ),
        )

    def draw(self, placement: str, flow: Flow) -> Markdown:
        """Draw a flow as a fenced Mermaid block."""
        if placement == "client":
            lines = self._client(flow)
        elif placement == "server":
            lines = self._server(flow)
        else:
            lines = self._hybrid(flow)
        inside = "\n    ".join(lines)
        return Markdown(f"```mermaid\nsequenceDiagram\n    {inside}\n```")

    # --- who takes part ---

    def _client_line(self, flow: Flow) -> str:
        names = ", ".join([mermaid_text(source.name, 30) for source in flow.clients])
        return f"participant C as {side_word(flow.clients)}{f' ({names})' if names else ''}"

    def _server_line(self, flow: Flow) -> str:
        names = ", ".join([mermaid_text(source.name, 30) for source in flow.servers])
        return f"participant S as Our server{f' ({names})' if names else ''}"

    def _endpoint_of(self, servers: tuple[Source, ...]) -> tuple[str, list[str]]:
        """Name the participant that serves the endpoint, and its line where it is no other's."""
        endpoint = self._endpoint
        if endpoint is None or any(source.name == endpoint.served_by for source in servers):
            return "S", []
        return "E", [f"participant E as Our endpoint ({mermaid_text(endpoint.served_by, 30)})"]

    # --- client ---

    def _client(self, flow: Flow) -> list[str]:
        direct = [source for source in flow.clients if source.through == "sdk" or self._endpoint is None]
        relayed = [source for source in flow.clients if source not in direct]
        endpoint, endpoint_line = self._endpoint_of(())
        ids = listed(["device_id", "session_id"] if flow.mode == "any" else list(flow.ids))
        asked = flow.outcome is not None and flow.outcome != "client"
        lines = [
            "actor P as Person",
            self._client_line(flow),
            *(["participant S as Our server"] if asked and (not relayed or endpoint != "S") else []),
            *(endpoint_line if relayed else []),
            f"participant D as {self._destination}",
            f"P->>C: {flow.fires}",
        ]
        if direct:
            names = f" from {_names(direct)}" if relayed else ""
            lines += [f"C->>D: {flow.name}{names}, with {ids}"]
        if relayed and self._endpoint is not None:
            names = f" from {_names(relayed)}" if direct else ""
            lines += [
                f"C->>{endpoint}: {flow.name}{names}, to {mermaid_text(self._endpoint.route, 40)}, with {ids}",
                f"{endpoint}->>D: {flow.name}, checked against the plan",
            ]
        over = f"C,{endpoint}" if relayed and not direct else "C,D"
        lines.append(f"Note over {over}: lost if never online again{', or if blocked' if direct else ''}")
        if asked:
            lines += ["C->>S: \x05", "S->>D: then \x04"]
        elif flow.outcome is not None:
            lines += ["C->>D: then \x04"]
        return lines

    # --- server ---

    def _server(self, flow: Flow) -> list[str]:
        with_device = flow.mode == "any" or "device_id" in flow.ids
        person = flow.mode != "system" and not flow.is_job and not flow.is_webhook
        lines: list[str] = []
        if person:
            lines.append("actor P as Person")
            clients = tuple([source for source in self._plan.sources.values() if source.side == "client"])
            lines.append(f"participant C as {side_word(clients)}")
        if flow.is_webhook:
            lines.append("participant O as Another system")
        lines += [self._server_line(flow), f"participant D as {self._destination}"]
        if person:
            carries = f" with {self._carried()}" if with_device else ""
            lines += ["P->>C: acts", f"C->>S: {flow.request}{carries}"]
            if flow.is_later:
                lines.append("Note over S: keeps Context.dump() with its row")
        if flow.is_webhook:
            lines.append(f"O->>S: {flow.request}")
        lines.append(f"Note over S: {flow.fires}")
        if flow.is_later:
            lines.append("Note over S: runs under Context.load() of what was stored")
        lines.append(f"S->>D: {flow.name}, {self._sent_with(flow)}")
        if flow.is_keyed:
            lines += ["opt told again", f"    S-xD: {flow.name} with the same insert_id, dropped there", "end"]
        return lines

    def _carried(self) -> str:
        if self._device == self._session:
            return f"device_id and session_id{self._device}" if self._device else "neither device_id nor session_id"
        return listed(
            [f"{name}{by}" for name, by in (("device_id", self._device), ("session_id", self._session)) if by]
        )

    def _sent_with(self, flow: Flow) -> str:
        if flow.mode == "system":
            return "as the system itself, without a session"
        if flow.mode == "any":
            return "with the ids that are known"
        ids = list(flow.ids)
        if "device_id" in ids and (self._keeps_session if flow.is_later else self._session):
            ids.append("session_id")
        return f"with {listed(ids)}"

    # --- hybrid ---

    def _hybrid(self, flow: Flow) -> list[str]:
        endpoint, endpoint_line = self._endpoint_of(flow.servers)
        lines = [
            "actor P as Person",
            self._client_line(flow),
            self._server_line(flow),
            *([] if flow.is_always else endpoint_line),
            f"participant D as {self._destination}",
            "P->>C: acts",
        ]
        if flow.is_always:
            return [
                *lines,
                f"C->>D: {flow.name}, the client's copy, with device_id",
                f"C->>S: {flow.request} with {self._carried()}",
                f"Note over S: {flow.fires}",
                f"S->>D: {flow.name}, the server's copy, same insert_id and device_id",
                "Note over D: keeps whichever copy comes in first",
            ]
        lines += [
            f"Note over C: seals a copy of {flow.name}",
            f"C->>S: {flow.request} with {self._carried()}",
        ]
        if flow.is_later:
            lines += ["Note over S: keeps Context.dump() with its row, promises the key"]
        else:
            lines += [f"Note over S: {flow.fires}", f"S->>D: {flow.name}, the authoritative copy"]
        lines += [
            "alt confirmed",
            "    S-->>C: 2xx, Trackside-Confirmed has the insert_id",
            "    Note over C: copy dropped, the server has the fact",
            "else refused",
            "    S-->>C: no 2xx, or Trackside-Outcome none",
            "    Note over C: copy dropped, there is no fact",
            "else unconfirmed",
            "    S-->>C: 2xx that says nothing",
            *self._copy_goes(flow, endpoint),
            "else unknown",
            "    S--xC: no answer arrives",
            *self._unknown(flow, endpoint),
            "end",
        ]
        if flow.is_later:
            lines += [
                f"Note over S: later, under Context.load(): {flow.fires}",
                f"S->>D: {flow.name}, the authoritative copy, keeps the promise",
            ]
        lines.append("Note over D: keeps the first copy of one insert_id on one device_id")
        return lines

    def _copy_goes(self, flow: Flow, endpoint: str) -> list[str]:
        grace = "its grace" if flow.grace is None else duration(flow.grace)
        if self._endpoint is None:
            return [f"    C->>D: the copy, after {grace}"]
        return [
            f"    C->>{endpoint}: the copy to {mermaid_text(self._endpoint.route, 40)}, after {grace}",
            f"    {endpoint}->>D: forwarded, unless the server's copy is known",
        ]

    def _unknown(self, flow: Flow, endpoint: str) -> list[str]:
        if self._endpoint is None:
            if flow.on_unknown == "send":
                return ["    C->>D: the copy"]
            return [f"    Note over C: copy dropped{'' if flow.on_unknown else ', or sent, as the event says'}"]
        end = {"send": "sends it the copy", "drop": "drops the copy"}.get(
            flow.on_unknown or "", "drops the copy or sends it, as the event says"
        )
        return [
            f"    C->>{endpoint}: asks {mermaid_text(self._endpoint.route, 40)}, on this page or the next",
            f"    Note over C: does as it is told, and where it cannot be told {end}",
        ]


def _by(carriers: tuple[str, ...]) -> str:
    # What a request carries: a stored context serves later emissions.
    words = [_SHORT_CARRIERS[carrier] for carrier in carriers if carrier != "stored"]
    return f" by {listed(words, 'or')}" if words else ""


def _names(sources: list[Source]) -> str:
    return listed([mermaid_text(source.name, 30) for source in sources])


def _destination_label(plan: Plan) -> str:
    labels: dict[str, list[str]] = {}
    for destination in plan.destinations.values():
        labels.setdefault(vendor(destination), []).append(mermaid_text(destination.project, 30))
    words = [f"{name} ({', '.join(dict.fromkeys(projects))})" for name, projects in labels.items()]
    return listed(words) or "Destination"
