"""Where a plan's own files and those of its builds lie."""

import os

PLAN_NAME = "tracking_plan.yaml"
"""The plan that a folder stands for."""

FOLDER = ".trackside"
"""The folder beside the plan that holds what builds keep."""


def plan_path(argument: str | None) -> str:
    """Find the plan that a command was given: a file, a folder that holds `tracking_plan.yaml`, or nothing at all.

    >>> plan_path(None)
    'tracking_plan.yaml'
    """
    if argument is None:
        return PLAN_NAME
    return os.path.join(argument, PLAN_NAME) if os.path.isdir(argument) else argument


class Places:
    """The paths that belong to one plan. `folder` is the plan's, never empty."""

    __slots__ = ("folder", "journal", "kept", "lock", "manifest", "name", "shown_manifest", "state")

    def __init__(self, plan: str) -> None:
        directory, self.name = os.path.split(plan)
        self.folder = directory or os.curdir
        self.kept = os.path.join(self.folder, FOLDER)
        stem = os.path.join(self.kept, self.name)
        self.manifest = stem + ".manifest"
        self.state = stem + ".state"
        self.journal = stem + ".journal"
        self.lock = stem + ".lock"
        self.shown_manifest = f"{FOLDER}/{self.name}.manifest"
