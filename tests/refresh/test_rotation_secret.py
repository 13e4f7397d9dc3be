"""RotationSecret: where it comes from, what it never gives away."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.refresh.kit import ISSUER

from jwtkit.errors import ConfigurationError
from jwtkit.jose import base64url
from jwtkit.refresh import RotationSecret
from jwtkit.refresh.rotation_keys import FamilyKeys, RotationKeys, joined


def test_a_generated_secret_survives_its_text() -> None:
    secret = RotationSecret.generate()
    assert RotationSecret.from_text(secret.to_text()) == secret
    assert secret.to_text().startswith("jkrs1_")
    assert len(secret.to_text()) == 49


def test_two_generated_secrets_differ() -> None:
    one, two = RotationSecret.generate(), RotationSecret.generate()
    assert one != two
    assert one.key_id != two.key_id
    assert one != one.to_text()


def test_equal_secrets_hash_alike() -> None:
    secret = RotationSecret.generate()
    assert len({secret, RotationSecret.from_text(secret.to_text())}) == 1
    assert hash(secret) != hash(RotationSecret.generate())


def test_the_text_may_end_with_a_line_break() -> None:
    secret = RotationSecret.generate()
    assert RotationSecret.from_text(f" {secret.to_text()}\n") == secret


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jkrs1_",
        "jkrs2_" + "A" * 43,
        "A" * 43,
        "jkrs1_" + "A" * 42,
        "jkrs1_" + "A" * 44,
        "jkrs1_" + "A" * 42 + "=",
        "jkrs1_" + "A" * 42 + "B",  # left-over bits
        "jkrs1_" + "é" * 43,
        None,
        b"jkrs1_" + b"A" * 43,
    ],
)
def test_another_text_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RotationSecret.from_text(text)
    assert caught.value.code == "rotation_secret.format"


@pytest.mark.parametrize("secret", [b"x" * 31, b"x" * 33, "x" * 32, bytearray(32)])
def test_other_bytes_are_refused(secret: bytes) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RotationSecret(secret)
    assert caught.value.code == "rotation_secret.format"


@pytest.mark.parametrize("placeholder", [bytes(32), b"changeme" * 4, b"secret--" * 4])
def test_a_placeholder_is_refused(placeholder: bytes) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RotationSecret.from_text("jkrs1_" + base64url.encode(placeholder))
    assert caught.value.code == "rotation_secret.weak"


def test_twelve_different_bytes_pass_and_eleven_do_not() -> None:
    RotationSecret(bytes(range(12)) + bytes(20))
    with pytest.raises(ConfigurationError) as caught:
        RotationSecret(bytes(range(11)) + bytes(21))
    assert caught.value.code == "rotation_secret.weak"


def test_a_wrong_text_is_not_repeated_in_the_message() -> None:
    with pytest.raises(ConfigurationError) as caught:
        RotationSecret.from_text("hunter2-is-my-password")
    assert "hunter2" not in str(caught.value)


def test_nothing_shows_the_secret() -> None:
    secret = RotationSecret.generate().accepting(RotationSecret.generate())
    raw = secret.to_text().removeprefix("jkrs1_")
    keys = secret.keys_for(ISSUER)
    for shown in (repr(secret), str(secret), f"{secret}", repr(keys), repr(keys.current)):
        assert raw not in shown
        assert secret.key_id in shown
    with pytest.raises(TypeError):
        json.dumps(secret)


def test_a_secret_refuses_to_be_pickled() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(RotationSecret.generate())


def test_a_copy_is_the_secret_itself() -> None:
    secret = RotationSecret.generate()
    assert copy.copy(secret) is secret
    assert copy.deepcopy([secret])[0] is secret


def test_the_current_secret_comes_first() -> None:
    old, new = RotationSecret.generate(), RotationSecret.generate()
    assert old.accepting(new).key_ids == (old.key_id, new.key_id)
    assert new.accepting(old) == RotationSecret.from_text(new.to_text(), old.to_text())
    assert new.accepting(old).to_text() == new.to_text()


def test_a_secret_named_twice_counts_once() -> None:
    secret = RotationSecret.generate()
    assert secret.accepting(secret).key_ids == (secret.key_id,)


def test_two_secrets_of_one_key_id_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jwtkit.refresh.secret.key_id_of", lambda secret: "00000000")
    with pytest.raises(ConfigurationError) as caught:
        RotationSecret.generate().accepting(RotationSecret.generate())
    assert caught.value.code == "rotation_secret.format"


def test_the_environment_gives_the_secret() -> None:
    one, two, three = (RotationSecret.generate() for _ in range(3))
    environ = {
        "JWTKIT_ROTATION_SECRET": one.to_text(),
        "JWTKIT_ROTATION_SECRET_PREVIOUS": f"{two.to_text()}, {three.to_text()},",
    }
    assert RotationSecret.from_env(environ=environ) == one.accepting(two, three)


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = RotationSecret.generate()
    monkeypatch.setenv("ORDERS_SECRET", secret.to_text())
    assert RotationSecret.from_env("ORDERS_SECRET") == secret


@pytest.mark.parametrize("environ", [{}, {"JWTKIT_ROTATION_SECRET": "  "}])
def test_a_missing_variable_is_named(environ: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="JWTKIT_ROTATION_SECRET") as caught:
        RotationSecret.from_env(environ=environ)
    assert caught.value.code == "rotation_secret.missing"


def test_a_wrong_variable_is_named_and_not_repeated() -> None:
    with pytest.raises(ConfigurationError, match="JWTKIT_ROTATION_SECRET") as caught:
        RotationSecret.from_env(environ={"JWTKIT_ROTATION_SECRET": "hunter2"})
    assert caught.value.code == "rotation_secret.format"
    assert "hunter2" not in str(caught.value)


def test_issuers_that_share_a_secret_share_no_key() -> None:
    secret = RotationSecret.generate()
    one, two = secret.keys_for("https://one.example").current, secret.keys_for("https://two.example").current
    assert one.key_id == two.key_id
    assert one.tag(b"core") != two.tag(b"core")
    assert one.digest(b"core", b"") != two.digest(b"core", b"")
    assert one.successor_secret(b"f", 1, b"s", b"n") != two.successor_secret(b"f", 1, b"s", b"n")


def test_the_three_keys_differ_from_each_other() -> None:
    keys = FamilyKeys(bytes(range(32)), ISSUER)
    tag, digest = keys.tag(b"message"), keys.digest(b"message", b"")
    assert tag != digest[:16]


@pytest.mark.parametrize("place", range(4))
def test_a_successor_takes_every_one_of_its_ingredients(place: int) -> None:
    """Without the parent a row were enough to make the live token; without the nonce the parent were."""
    keys = FamilyKeys(bytes(range(32)), ISSUER)
    made_of: list[Any] = [b"f" * 16, 7, b"s" * 32, b"n" * 16]
    other: list[Any] = [b"g" * 16, 8, b"t" * 32, b"m" * 16]
    before = keys.successor_secret(*made_of)
    assert keys.successor_secret(*made_of) == before
    made_of[place] = other[place]
    assert keys.successor_secret(*made_of) != before
    assert FamilyKeys(bytes(range(1, 33)), ISSUER).successor_secret(*made_of) != before


def test_no_two_bindings_have_one_digest() -> None:
    bindings = [
        [],
        [None],
        [""],
        [None, None],
        ["", None],
        [None, ""],
        ["ab", "c"],
        ["a", "bc"],
        ["abc"],
        ["abc", ""],
        ["\x00"],
        ["\x01\x00\x00\x00\x00"],
        ["\ud800"],
    ]
    assert len({joined(binding) for binding in bindings}) == len(bindings)


some_texts = st.lists(st.none() | st.text("\x00\x01\x02\x03a", max_size=4), max_size=4)


@given(some_texts, some_texts)
def test_bindings_that_differ_have_other_bytes(one: list[str | None], other: list[str | None]) -> None:
    assert (joined(one) == joined(other)) == (one == other)


def test_what_the_keys_compute_never_changes() -> None:
    """Tokens and rows outlive a release: another label or width would log everybody out."""
    secret = bytes(range(32))

    def hashed(key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, hashlib.sha256)

    def derived(info: bytes) -> bytes:
        return hashed(hashed(bytes(32), secret), info + b"\x01")  # RFC 5869, one block

    keys = FamilyKeys(secret, ISSUER)
    about = b"|" + ISSUER.encode()
    assert keys.key_id == derived(b"jwtkit refresh 1 key id")[:4].hex()
    assert keys.tag(b"core") == hashed(derived(b"jwtkit refresh 1 tag" + about), b"core")[:16]
    made_of = b"f" * 16 + (7).to_bytes(8, "big") + b"s" * 32 + b"n" * 16
    successor = hashed(derived(b"jwtkit refresh 1 successor" + about), made_of)
    assert keys.successor_secret(b"f" * 16, 7, b"s" * 32, b"n" * 16) == successor
    bound = b"core" + b"\x00\x03" + b"\x00\x02" + "aé".encode() + b"\x00\x02"
    row = hashed(derived(b"jwtkit refresh 1 row" + about), bound)
    assert keys.digest(b"core", joined([None, "aé"])) == row


def test_keys_are_found_by_their_id() -> None:
    keys = RotationKeys([bytes(range(32)), bytes(range(1, 33))], ISSUER)
    assert keys.find(keys.key_ids[1]) is not keys.current
    assert keys.find(keys.key_ids[0]) is keys.current
    assert keys.find("00000000") is None
