"""The encoder that is made once says what the standard library says."""

from __future__ import annotations

import importlib
import json
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@pytest.fixture(scope="module")
def encoding(load: Any, plan_text: str) -> ModuleType:
    return importlib.import_module(f"{load(plan_text).__name__}._runtime.encoding")


@pytest.mark.parametrize("ascii_only", [False, True])
def test_the_same_text_as_the_library(encoding: Any, ascii_only: bool) -> None:
    encode = encoding.encoder(ascii_only=ascii_only)

    @given(VALUES)
    def same(value: object) -> None:
        assert encode(value) == json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))

    same()


@pytest.mark.parametrize(("value", "error"), [(float("inf"), ValueError), ({"a": object()}, TypeError)])
def test_what_json_has_no_text_for(encoding: Any, value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        encoding.encoder()(value)
    assert encoding.encoder()({"next": 1}) == '{"next":1}'


def test_an_interpreter_without_the_part_in_c(encoding: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json.encoder, "c_make_encoder", None)
    assert encoding.encoder()({"ä": [1, None]}) == '{"ä":[1,null]}'
