"""Identifiers: from a name in the plan to a name that a language takes.

Names are typed by language, so that nothing but what this module made can reach a template as an identifier.
"""

from __future__ import annotations

import keyword
import re
import unicodedata


class PythonName(str):
    """A legal, unreserved Python identifier."""

    __slots__ = ()


class JsName(str):
    """A legal, unreserved JavaScript (and TypeScript) identifier."""

    __slots__ = ()


_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[A-Za-z0-9]+")


def words(name: str) -> list[str]:
    """Split a name into lowercase words; accents are dropped, what has no ASCII letter or digit separates.

    >>> words("Site Transfer Accepted"), words("siteTransferURL2")
    (['site', 'transfer', 'accepted'], ['site', 'transfer', 'url2'])
    """
    if name.isascii() and name.replace("_", "a").isalnum() and name.islower():
        return [word for word in name.split("_") if word]
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "replace").decode()
    return [part.lower() for word in _WORD.findall(ascii_name) for part in _BOUNDARY.split(word)]
