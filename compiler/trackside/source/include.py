"""Find the files that an `include:` pattern matches."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def find_files(folder: Path, parts: list[str]) -> list[str]:
    """List the files below `folder` that a pattern's parts match, as sorted paths with forward slashes.

    `*`, `?` and `[...]` stand for characters of a name and `**` for any number of folders. Wildcards do not match names
    that begin with a point, and `**` does not follow links. Upper and lower case differ on every system. A part
    without wildcards is taken as it is, so that a file that is not there can be told from one that is a folder.
    """
    found: set[str] = set()
    _find(folder, "", parts, found)
    return sorted(found)


def _find(folder: Path, prefix: str, parts: list[str], found: set[str]) -> None:
    part, rest = parts[0], parts[1:]
    if part == "**":
        _find(folder, prefix, rest or ["*"], found)
        for path in _entries(folder):
            if not path.name.startswith(".") and path.is_dir() and not path.is_symlink():
                _find(path, f"{prefix}{path.name}/", parts, found)
        return
    if not any(character in part for character in "*?["):
        path = folder / part
        if rest:
            if path.is_dir():
                _find(path, f"{prefix}{part}/", rest, found)
        elif path.exists() or path.is_symlink():
            found.add(prefix + part)
        return
    matches = re.compile(translate(part)).match
    for path in _entries(folder):
        name = path.name
        if (name.startswith(".") and not part.startswith(".")) or not matches(name):
            continue
        if rest:
            if path.is_dir():
                _find(path, f"{prefix}{name}/", rest, found)
        elif not path.is_dir():
            found.add(prefix + name)


def _entries(folder: Path) -> list[Path]:
    """List a folder's entries; one that cannot be read or is gone has none."""
    try:
        return list(folder.iterdir())
    except OSError:
        return []
