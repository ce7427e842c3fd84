"""The `docs` target: Markdown pages that read well on a forge, about the whole plan and about each event.

`README.md` is the index. Each event has a page below `events/`, with a data-flow diagram in Mermaid; `identity.md`,
`dedupe-keys.md`, `decision-matrix.md`, `privacy.md`, `types.md` and `context.md` look across events. Tables that grow
with the plan are parted into pages. The pages are about the whole plan, so they say what only the server knows.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.ir import Output, Plan, Side
from trackside.targets.base import File
from trackside.targets.docs.events import EventPages
from trackside.targets.docs.pages import page_names
from trackside.targets.docs.plan_pages import PlanPages
from trackside.targets.docs.promises import WorkedKeys
from trackside.targets.samples import Samples


def render(plan: Plan, output: Output) -> Iterator[File]:
    """Yield the pages of a plan, the index first, then those about the plan, then one for each event."""
    pages = page_names(plan.events)
    samples: dict[Side, Samples] = {"client": Samples(plan, "client"), "server": Samples(plan, "server")}
    keys = WorkedKeys(plan, samples["server"])
    yield from PlanPages(plan, pages, keys, output.out).files()
    events = EventPages(plan, pages, keys, samples)
    for event in plan.events.values():
        yield File(f"{output.out}/events/{pages[event.name]}.md", events.page(event))
