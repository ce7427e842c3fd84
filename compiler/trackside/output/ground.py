"""Which paths output may have: inside the plan's folder, the same on every system, each only once.

Generated files are committed, and cloned where `Con.md` is a device and `Cart.md` is `cart.md`. A path that some system
would refuse or confuse is refused here, on all of them, before anything is written.
"""

from __future__ import annotations

import os
import re
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

from trackside.output.places import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable

_DEVICES: Final = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"]
)
_FORBIDDEN: Final = frozenset('<>:"|?*\\\x7f') | {chr(code) for code in range(32)}
_NAME_BYTES: Final = 255
_PLAIN: Final = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?").fullmatch


class Fault(NamedTuple):
    """What is wrong with a path: the code's slug, a headline, and the way out."""

    slug: str
    headline: str
    help: str


class Ground:
    """The folder that output goes to, and the paths that are taken in it.

    `inputs` are the files of the plan itself: no output may take their place.
    """

    def __init__(self, folder: str, inputs: Iterable[str] = ()) -> None:
        self.folder = folder
        self._prefix = os.path.join(folder, "")
        self._root = os.path.realpath(folder)
        self._inside = self._root.rstrip(os.sep) + os.sep
        self._directories: dict[str, str | Fault] = {}
        self._files: dict[str, str] = {}
        self._inner: dict[str, str] = {}
        self._inputs = {self._key(path) for path in inputs}

    def absolute(self, path: str) -> str:
        """Join a path of output to the folder."""
        return self._prefix + (path if os.sep == "/" else path.replace("/", os.sep))

    def fault(self, path: str) -> Fault | None:
        """Say why output may not have this path, whatever other files there are; None when it may.

        What is wrong with a folder is said of the folder, so that it is the same for every file in it.
        """
        if path.startswith("/"):
            return _outside(path)
        directory, _, name = path.rpartition("/")
        inside = self._directory(directory)
        return inside if isinstance(inside, Fault) else _name_fault(name, path)

    def take(self, path: str) -> Fault | None:
        """Take a path that `fault` found nothing wrong with, unless it is taken."""
        key = self._key(path)
        if key in self._inputs:
            return Fault("output-collision", f"`{path}` is a file of the plan", "give the output a folder of its own")
        other, above = self._files.get(key), self._file_above(key, path)
        if other is not None:
            clash = "written twice" if other == path else f"the same file as `{other}` where case does not count"
        elif key in self._inner:
            clash = f"a file where `{self._inner[key]}` wants a folder"
        elif above is not None:
            clash = f"in a folder, and `{above}` is a file there"
        else:
            self._files[key] = path
            return None
        return Fault(
            "output-collision", f"`{path}` would be {clash}", "give one of the two another `out:` or another name"
        )

    def _file_above(self, key: str, path: str) -> str | None:
        """Find the file that stands where a path needs a folder; where there is none, note the folders it needs."""
        needed: list[str] = []
        directory = key.rpartition("/")[0]
        while directory and directory not in self._inner:
            if directory in self._files:
                return self._files[directory]
            needed.append(directory)
            directory = directory.rpartition("/")[0]
        self._inner.update(dict.fromkeys(needed, path))
        return None

    def _key(self, path: str) -> str:
        directory, _, name = path.rpartition("/")
        inside = self._directory(directory)
        real = folded(directory) if isinstance(inside, Fault) else inside
        return f"{real}/{folded(name)}" if real else folded(name)

    def _directory(self, directory: str) -> str | Fault:
        """Judge a folder once: how it reads where case does not count, links followed, or what is wrong with it."""
        known = self._directories.get(directory)
        if known is None:
            known = self._directories[directory] = self._judge(directory)
        return known

    def _judge(self, directory: str) -> str | Fault:
        if not directory:
            return ""
        parent, _, name = directory.rpartition("/")
        above = self._directory(parent)
        fault = above if isinstance(above, Fault) else _name_fault(name, directory)
        if fault is not None:
            return fault
        real = os.path.realpath(self.absolute(directory))
        if real != self._root and not real.startswith(self._inside):
            return Fault(
                "output-outside-folder",
                f"`{directory}` is a link that leads out of the plan's folder",
                "remove the link, or give another `out:`",
            )
        return folded(real[len(self._inside) :].replace(os.sep, "/"))


def folded(name: str) -> str:
    """Fold a name as file systems do that take names for equal which differ in case or in how accents are written.

    >>> folded("Cart.MD") == folded("cart.md")
    True
    """
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def _outside(path: str) -> Fault:
    return Fault("output-outside-folder", f"`{_printable(path)}` is not a path below the plan's folder", _ELSEWHERE)


def _name_fault(name: str, path: str) -> Fault | None:
    if name in {"", ".", ".."}:
        return _outside(path)
    lower = name.lower()
    stem = lower.partition(".")[0]
    if _PLAIN(name) and stem not in _DEVICES and len(name) <= _NAME_BYTES:
        return None
    if lower in {".git", FOLDER}:
        return Fault("output-outside-folder", f"`{path}` lies in a folder that is not for output", _ELSEWHERE)
    why = ""
    if stem.rstrip(" ") in _DEVICES:
        why = f"`{name}` is a device there"
    elif not _FORBIDDEN.isdisjoint(name):
        why = f"{_spelt(min(_FORBIDDEN.intersection(name)))} cannot be in a name there"
    elif name[-1] in ". ":
        why = "a name cannot end with a stop or a space there"
    if why:
        return Fault("unportable-path", f"`{_printable(path)}` cannot exist on Windows: {why}", _RENAME)
    if len(name.encode("utf-8", "surrogatepass")) > _NAME_BYTES:
        return Fault("unportable-path", f"`{path}` has a name of more than {_NAME_BYTES} bytes", _RENAME)
    if not name.isprintable():
        return Fault("unportable-path", f"`{_printable(path)}` holds a character that does not print", _RENAME)
    return None


_ELSEWHERE: Final = "give another `out:`"
_RENAME: Final = "give it another `out:`, or the event another `code_name:`"


def _spelt(character: str) -> str:
    return f"`{character}`" if character.isprintable() else f"U+{ord(character):04X}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
