"""`trackside schema`: the JSON Schema of the plan language, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.cli.console import put
from trackside.cli.options import add_command

if TYPE_CHECKING:
    import argparse

    from trackside.cli.options import Commands


def declare(commands: Commands) -> None:
    """Declare the command."""
    add_command(
        commands,
        "schema",
        run,
        help="print the JSON Schema of the plan language, for editors",
        about="Print the JSON Schema of the plan language: editors complete and check a plan with it.",
        examples=(
            "  trackside schema > plan.schema.json\n\n"
            "and as the first line of the plan:\n"
            "  # yaml-language-server: $schema=plan.schema.json\n"
        ),
    )


def run(options: argparse.Namespace) -> int:
    """Print the schema."""
    from trackside.targets.templates import plan_schema_text

    put(plan_schema_text())
    return 0
