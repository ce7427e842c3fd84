"""The state: what this machine's last complete build read, what it ran, what it had to say, and what it left.

While all of that is as it was, a build would write the very files that lie there, and both `build --check` and a build
that had nothing to say can answer without compiling. Nothing is believed but bytes: every input, every file of the
compiler and every output is read and digested; no modification time counts.

The state is this machine's own. It names the folder it was made in by its device and inode, so that one that comes in
with a commit or a copy of the folder is worth nothing: a drift check in CI always compiles.
"""

from __future__ import annotations

import os
import sys

from trackside.output import manifest
from trackside.output.digest import FOLLOW_FLAGS, digest, digest_file, read_bytes
from trackside.output.places import Places

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_HEAD = "trackside state 1"
_BOM = b"\xef\xbb\xbf"
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_TEMPLATES = os.path.join(_PACKAGE, "_templates")
if not os.path.isdir(_TEMPLATES):
    _TEMPLATES = os.path.join(os.path.dirname(os.path.dirname(_PACKAGE)), "templates")


def compiler_digest() -> str:
    """Digest the compiler: its modules, its templates, and the interpreter that runs them."""
    parts = [sys.version]
    for root, ending in ((_PACKAGE, ".py"), (_TEMPLATES, "")):
        for path in _files(root, ending):
            try:
                parts += (path, digest(read_bytes(path, FOLLOW_FLAGS)))
            except OSError:
                parts += (path, "unreadable")  # such as the lock of an editor, which is a link to nothing
    return digest("\n".join(parts).encode("utf-8", "surrogateescape"))


def _files(root: str, ending: str) -> Iterator[str]:
    folders: list[str] = []
    with os.scandir(root) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.is_dir():
                if entry.name != "__pycache__":
                    folders.append(entry.path)
            elif entry.name.endswith(ending):
                yield entry.path
    for folder in folders:
        yield from _files(folder, ending)


def input_line(shown: str, data: bytes) -> str:
    """Note one input file: its path from the plan's folder, and its bytes without a byte order mark."""
    return f"input {digest(data.removeprefix(_BOM))} {shown}"


def include_line(folder: str, pattern: str) -> str:
    """Note the names that an `include:` pattern chooses from, in every folder that it may look into.

    That is more than what matches, so any file that begins or ceases to match changes the line.
    """
    names: list[str] = []
    *inner, last = pattern.split("/")
    if last == "**":
        inner, last = [*inner, last], "*"
    folders = [""]
    for step in inner:
        if "*" in step or "?" in step or "[" in step:
            below = [sub for at in folders for sub in _folders(folder, at, deep=step == "**")]
            folders = [*folders, *below] if step == "**" else below
        else:
            folders = [f"{at}{step}/" for at in folders]
    ending = last.rpartition("*")[2] if "[" not in last and "?" not in last else ""
    for at in folders:
        try:
            entries = os.listdir(os.path.join(folder, at))
        except OSError:
            continue
        names += (at + name for name in entries if name.endswith(ending))
    listing = "\0".join(sorted(names)).encode("utf-8", "surrogateescape")
    return f"include {digest(listing)} {pattern}"


def _folders(folder: str, at: str, *, deep: bool) -> Iterator[str]:
    try:
        with os.scandir(os.path.join(folder, at)) as entries:
            below = sorted(f"{at}{entry.name}/" for entry in entries if entry.is_dir(follow_symlinks=not deep))
    except OSError:
        return
    for name in below:
        yield name
        if deep:
            yield from _folders(folder, name, deep=True)


def folder_line(places: Places) -> str:
    """Note which folder this is, on this machine."""
    status = os.stat(places.folder)
    return f"folder {status.st_dev}:{status.st_ino} {os.path.realpath(places.folder)}"


def lines_read(folder: str, files: Mapping[str, str], patterns: Iterable[str]) -> list[str]:
    """Note everything that was read of a plan: the text of each file under its path, and the patterns."""
    return [
        *(input_line(shown, text.encode("utf-8", "surrogatepass")) for shown, text in files.items()),
        *(include_line(folder, pattern) for pattern in patterns),
    ]


def lines_now(folder: str, names: Iterable[str], patterns: Iterable[str]) -> list[str]:
    """Note the same of what lies on the disk now; a file that cannot be read is noted as gone."""
    lines = []
    for name in names:
        try:
            lines.append(input_line(name, read_bytes(os.path.join(folder, name), FOLLOW_FLAGS)))
        except OSError:
            lines.append(f"gone {name}")
    return [*lines, *(include_line(folder, pattern) for pattern in patterns)]


def still(places: Places, line: str) -> bool:
    """Tell whether one line of a state, which notes something outside the manifest, is still true."""
    kind, _, rest = line.partition(" ")
    name = rest.partition(" ")[2]
    if kind == "input":
        return input_line(name, read_bytes(os.path.join(places.folder, name), FOLLOW_FLAGS)) == line
    if kind == "include":
        return include_line(places.folder, name) == line
    if kind == "folder":
        return folder_line(places) == line
    if kind == "compiler":
        return compiler_digest() == rest
    if kind == "findings":
        return True
    return kind == "stands" and os.path.exists(rest)


def holds(places: Places, *, silent: bool = False) -> int | None:
    """Count the output files when everything is as the last complete build left it; None when anything is not.

    `silent` asks besides that the build had no finding to print.
    """
    try:
        lines = read_bytes(places.state).decode("utf-8", "surrogateescape").split("\n")
        recorded = read_bytes(places.manifest)
        if [*lines[:2], lines[-1]] != [_HEAD, f"manifest {digest(recorded)}", ""] or os.path.lexists(places.journal):
            return None
        if silent and "findings 0" not in lines:
            return None
        if not all(still(places, line) for line in lines[2:-1]):
            return None
        records = manifest.parse(recorded)
        base = places.folder + os.sep
        for path, found in records.items():
            if found != (digest_file(base + path),):
                return None
    except (OSError, ValueError, IndexError, manifest.NewerManifestError):
        return None
    return len(records)


def text(places: Places, recorded: bytes, compiler: str, findings: int, inputs: Iterable[str]) -> str:
    """Write the text of a state. `recorded` is the manifest, `inputs` are lines of `lines_read`."""
    lines = [
        _HEAD,
        f"manifest {digest(recorded)}",
        *inputs,  # before the rest: what changes most is looked at first
        folder_line(places),
        f"compiler {compiler}",
        *(f"stands {path}" for path in _distributions()),
        f"findings {findings}",
        "",
    ]
    return "\n".join(lines)


def _distributions() -> Iterator[str]:
    """Find the folders that name the versions of what the compiler runs on: another version has another folder."""
    for module, prefix in (("jinja2", "jinja2-"), ("pydantic", "pydantic-"), ("ruamel.yaml", "ruamel")):
        home = getattr(sys.modules.get(module), "__file__", None)
        if home is None:
            continue
        site = home
        for _ in range(module.count(".") + 2):
            site = os.path.dirname(site)
        for name in sorted(os.listdir(site)):
            if name.lower().startswith(prefix) and name.endswith(".dist-info"):
                yield os.path.join(site, name)
