"""`trackside explain`: what a finding means, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.cli.console import put
from trackside.cli.options import WrongCallError, add_command

if TYPE_CHECKING:
    import argparse

    from trackside.cli.options import Commands


def declare(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "explain",
        run,
        help="what a finding means, and what to do",
        about="Print the page of a finding; without SLUG, list every finding that there is.",
        examples=(
            "  trackside explain                     list all\n"
            "  trackside explain type-cycle          by its name\n"
            "  trackside explain TS303               by its number\n"
        ),
    )
    parser.add_argument("slug", nargs="?", metavar="SLUG", help="a finding's name, or its number such as TS303")


def run(options: argparse.Namespace) -> int:
    """Print a page, or the list."""
    from trackside.diagnostics.codes import CODES, RETIRED

    if options.slug is None:
        lines = [f"{entry.id}  {entry.severity.value:8} {entry.slug:32} {entry.summary}\n" for entry in CODES.values()]
        put("".join(lines))
        return 0
    by_id = {entry.id.lower(): slug for slug, entry in CODES.items()}
    asked: str = options.slug.strip().lower()
    slug = by_id.get(asked, asked)
    if slug not in CODES and slug not in RETIRED:
        from trackside.diagnostics.nearest import nearest

        near = nearest(slug, [*CODES, *RETIRED])
        hint = f"did you mean `trackside explain {near}`?" if near else "`trackside explain` lists all"
        raise WrongCallError(f"there is no finding named {options.slug!r}: {hint}")
    from trackside.rules import page

    put(page(slug))
    return 0
