"""The manifest: which files a build wrote, and what was in them.

A file is ours, to overwrite or to remove, when the manifest has its path with the digest of what lies there. So the
manifest is committed with the files, and a fresh clone knows as much as the machine that built.

It is one line a file, sorted, as `sha256sum` writes it, so that a merge of two branches is a merge of lines. Git is
told to keep the lines of both sides (`merge=union`); a path then stands there twice, either digest makes the file
ours, and the next build writes the manifest anew. Where a forge merges without that, its conflict marks are lines that
are no record, and are skipped as any other.
"""

from __future__ import annotations

from trackside.output.digest import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Records = dict[str, tuple[str, ...]]
"""Path from the plan's folder -> the digests recorded for it: one, or several after a merge."""

_VERSION = "trackside manifest "
_HEAD = f"""\
# What `trackside build` wrote: the SHA-256 and the path of each file. Commit it together with the files.
# A merge may leave lines of both sides here; the next `trackside build` puts that in order.
{_VERSION}1
"""
_HEX = "0123456789abcdef"


class NewerManifestError(Exception):
    """A later version of the compiler wrote the manifest."""


def parse(data: bytes) -> Records:
    """Read records; a line that is none is skipped. Raises NewerManifestError."""
    records: Records = {}
    for line in data.decode("utf-8", "replace").split("\n"):
        if line[64:66] == "  " and not line[:64].strip(_HEX):
            path, found = line[66:].rstrip("\r"), line[:64]
            known = records.get(path)
            if known is None:
                records[path] = (found,)
            elif found not in known:
                records[path] = (*known, found)
        elif line.startswith(_VERSION) and line[len(_VERSION) :].strip() != "1":
            raise NewerManifestError
    return records


def read(path: str) -> Records:
    """Read a manifest; where there is none, nothing is ours. Raises NewerManifestError, and OSError when unreadable."""
    try:
        return parse(read_bytes(path))
    except FileNotFoundError:
        return {}


def text(records: Mapping[str, Iterable[str]]) -> str:
    """Write records, sorted by path and digest."""
    lines = [f"{found}  {path}\n" for path in sorted(records) for found in sorted(records[path])]
    return _HEAD + "".join(lines)
