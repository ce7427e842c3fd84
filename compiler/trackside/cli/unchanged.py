"""The quick answer: `build`, with or without `--check`, when nothing has changed since this machine's last build.

Whatever is not certain is left to the ordinary way, which also reports what is wrong with a call. So the arguments are
read here only as far as they cannot change the answer.
"""

from __future__ import annotations

import sys

from trackside.output import state
from trackside.output.places import Places, plan_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def say_unchanged(arguments: Sequence[str]) -> bool:
    """Say that all files are up to date, if this is asked and known without compiling."""
    if arguments[:1] != ["build"]:
        return False
    plans = [argument for argument in arguments[1:] if argument != "--check"]
    if len(plans) > 1 or any(plan.startswith("-") for plan in plans):
        return False
    plan = plan_path(plans[0] if plans else None)
    # What a build has to say of the plan, a check leaves to `trackside check`.
    count = state.holds(Places(plan), silent="--check" not in arguments)
    if count is None:
        return False
    sys.stderr.write(up_to_date(plan, count) + "\n")
    return True


def up_to_date(plan: str, count: int) -> str:
    """Word the good news.

    >>> up_to_date("tracking_plan.yaml", 1034)
    'tracking_plan.yaml: all 1,034 files are what it compiles to'
    """
    return f"{plan}: all {count:,} files are what it compiles to"
