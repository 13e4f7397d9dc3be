"""JSON objects are read strictly, and nothing is written that would not be read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jwtkit.errors import ConfigurationError, MalformedTokenError
from jwtkit.jose import strict_json
from jwtkit.jose.strict_json import MAX_DEPTH, MAX_DIGITS, dump_object, parse_object

TEXT = st.text(st.characters(codec="utf-8"), max_size=10)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(TEXT, VALUES, max_size=6)


def attempt(call: Any, *arguments: Any) -> tuple[Any, MalformedTokenError | None]:
    """Return what a call gives or the error it raises; any other error fails the test."""
    try:
        return call(*arguments), None
    except MalformedTokenError as error:
        return None, error


def refusal(data: bytes) -> str:
    with pytest.raises(MalformedTokenError) as caught:
        parse_object(data)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return caught.value.code


@given(OBJECTS)
def test_what_is_written_is_read_back(members: dict[str, Any]) -> None:
    data = dump_object(members)
    assert parse_object(data) == members
    assert list(parse_object(data)) == list(members)


@given(OBJECTS, st.booleans(), st.sampled_from([None, 1]))
def test_what_is_read_can_be_written_again(
    members: dict[str, Any], escaped: bool, indent: int | None
) -> None:
    parsed = parse_object(json.dumps(members, ensure_ascii=escaped, indent=indent).encode())
    assert parsed == members
    assert parse_object(dump_object(parsed)) == parsed


@given(st.binary(max_size=60) | st.text('{}[]":,\\u0dD8eE+-1N tn\n', max_size=40).map(str.encode))
def test_no_bytes_raise_anything_else(data: bytes) -> None:
    parsed, error = attempt(parse_object, data)
    if error:
        assert error.code in {"token.json", "token.duplicate_name"}
    else:
        assert parse_object(dump_object(parsed)) == parsed


@pytest.mark.parametrize("data", [b"{}", b' {"a":1}', b'\n{"a" : 1 }\r\n\t '])
def test_white_space_of_json_is_allowed_around_and_inside(data: bytes) -> None:
    assert parse_object(data) == json.loads(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"   ",
        b"[]",
        b"1",
        b'"a"',
        b"null",
        b"NaN",
        b"{",
        b'{"a":}',
        b'{"a":[1,}',
        b"{'a':1}",
        b'{"a":1,}',
        b"{} {}",
        b'{"a":1} x',
        b"\x0b{}",
        b"{}\xc2\xa0",
        b"\xef\xbb\xbf{}",
        "{}".encode("utf-16"),
        b'{"a":"\xff"}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xc0\x80"}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":[-Infinity]}',
        b'{"a":1e999}',
        b'{"a":-1e999}',
        b'{"a":01}',
        b'{"a":+1}',
        b'{"a":"\x00"}',
        b'{"a":"\n"}',
        b'{"a":"\x1f"}',
        rb'{"a":"\x41"}',
        rb'{"a":"\ud800"}',
        rb'{"a":["\udc00"]}',
        rb'{"\ud83d":1}',
        rb'{"a":"\udc00\ud800"}',
    ],
)
def test_refuses_what_readers_disagree_on(data: bytes) -> None:
    assert refusal(data) == "token.json"


def test_a_surrogate_pair_is_one_character() -> None:
    assert parse_object(rb'{"a":"\ud83d\ude00 \u00e9 \\u"}') == {"a": "😀 é \\u"}


@pytest.mark.parametrize(
    "data", [b'{"a":1,"a":1}', b'{"a":1,"b":{"c":1,"c":2}}', rb'{"a":1,"\u0061":2}', b'{"a":[{"b":1,"b":1}]}']
)
def test_refuses_a_name_given_twice(data: bytes) -> None:
    assert refusal(data) == "token.duplicate_name"


SHORT_NAMES = st.sampled_from(["a", "b", "c", ",", '"', ":"])
PAIRS = st.recursive(
    st.integers(0, 9) | SHORT_NAMES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(st.tuples(SHORT_NAMES, inner), max_size=3).map(tuple)
    ),
    max_leaves=8,
)


def spelled(value: Any) -> str:
    """Write tuples of pairs as objects, names given twice included."""
    if isinstance(value, tuple):
        return "{" + ",".join(f"{json.dumps(name)}:{spelled(member)}" for name, member in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(spelled, value)) + "]"
    return json.dumps(value)


def twice(value: Any) -> bool:
    """Say whether a name is given twice at any depth."""
    if isinstance(value, tuple):
        names = [name for name, _ in value]
        return len(set(names)) != len(names) or any(twice(member) for _, member in value)
    return isinstance(value, list) and any(map(twice, value))


@given(st.lists(st.tuples(SHORT_NAMES, PAIRS), max_size=4).map(tuple), st.sampled_from(["", " ", ",x"]))
@settings(max_examples=300)
def test_a_name_given_twice_is_found_wherever_it_is(pairs: Any, after: str) -> None:
    data = (spelled(pairs) + after).encode()
    if twice(pairs):
        assert refusal(data) in {"token.duplicate_name", "token.json" if after == ",x" else ""}
    elif after == ",x":
        assert refusal(data) == "token.json"
    else:
        assert parse_object(data) == json.loads(data)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_nesting_is_bounded_exactly(opening: str, closing: str) -> None:
    inner = MAX_DEPTH - 1
    allowed = '{"a":' + opening * inner + "1" + closing * inner + "}"
    assert parse_object(allowed.encode()) == json.loads(allowed)
    beyond = '{"a":' + opening * (inner + 1) + "1" + closing * (inner + 1) + "}"
    assert refusal(beyond.encode()) == "token.json"


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_what_was_closed_before_counts_no_more(opening: str, closing: str) -> None:
    """Where there are more brackets than levels are allowed, the levels are counted one by one."""
    beside = f'"b":[{",".join(["[]", "{}"] * 20)}]'
    for inner, allowed in ((MAX_DEPTH - 1, True), (MAX_DEPTH, False)):
        nested = '"a":' + opening * inner + "1" + closing * inner
        for text in (f"{{{beside},{nested}}}", f"{{{nested},{beside}}}"):
            if allowed:
                assert parse_object(text.encode()) == json.loads(text)
            else:
                assert refusal(text.encode()) == "token.json"


@pytest.mark.parametrize("before", [0, 10, 20])
def test_levels_add_up_on_both_sides_of_what_was_closed(before: int) -> None:
    for levels, allowed in ((MAX_DEPTH - 1, True), (MAX_DEPTH, False)):
        text = (
            '{"a":' + "[" * before + "[]," * (before > 0) + "[" * (levels - before) + "1" + "]" * levels + "}"
        )
        if allowed:
            assert parse_object(text.encode()) == json.loads(text)
        else:
            assert refusal(text.encode()) == "token.json"


def test_brackets_beside_each_other_or_in_strings_are_no_nesting() -> None:
    wide = {"a": [[] for _ in range(50)], "b": "[{" * 100, 'c"\\[': '"[[[[' * 20, "d": {"e": {}}}
    assert parse_object(json.dumps(wide).encode()) == wide


def test_a_hundred_thousand_brackets_are_refused_at_once() -> None:
    assert refusal(b'{"a":' + b"[" * 100_000) == "token.json"


@pytest.mark.parametrize("sign", ["", "-"])
def test_digits_are_bounded_exactly(sign: str) -> None:
    parsed = parse_object(f'{{"a":{sign}{"9" * MAX_DIGITS}}}'.encode())
    assert parse_object(dump_object(parsed)) == parsed
    assert refusal(f'{{"a":{sign}{"9" * (MAX_DIGITS + 1)}}}'.encode()) == "token.json"
    assert refusal(f'{{"a":0.{"1" * MAX_DIGITS}}}'.encode()) == "token.json"
    longest = f"0.{'1' * (MAX_DIGITS - 2)}"
    assert parse_object(f'{{"a":{longest}}}'.encode()) == {"a": float(longest)}
    assert refusal(f'{{"a":{longest}1}}'.encode()) == "token.json"


def test_a_long_document_of_short_numbers_is_read() -> None:
    members = {"a": list(range(2000)), "b": 0.5, "c": "7" * 5000}
    assert parse_object(json.dumps(members).encode()) == members


@pytest.fixture
def interpreter_limit() -> Iterator[Any]:
    before = sys.get_int_max_str_digits()
    yield sys.set_int_max_str_digits
    sys.set_int_max_str_digits(before)


@pytest.mark.parametrize("limit", [0, 640, 100_000])
def test_the_interpreters_own_limit_changes_no_error(interpreter_limit: Any, limit: int) -> None:
    interpreter_limit(limit)
    assert refusal(b'{"a":' + b"9" * (MAX_DIGITS + 1) + b"}") == "token.json"
    if limit == 640:
        assert refusal(b'{"a":' + b"9" * 641 + b"}") == "token.json"


def test_no_longer_number_is_written_whatever_the_interpreter_allows(interpreter_limit: Any) -> None:
    interpreter_limit(0)
    with pytest.raises(ConfigurationError) as caught:
        dump_object({"fine": 1, "long": 10**MAX_DIGITS})
    assert caught.value.code == "claims.json"
    assert "'long'" in str(caught.value)


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


CYCLE: list[Any] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        [float("-inf")],
        {"a": {"b": float("nan")}},
        {1: "a"},
        {"a": {None: 1}},
        object(),
        b"bytes",
        {1, 2},
        [{"a": b""}],
        [1, [object()]],
        "\ud800",
        {"\udc00": 1},
        nested(MAX_DEPTH),
        {"a": nested(MAX_DEPTH - 1)},
        CYCLE,
        MappingProxyType({}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_refuses_to_write_what_json_has_no_form_for(value: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        dump_object({"before": "x", "culprit": value})
    assert caught.value.code == "claims.json"
    assert "'culprit'" in str(caught.value)


def test_the_message_names_the_claim_and_never_its_value() -> None:
    with pytest.raises(ConfigurationError) as caught:
        dump_object({"password": b"hunter2"})
    assert "password" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["größe", "\ud800", "名" * 100, "a\n"])
def test_a_member_of_any_name_can_be_named(name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        dump_object({"fine": 1, name: object()})
    assert caught.value.code == "claims.json"
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("members", [{1: "a"}, {None: 1}, {"a": 1, 2: 2}])
def test_refuses_names_that_are_no_strings(members: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        dump_object(members)
    assert caught.value.code == "claims.json"


@pytest.mark.parametrize("members", [None, [], "a", [("a", 1)]])
def test_refuses_what_is_no_mapping(members: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        dump_object(members)
    assert caught.value.code == "claims.json"


class Name(str):
    """A str by another name, as a StrEnum member is."""


def test_writes_compact_utf8_in_the_order_given() -> None:
    members = MappingProxyType({"z": 1, Name("é"): ("a", Name("b")), "a": {"b": [True, None, 1.5]}})
    assert dump_object(members) == '{"z":1,"é":["a","b"],"a":{"b":[true,null,1.5]}}'.encode()
    assert dump_object({}) == b"{}"
    assert parse_object(dump_object({"a": nested(MAX_DEPTH - 1)})) == {"a": nested(MAX_DEPTH - 1)}


@pytest.mark.parametrize("absent", [None, lambda: None], ids=["no C encoder", "another one"])
@given(OBJECTS)
def test_what_is_written_does_not_depend_on_the_interpreter(absent: Any, members: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("json.encoder.c_make_encoder", absent)
        encode = strict_json._encoder()
    assert encode(members) == strict_json._encode(members) == dump_object(members).decode()
