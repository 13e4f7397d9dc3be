"""Compact JWS: exactly one form is read, one key is chosen, and nothing else passes."""

from __future__ import annotations

import json
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jwtkit.errors import (
    AlgorithmNotAllowedError,
    ConfigurationError,
    InvalidSignatureError,
    MalformedTokenError,
    TokenError,
    UnknownKeyError,
)
from jwtkit.jose import (
    ALGORITHMS,
    JWKSet,
    SigningKey,
    VerifiedJWS,
    base64url,
    jws,
    sign_compact,
    verify_compact,
)

EVERY = sorted(ALGORITHMS)
FAMILIES = ["HS256", "RS256", "PS256", "ES256", "Ed25519", "EdDSA", "ML-DSA-44"]


def attempt(call: Any, *arguments: Any) -> tuple[Any, TokenError | None]:
    """Return what a call gives or the error it raises; any other error fails the test."""
    try:
        return call(*arguments), None
    except TokenError as error:
        return None, error


def refusal(call: Any, *arguments: Any, **options: Any) -> TokenError:
    with pytest.raises(TokenError) as caught:
        call(*arguments, **options)
    return caught.value


def forge(header: Any, key: SigningKey, payload: bytes = b"payload") -> str:
    """Sign with whatever header, as a careless or hostile issuer would."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    signing_input = f"{base64url.encode(text)}.{base64url.encode(payload)}"
    return f"{signing_input}.{base64url.encode(key.sign(signing_input.encode()))}"


@pytest.fixture(scope="module")
def key() -> SigningKey:
    return SigningKey.generate("ES256", kid="k")


# --- the round trip ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EVERY)
@given(payload=st.binary(max_size=100))
@settings(max_examples=5)
def test_what_is_signed_is_verified(name: str, payload: bytes, signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys[name]
    text = sign_compact(payload, key, header={"typ": "example"})
    for keys in (key, key.verification_key, JWKSet([key.verification_key])):
        for form in (text, text.encode()):
            verified = verify_compact(form, keys)
            assert verified == VerifiedJWS({"typ": "example", "alg": name, "kid": key.kid}, payload, key.kid)
    with pytest.raises(TypeError):
        verified.header["alg"] = "none"  # type: ignore[index]


def test_the_key_id_is_told_when_the_header_has_none(key: SigningKey) -> None:
    assert verify_compact(forge({"alg": "ES256"}, key), key).key_id == "k"


@pytest.mark.parametrize("name", FAMILIES)
@given(place=st.integers(min_value=0), replacement=st.sampled_from("AQgwZz09-_.=+/ \n\0é"))
@settings(max_examples=40)
def test_any_altered_character_is_refused(
    name: str, place: int, replacement: str, signing_keys: dict[str, SigningKey]
) -> None:
    key = signing_keys[name]
    text = sign_compact(b'{"sub":"client-42"}', key)
    place %= len(text)
    if text[place] == replacement:
        replacement = "B"
    altered = text[:place] + replacement + text[place + 1 :]
    with pytest.raises(TokenError):
        verify_compact(altered, key)


@pytest.mark.parametrize("name", FAMILIES)
@given(place=st.integers(min_value=0), extra=st.text("AQ.=", min_size=1, max_size=4))
@settings(max_examples=20)
def test_any_inserted_or_missing_character_is_refused(
    name: str, place: int, extra: str, signing_keys: dict[str, SigningKey]
) -> None:
    key = signing_keys[name]
    text = sign_compact(b"payload", key)
    place %= len(text)
    for altered in (text[:place] + extra + text[place:], text[:place] + text[place + 1 :], text + extra):
        with pytest.raises(TokenError):
            verify_compact(altered, key)


def test_swapped_parts_of_two_good_tokens_are_refused(key: SigningKey) -> None:
    one, two = (sign_compact(payload, key).split(".") for payload in (b"one", b"two"))
    assert refusal(verify_compact, ".".join([one[0], two[1], one[2]]), key).code == "token.signature"


# --- text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [None, 1, 1.5, True, bytearray(b"a.b.c"), ["a.b.c"], {}, object()])
def test_other_types_are_refused(text: Any, key: SigningKey) -> None:
    assert isinstance(error := refusal(verify_compact, text, key), MalformedTokenError)
    assert error.code == "token.type"


def test_the_longest_text_is_bounded(key: SigningKey) -> None:
    text = sign_compact(b"x" * 12_000, key)
    assert len(text) < jws.MAX_TOKEN_BYTES
    assert verify_compact(text, key, max_bytes=len(text)).payload == b"x" * 12_000
    assert refusal(verify_compact, text, key, max_bytes=len(text) - 1).code == "token.too_large"
    assert refusal(verify_compact, "a" * 5_000_000, key).code == "token.too_large"


@pytest.mark.parametrize("text", ["é.b.c", "a.b.c\N{ZERO WIDTH SPACE}", "\ud800.b.c", b"\xff.b.c"])
def test_text_beyond_ascii_is_refused(text: Any, key: SigningKey) -> None:
    assert refusal(verify_compact, text, key).code == "token.ascii"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a", "a.b", "a.b.", ".b.c", "a..", "..c", "a.b.c.d", "a..b.c", "." * 9000]
)
def test_other_numbers_of_segments_are_refused(text: str, key: SigningKey) -> None:
    assert refusal(verify_compact, text, key).code == "token.segments"


def test_five_segments_are_named_for_what_they_are(key: SigningKey) -> None:
    error = refusal(verify_compact, "a.b.c.d.e", key)
    assert error.code == "token.segments"
    assert "JWE" in (error.hint or "")
    assert refusal(verify_compact, "a.b.c.d.e.f", key).hint is None


def test_splitting_returns_the_very_bytes_received() -> None:
    assert jws.split_compact(b"aa.bbb.c") == (b"aa", b"bbb", b"c", b"aa.bbb")
    assert jws.split_compact("aa..c") == (b"aa", b"", b"c", b"aa.")
    assert jws.split_compact("a" * 100_000 + ".b.c")[1:3] == (b"b", b"c")


def test_segments_that_are_no_base64url_are_refused(key: SigningKey) -> None:
    header, payload, signature = sign_compact(b"payload", key).split(".")
    assert refusal(verify_compact, f"{header}=.{payload}.{signature}", key).code == "token.base64"
    assert refusal(verify_compact, f"{header}.{payload}.{signature}==", key).code == "token.base64"
    bent = f"{header}.{payload}=="
    bent += "." + base64url.encode(key.sign(bent.encode()))
    assert refusal(verify_compact, bent, key).code == "token.base64", "signed, and still not canonical"


# --- header ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (b"", "token.segments"),
        (b"nonsense", "token.json"),
        (b"[]", "token.json"),
        (b"{}", "token.header"),
        (b'{"alg":"ES256","alg":"ES256"}', "token.duplicate_name"),
        (b'{"alg":"ES256","x":{"a":1,"a":2}}', "token.duplicate_name"),
        ({"alg": ""}, "token.header"),
        ({"alg": None}, "token.header"),
        ({"alg": ["ES256"]}, "token.header"),
        ({"alg": "ES256", "kid": 1}, "token.header"),
        ({"alg": "ES256", "kid": None}, "token.header"),
        ({"alg": "ES256", "typ": ["JWT"]}, "token.header"),
        ({"alg": "ES256", "cty": {}}, "token.header"),
        ({"alg": "ES256", "crit": []}, "token.critical"),
        ({"alg": "ES256", "crit": ["exp"], "exp": 1}, "token.critical"),
        ({"alg": "ES256", "crit": ["b64"], "b64": False}, "token.critical"),
        ({"alg": "ES256", "b64": True}, "token.b64"),
        ({"alg": "ES256", "b64": False}, "token.b64"),
        ({"alg": "ES256", "zip": "DEF"}, "token.zip"),
        ({"alg": "dir", "enc": "A256GCM"}, "token.encrypted"),
    ],
    ids=repr,
)
def test_other_headers_are_refused(header: Any, code: str, key: SigningKey) -> None:
    error = refusal(verify_compact, forge(header, key), key)
    assert isinstance(error, MalformedTokenError)
    assert error.code == code


def test_the_header_is_bounded(key: SigningKey) -> None:
    fitting = {"alg": "ES256", "x": "y" * 3000}
    assert verify_compact(forge(fitting, key), key).header == fitting
    assert (
        refusal(verify_compact, forge({"alg": "ES256", "x": "y" * 3100}, key), key).code == "token.too_large"
    )


def test_the_longest_header_has_4096_characters() -> None:
    def segment(size: int) -> bytes:
        return base64url.encode(b'{"alg":"ES256"}'.ljust(size)).encode()

    assert len(segment(3072)) == 4096
    assert jws.parse_header(segment(3072)) == {"alg": "ES256"}
    assert refusal(jws.parse_header, segment(3073)).code == "token.too_large"


def test_the_longest_header_can_be_written_and_a_longer_one_cannot() -> None:
    key = SigningKey.from_secret(b"0123456789abcdef" * 2, kid="k")
    room = 3072 - len(b'{"x":"","alg":"HS256","kid":"k"}')
    token = sign_compact(b"", key, header={"x": "x" * room})
    assert token.index(".") == 4096
    assert verify_compact(token, key).header["x"] == "x" * room
    with pytest.raises(ConfigurationError) as caught:
        sign_compact(b"", key, header={"x": "x" * (room + 1)})
    assert caught.value.code == "jws.header"


def test_keys_inside_the_header_are_never_read(key: SigningKey) -> None:
    """A token that brings its own key proves nothing (RFC 8725 §3.5)."""
    thief = SigningKey.generate("ES256", kid="k")
    for name, value in (
        ("jwk", thief.verification_key.to_jwk()),
        ("jku", "https://evil.example"),
        ("x5c", ["AA"]),
    ):
        text = forge({"alg": "ES256", "kid": "k", name: value}, thief)
        assert refusal(verify_compact, text, key).code == "token.signature"


def test_messages_hold_nothing_a_stranger_wrote(key: SigningKey) -> None:
    stranger = "<script>alert(1)</script>"
    for header in (
        {"alg": stranger},
        {"alg": "ES256", "kid": stranger},
        {"alg": "ES256", "typ": [stranger]},
        {"alg": "ES256", "crit": [stranger]},
        {stranger: 1},
    ):
        error = refusal(verify_compact, forge(header, key), key)
        assert stranger not in f"{error} {error.hint} {error.args}"


@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "enc", "x"]),
        st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["ES256", "none", "k", ""])
        | st.text(max_size=5) | st.lists(st.text(max_size=3), max_size=2),
    )
)  # fmt: skip
@example({"alg": "ES256", "kid": "k"})
@settings(max_examples=150)
def test_no_header_raises_anything_else(header: dict[str, Any]) -> None:
    key = SigningKey.from_secret(b"k" * 32, kid="k")
    verified, error = attempt(verify_compact, forge(header, key), key)
    assert error.code.startswith("token.") if error else verified.header["alg"] == "HS256"


@given(st.text(max_size=40) | st.binary(max_size=40) | st.text("aA0._-=eyJ", max_size=60))
def test_no_text_raises_anything_else(text: Any) -> None:
    with pytest.raises(TokenError):
        verify_compact(text, SigningKey.from_secret(b"k" * 32))


@given(st.binary(max_size=60))
def test_no_segment_raises_anything_else(segment: bytes) -> None:
    header, error = attempt(jws.parse_header, segment)
    assert isinstance(error, MalformedTokenError) or isinstance(header["alg"], str)


# --- key and algorithm -------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "HS256", "RS256", "ES384", "unheard of"])
def test_an_algorithm_the_key_is_not_for_is_refused(alg: str, key: SigningKey) -> None:
    error = refusal(verify_compact, forge({"alg": alg, "kid": "k"}, key), key)
    assert isinstance(error, AlgorithmNotAllowedError)
    assert error.code == "token.algorithm_not_allowed"
    assert (alg in str(error)) == (alg in ALGORITHMS)
    assert "ES256" in str(error)


def test_an_unsecured_token_is_refused_before_its_algorithm_is_read(key: SigningKey) -> None:
    text = ".".join(map(base64url.encode, (b'{"alg":"none"}', b"{}", b"")))
    assert refusal(verify_compact, text, key).code == "token.segments"


def test_a_public_key_does_not_verify_as_a_secret(key: SigningKey) -> None:
    """The classic confusion: HS256 under the bytes of the public key (RFC 8725 §2.1)."""
    import hmac

    signing_input = ".".join(map(base64url.encode, (b'{"alg":"HS256","kid":"k"}', b"{}"))).encode()
    public = json.dumps(key.verification_key.to_jwk()).encode()
    mac = hmac.digest(public, signing_input, "sha256")
    text = f"{signing_input.decode()}.{base64url.encode(mac)}"
    assert refusal(verify_compact, text, key).code == "token.algorithm_not_allowed"


def test_a_key_id_that_is_not_in_the_set_is_refused(key: SigningKey) -> None:
    for kid in ("other", "", "K", "k "):
        error = refusal(verify_compact, forge({"alg": "ES256", "kid": kid}, key), key)
        assert isinstance(error, UnknownKeyError)
        assert error.code == "token.unknown_key"


def test_no_key_id_is_enough_only_for_the_only_key(
    key: SigningKey, signing_keys: dict[str, SigningKey]
) -> None:
    text = forge({"alg": "ES256"}, key)
    alone = JWKSet([key.verification_key, signing_keys["RS256"].verification_key])
    assert verify_compact(text, alone).key_id == "k"
    two = JWKSet([key.verification_key, signing_keys["ES256"].verification_key])
    error = refusal(verify_compact, text, two)
    assert error.code == "token.unknown_key"
    assert "kid" in (error.hint or "")


def test_the_right_key_id_with_another_key_is_a_bad_signature(key: SigningKey) -> None:
    text = forge({"alg": "ES256", "kid": "k"}, SigningKey.generate("ES256"))
    error = refusal(verify_compact, text, key)
    assert isinstance(error, InvalidSignatureError)
    assert error.code == "token.signature"


def test_the_algorithms_allowed_restrict_the_keys(
    signing_keys: dict[str, SigningKey], rsa_jwk: dict[str, Any]
) -> None:
    keys = JWKSet(signing_keys[name].verification_key for name in ("ES256", "Ed25519"))
    text = sign_compact(b"", signing_keys["ES256"])
    assert verify_compact(text, keys, algorithms=("ES256",)).payload == b""
    assert refusal(verify_compact, text, keys, algorithms=["Ed25519"]).code == "token.algorithm_not_allowed"
    eddsa = SigningKey.from_pem(signing_keys["Ed25519"].unsafe_to_pem(), alg="EdDSA")
    text = sign_compact(b"", eddsa)
    assert verify_compact(text, keys).header["alg"] == "EdDSA"
    assert refusal(verify_compact, text, keys, algorithms=["Ed25519"]).code == "token.algorithm_not_allowed"
    public = {"kty": "RSA", "n": rsa_jwk["n"], "e": rsa_jwk["e"], "kid": signing_keys["PS256"].kid}
    text = sign_compact(b"", signing_keys["PS256"])
    assert (
        refusal(verify_compact, text, JWKSet.parse({"keys": [public]})).code == "token.algorithm_not_allowed"
    )
    assert verify_compact(text, JWKSet.parse({"keys": [public]}), algorithms=["PS256"]).payload == b""


def test_an_allowed_algorithm_without_a_key_is_an_unknown_key(key: SigningKey) -> None:
    """So that a remote set is asked again when its owner moves to another algorithm."""
    for header in ({"alg": "ES384", "kid": "k"}, {"alg": "ES384"}):
        error = refusal(verify_compact, forge(header, key), key, algorithms=["ES256", "ES384"])
        assert error.code == "token.unknown_key"
    assert (
        refusal(verify_compact, forge({"alg": "ES256"}, key), JWKSet()).code == "token.algorithm_not_allowed"
    )


@pytest.mark.parametrize("algorithms", ["ES256", "nonsense", [], ["none"], [1], 5])
def test_algorithms_are_several_names_of_the_table(algorithms: Any, key: SigningKey) -> None:
    with pytest.raises(ConfigurationError) as caught:
        verify_compact(sign_compact(b"", key), key, algorithms=algorithms)
    assert caught.value.code == "key.algorithm"
    assert ("('ES256',)" in str(caught.value)) == (algorithms == "ES256")


def test_algorithm_names_are_read_once_each_and_in_order() -> None:
    assert jws.read_algorithms(iter(["RS256", "ES256", "RS256"])) == ("RS256", "ES256")


@pytest.mark.parametrize("keys", [None, "key", {}, [1]])
def test_other_keys_are_a_configuration_error(keys: Any) -> None:
    with pytest.raises(ConfigurationError) as caught:
        verify_compact("a.b.c", keys)
    assert caught.value.code == "jwks.type"


# --- signing -----------------------------------------------------------------------------------------


def test_the_header_may_repeat_the_keys_own(key: SigningKey) -> None:
    text = sign_compact(
        b"", key, header=MappingProxyType({"alg": "ES256", "kid": "k", "typ": "at+jwt", "x": 1})
    )
    assert verify_compact(text, key).header == {"alg": "ES256", "kid": "k", "typ": "at+jwt", "x": 1}


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "none"},
        {"alg": "ES384"},
        {"kid": "other"},
        {"kid": None},
        {"crit": ["x"], "x": 1},
        {"b64": False},
        {"zip": "DEF"},
        {"enc": "A128GCM"},
        {"jwk": {}},
        {"jku": "https://keys.example"},
        {"x5c": []},
        {"x5u": ""},
        {"x5t": ""},
        {"x5t#S256": ""},
        {"typ": 1},
        {"cty": None},
        {"x": "y" * 3100},
        [("typ", "x")],
        "typ",
    ],
    ids=repr,
)
def test_headers_that_would_not_be_read_are_not_written(header: Any, key: SigningKey) -> None:
    with pytest.raises(ConfigurationError) as caught:
        sign_compact(b"", key, header=header)
    assert caught.value.code == "jws.header"


@pytest.mark.parametrize("header", [{1: "a"}, {"x": float("nan")}, {"x": object()}])
def test_headers_that_are_no_json_are_not_written(header: Any, key: SigningKey) -> None:
    with pytest.raises(ConfigurationError) as caught:
        sign_compact(b"", key, header=header)
    assert caught.value.code == "claims.json"


@pytest.mark.parametrize("payload", [None, "text", bytearray(b"x"), {}])
def test_the_payload_is_bytes(payload: Any, key: SigningKey) -> None:
    with pytest.raises(ConfigurationError) as caught:
        sign_compact(payload, key)
    assert caught.value.code == "jws.payload"


def test_anything_that_signs_can_sign(key: SigningKey) -> None:
    class Remote:
        alg, kid = "ES256", "k"

        def sign(self, signing_input: bytes, /) -> bytes:
            return key.sign(signing_input)

    assert verify_compact(sign_compact(b"payload", Remote()), key).payload == b"payload"
