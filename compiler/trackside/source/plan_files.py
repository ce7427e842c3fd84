"""Read a plan's files: the plan itself, then what its `include:` names.

Nothing outside the plan's folder is read, also not through a link. The order is that of the patterns, and by path
within a pattern, so that it is the same on every machine.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from trackside.diagnostics.model import Edit, Fix, Label
from trackside.diagnostics.span import Span
from trackside.source.include import find_files
from trackside.source.node import MappingNode, ScalarNode, SequenceNode, SourceFile
from trackside.source.reader import read_text
from trackside.source.scalars import quoted, shown

if TYPE_CHECKING:
    from pathlib import Path

    from trackside.diagnostics.bag import Bag

SIZE_LIMIT: Final = 64 * 1024 * 1024
"""How many bytes all files of a plan may hold together."""


@dataclass(frozen=True, slots=True)
class PlanSource:
    """A plan as written: its documents, the plan's own first, and every file by the path that findings name."""

    folder: Path
    documents: tuple[MappingNode, ...]
    files: dict[str, SourceFile]
    include_patterns: tuple[str, ...]


def read_plan(
    path: Path, bag: Bag, files: dict[str, SourceFile] | None = None, *, limit: int | None = None
) -> PlanSource | None:
    """Read the plan at `path` and the files that it includes, of `limit` bytes together, or of 64 MB.

    None when the plan itself cannot be read as a mapping; an included file that cannot be read is left out. The bag
    says why in both cases. `files` takes the texts that the findings are about, also when the plan is None.
    """
    reading = _Reading(path, bag, {} if files is None else files, SIZE_LIMIT if limit is None else limit)
    name = _printable(path.name) or str(path)
    document = reading.document(path, name, Span(name, 1, 1, 1, 1))
    if document is None:
        return None
    patterns = document.get("include")
    if isinstance(patterns, SequenceNode):
        for pattern in patterns:
            if isinstance(pattern, ScalarNode):
                reading.include(pattern)
    return PlanSource(path.parent, tuple(reading.documents), reading.files, tuple(reading.patterns))


