"""JSON text without spaces, by an encoder that is made once."""

from __future__ import annotations

import json
from collections.abc import Callable
from json import encoder as library
from typing import Any


def encoder(*, ascii_only: bool = False) -> Callable[[Any], str]:
    """Give a function from a value to its JSON text. It raises ValueError for a number
    that JSON has not, and TypeError for what is not a value of JSON.
    """
    made = json.JSONEncoder(
        ensure_ascii=ascii_only,
        allow_nan=False,
        check_circular=False,
        separators=(",", ":"),
    )
    make: Any = getattr(library, "c_make_encoder", None)
    if make is None:  # an interpreter without the library's part in C
        return made.encode
    # `encode` makes one of these for each value, which takes half as long as the text
    # of an event.
    text = "encode_basestring_ascii" if ascii_only else "encode_basestring"
    encode: Any = make(
        *(None, made.default, getattr(library, text), None, ":", ","),
        *(made.sort_keys, made.skipkeys, made.allow_nan),
    )
    return lambda value: "".join(encode(value, 0))