class _Reading:
    """One plan being read."""

    def __init__(self, path: Path, bag: Bag, files: dict[str, SourceFile], limit: int) -> None:
        self.bag = bag
        self.folder = path.parent
        self.real_folder = self.folder.resolve()
        self.documents: list[MappingNode] = []
        self.files = files
        self.patterns: list[str] = []
        self.limit = self.left = limit
        # What tells a file from all others, however it is named -> who asked for it first.
        self.identities: dict[tuple[int, int], Span] = {}
        self.plan_identity: tuple[int, int] | None = None

    def include(self, pattern: ScalarNode) -> None:
        """Read the files that one pattern names."""
        found = self._matches(pattern)
        if found is None:
            return
        self.patterns.append(pattern.text)
        span = pattern.span
        wild = any(character in pattern.text for character in "*?[")
        others = 0
        for relative in found:
            shown_path = _printable(relative)
            path = self.folder / relative
            if shown_path is None:
                self.bag.report(
                    "unreadable-file",
                    span,
                    f"a file that `{pattern.text}` matches has a name that cannot be printed",
                    help="rename the file",
                )
                others += 1
                continue
            if not self._inside(path):
                others += 1
                self.bag.report(
                    "include-outside",
                    span,
                    f"`{shown_path}` is a link that leads out of the plan's folder",
                    help="move the file into the plan's folder",
                )
                continue
            identity = _identity(path)
            if identity is not None and identity == self.plan_identity and wild:
                continue
            others += 1
            if identity is not None and identity in self.identities:
                self._report_twice(shown_path, span, self.identities[identity])
                continue
            document = self.document(path, shown_path, span)
            if document is not None:
                self._refuse_nested(document, shown_path)
        if not others:
            self.bag.report(
                "include-finds-nothing",
                span,
                f"`{shown(pattern.text)}` matches no file",
                label="no such file in the plan's folder",
                help="patterns begin at the plan's folder; `*` stands for a part of a name, `**` for any folders",
            )

    def _matches(self, pattern: ScalarNode) -> list[str] | None:
        """List the paths that a pattern matches, or report that it is no pattern."""
        text = pattern.text
        span = pattern.span
        if "\\" in text:
            mended = text.replace("\\", "/")
            self.bag.report(
                "bad-include",
                span,
                f"`{shown(text)}` is written with backslashes, which only one system understands",
                help=f"write `{shown(mended)}`",
                fix=Fix("Use forward slashes", (Edit(span, quoted(mended)),), safe=True),
            )
            return None
        parts = text.split("/")
        if not text.strip() or "\0" in text or any(part in ("", ".") for part in parts[1:-1]):
            self.bag.report("bad-include", span, "a pattern names files, such as `plan/*.yaml`")
            return None
        if text.startswith(("/", "~")) or ":" in parts[0] or ".." in parts:
            self.bag.report(
                "include-outside",
                span,
                f"`{shown(text)}` leads out of the plan's folder",
                help="include files of the plan's own folder, by paths that begin there",
            )
            return None
        if parts[-1] in ("", "."):
            self.bag.report(
                "bad-include", span, f"`{shown(text)}` names a folder", help=f"write `{text.rstrip('/.')}/*.yaml`"
            )
            return None
        return find_files(self.folder, [part for part in parts if part != "."])

    def _inside(self, path: Path) -> bool:
        try:
            return path.resolve().is_relative_to(self.real_folder)
        except (OSError, RuntimeError):
            # A loop of links leads nowhere; reading it says so.
            return True

    def _report_twice(self, path: str, span: Span, first: Span) -> None:
        self.bag.report(
            "included-twice",
            span,
            f"`{path}` is included twice" if first != span else f"`{path}` is one file under two names",
            label="again here",
            secondary=[Label(first, "first here")] if first != span else [],
            help="let only one pattern match it",
        )

    def _refuse_nested(self, document: MappingNode, path: str) -> None:
        nested = document.pop("include", None)
        if nested is not None:
            self.bag.report(
                "nested-include",
                nested.key_span,
                f"`{path}` is included, and an included file cannot include others",
                help="list all files in the plan itself",
            )

    def document(self, path: Path, shown_path: str, asked: Span) -> MappingNode | None:
        """Read one file as a mapping, or report at `asked` that it cannot be read."""
        data = self._bytes(path, shown_path, asked)
        if data is None:
            return None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._report_encoding(data, error.start, shown_path)
            return None
        file, document = read_text(text, shown_path, self.bag)
        self.files[shown_path] = file
        if document is not None:
            self.documents.append(document)
        return document

    def _bytes(self, path: Path, shown_path: str, asked: Span) -> bytes | None:
        try:
            # A pipe would block for ever without the flag; Windows has neither.
            descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
            with os.fdopen(descriptor, "rb") as stream:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    what = "a folder" if stat.S_ISDIR(status.st_mode) else "no ordinary file"
                    self._report_unreadable(shown_path, asked, what)
                    return None
                identity = (status.st_dev, status.st_ino)
                if self.plan_identity is None:
                    self.plan_identity = identity
                self.identities[identity] = asked
                data = stream.read(self.left + 1)
        except (OSError, ValueError) as error:
            self._report_unreadable(shown_path, asked, _reason(path, error))
            return None
        if len(data) > self.left:
            self.bag.report(
                "file-too-large",
                asked,
                f"with `{shown_path}` the plan's files hold more than {self.limit // (1024 * 1024)} MB",
                help="a plan of ten thousand events is a tenth of that: is this a plan?",
            )
            return None
        self.left -= len(data)
        return data

    def _report_unreadable(self, shown_path: str, asked: Span, what: str) -> None:
        own = asked.file == shown_path
        hints = {
            "a folder": "name the file in it, such as `tracking_plan.yaml`"
            if own
            else f"name the files in it: `{shown_path}/*.yaml`",
            "not there": "`trackside init` writes a small plan to start from" if own else None,
        }
        self.bag.report(
            "unreadable-file",
            asked,
            f"`{shown_path}` is {what}",
            label="" if own else "asked for here",
            help=hints.get(what),
        )

    def _report_encoding(self, data: bytes, offset: int, shown_path: str) -> None:
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            self.files[shown_path] = SourceFile(shown_path, "")
            self.bag.report(
                "not-utf-8",
                Span(shown_path, 1, 1, 1, 1),
                f"`{shown_path}` is written in UTF-16",
                help="save the file as UTF-8",
            )
            return
        file = self.files[shown_path] = SourceFile(shown_path, data.decode("utf-8", "replace").removeprefix("\ufeff"))
        at = len(data[:offset].decode("utf-8-sig"))
        self.bag.report(
            "not-utf-8",
            file.span(at, at + 1),
            f"`{shown_path}` is not written in UTF-8",
            label=f"the byte 0x{data[offset]:02X}",
            help="save the file as UTF-8",
        )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def _reason(path: Path, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "a link to nothing" if path.is_symlink() else "not there"
    if isinstance(error, PermissionError):
        # Windows refuses to open a folder by this error.
        return "a folder" if path.is_dir() else "not readable for this user"
    if isinstance(error, IsADirectoryError):
        return "a folder"
    if isinstance(error, NotADirectoryError):
        return "not there"
    return "not readable: " + (getattr(error, "strerror", None) or "its path is no path").lower()


def _printable(path: str) -> str | None:
    """Give the path as findings name it, or None when a terminal or a JSON file could not hold it."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return None
    return path if path.isprintable() else None
