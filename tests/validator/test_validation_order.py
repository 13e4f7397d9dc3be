"""What is wrong with a token's text, header, key or signature: the class, the code, and in which order."""

from __future__ import annotations

import hmac
import json
from typing import Any

import pytest
from tests.tokens.kit import (
    KEY,
    STRANGERS_KEY,
    Keys,
    claims_with,
    compact,
    sign,
    token_with,
)
from tests.validator.faces import Sync

from jwtkit.errors import (
    AlgorithmNotAllowedError,
    ClaimsError,
    InvalidSignatureError,
    MalformedTokenError,
    TokenError,
    UnknownKeyError,
)
from jwtkit.jose import JWKSet, SigningKey, base64url
from jwtkit.keys import StaticKeyStore

GOOD = {"alg": "HS256", "typ": "at+jwt", "kid": "main"}
TOKEN = token_with()


def refused(validator: Any, token: Any, kind: type[TokenError], code: str) -> TokenError:
    """Refused alike by every way to validate, with this very class and code."""
    with pytest.raises(TokenError) as caught:
        validator.validate(token)
    assert type(caught.value) is kind
    assert caught.value.code == code
    assert caught.value.http_status == 401
    assert caught.value.oauth_error == "invalid_token"
    with pytest.raises(kind) as stale:
        validator.validate_except_lifetime(token)
    assert (type(stale.value), stale.value.code) == (kind, code)
    report = validator.inspect(token)
    assert (type(report.error), report.error.code) == (kind, code)
    return caught.value


# --- the text ----------------------------------------------------------------------------------------


class Text(str):
    """A str of one's own."""


class Data(bytes):
    """Bytes of one's own."""


@pytest.mark.parametrize("make", [str, str.encode, Text, lambda text: Data(text.encode())])
def test_a_token_is_a_str_or_ascii_bytes(face: Sync, make: Any) -> None:
    validator = face.make()
    assert validator.validate(make(TOKEN)).claims == claims_with()
    assert validator.validate_except_lifetime(make(TOKEN)).claims == claims_with()
    assert validator.inspect(make(TOKEN)).ok


@pytest.mark.parametrize(
    "token",
    [None, 1, True, 1.5, bytearray(TOKEN.encode()), memoryview(TOKEN.encode()), [TOKEN], {"token": TOKEN}],
)
def test_nothing_else_is_a_token(face: Sync, token: Any) -> None:
    refused(face.make(), token, MalformedTokenError, "token.type")


@pytest.mark.parametrize("token", ["a" * 5_000_000, "é" * 5_000_000, b"." * 5_000_000, "a" * 16385])
def test_a_long_text_is_refused_by_its_length_alone(face: Sync, token: Any) -> None:
    refused(face.make(), token, MalformedTokenError, "token.too_large")


def test_the_longest_token_is_the_one_asked_for(face: Sync) -> None:
    assert face.make(max_token_bytes=len(TOKEN)).validate(TOKEN)
    assert face.make(max_token_bytes=len(TOKEN)).validate(TOKEN.encode())
    refused(face.make(max_token_bytes=len(TOKEN) - 1), TOKEN, MalformedTokenError, "token.too_large")
    refused(face.make(max_token_bytes=1), "a.b.c", MalformedTokenError, "token.too_large")
    long = token_with(note="n" * 20_000)
    refused(face.make(), long, MalformedTokenError, "token.too_large")
    assert face.make(max_token_bytes=len(long)).validate(long)


@pytest.mark.parametrize(
    "token", ["é", f"{TOKEN}\u200b", "\ud800.\ud800.\ud800", b"\xff.\xff.\xff", TOKEN.replace("e", "е")]
)
def test_a_token_is_ascii(face: Sync, token: Any) -> None:
    refused(face.make(), token, MalformedTokenError, "token.ascii")


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "a.b",
        "..",
        "...",
        "a..",
        ".b.c",
        "..c",
        "a.b.c.d",
        "a.b.c.d.e",
        "a.b.",
        f"{TOKEN}.",
        f".{TOKEN}",
    ],
)
def test_a_token_has_three_segments(face: Sync, token: str) -> None:
    refused(face.make(), token, MalformedTokenError, "token.segments")


HEADER, PAYLOAD, SIGNATURE = TOKEN.split(".")


@pytest.mark.parametrize(
    "token",
    [
        f"{HEADER}=.{PAYLOAD}.{SIGNATURE}",
        f"{HEADER} .{PAYLOAD}.{SIGNATURE}",
        f"{HEADER}.{PAYLOAD}.{SIGNATURE}=",
        f"{HEADER}.{PAYLOAD}.{SIGNATURE}\n",
        f"{HEADER}.{PAYLOAD}.+{SIGNATURE[1:]}",
        f"{HEADER}.{PAYLOAD}.A",
        f"\n{TOKEN}",
    ],
)
def test_segments_are_canonical_base64url(face: Sync, token: str) -> None:
    refused(face.make(), token, MalformedTokenError, "token.base64")


@pytest.mark.parametrize(
    "header",
    [b"", b"{", b"[]", b"null", b"\xff", b"\xef\xbb\xbf{}", b'{"alg":NaN}', b"{} {}", b'{"a":"\\ud800"}'],
)
def test_a_header_is_one_strict_json_object(face: Sync, header: bytes) -> None:
    code = "token.segments" if not header else "token.json"
    refused(face.make(), compact(header), MalformedTokenError, code)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"a"',
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"exp":Infinity}',
        b"{} x",
        b"[" * 40 + b"]" * 40,
        b'{"a":"\\ud800"}',
        b'{"exp":1' + b"0" * 5000 + b"}",
    ],
)
def test_a_signed_payload_is_one_strict_json_object(face: Sync, payload: bytes) -> None:
    refused(face.make(), compact(GOOD, payload), MalformedTokenError, "token.json")


def test_a_signed_payload_in_other_base64_is_refused(face: Sync) -> None:
    signing_input = f"{base64url.encode(json.dumps(GOOD).encode())}.e30="
    token = f"{signing_input}.{base64url.encode(KEY.sign(signing_input.encode()))}"
    refused(face.make(), token, MalformedTokenError, "token.base64")


def test_no_name_occurs_twice(face: Sync) -> None:
    validator = face.make()
    refused(validator, compact(b'{"alg":"HS256","alg":"HS256"}'), MalformedTokenError, "token.duplicate_name")
    twice = json.dumps(claims_with())[:-1].encode() + b',"sub":"admin"}'
    refused(validator, compact(GOOD, twice), MalformedTokenError, "token.duplicate_name")
    inner = json.dumps(claims_with())[:-1].encode() + b',"x":[{"a":1,"a":2}]}'
    refused(validator, compact(GOOD, inner), MalformedTokenError, "token.duplicate_name")


# --- the header --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"crit": ["exp"]}, "token.critical"),
        ({"crit": []}, "token.critical"),
        ({"crit": None}, "token.critical"),
        ({"b64": False}, "token.b64"),
        ({"b64": True}, "token.b64"),
        ({"zip": "DEF"}, "token.zip"),
        ({"enc": "A256GCM"}, "token.encrypted"),
        ({"alg": None}, "token.header"),
        ({"alg": ""}, "token.header"),
        ({"alg": ["HS256"]}, "token.header"),
        ({"alg": {}}, "token.header"),
        ({"kid": None}, "token.header"),
        ({"kid": 1}, "token.header"),
        ({"kid": ["main"]}, "token.header"),
        ({"typ": None}, "token.header"),
        ({"typ": 1}, "token.header"),
        ({"cty": 1}, "token.header"),
        ({"pad": "p" * 4000}, "token.too_large"),
    ],
    ids=str,
)
def test_a_header_that_would_have_to_be_understood_is_refused(face: Sync, changes: Any, code: str) -> None:
    refused(face.make(), compact({**GOOD, **changes}), MalformedTokenError, code)


def test_a_header_without_alg_is_refused(face: Sync) -> None:
    refused(face.make(), compact({"kid": "main", "typ": "at+jwt"}), MalformedTokenError, "token.header")


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE"])
@pytest.mark.parametrize("signature", [b"\0", None])
def test_there_is_no_algorithm_none(face: Sync, alg: str, signature: bytes | None) -> None:
    token = compact({**GOOD, "alg": alg}, signature=signature)
    refused(face.make(), token, AlgorithmNotAllowedError, "token.algorithm_not_allowed")
    unsigned = token[: token.rindex(".") + 1]
    refused(face.make(), unsigned, MalformedTokenError, "token.segments")


@pytest.mark.parametrize("name", ["jwk", "jku", "x5c", "x5u", "x5t"])
def test_keys_in_the_header_are_never_read(face: Sync, name: str) -> None:
    """A stranger's key beside a stranger's signature convinces nobody; beside a good one it does no harm."""
    strangers = SigningKey.generate("ES256", kid="main")
    value = strangers.verification_key.to_jwk() if name == "jwk" else "https://evil.example/keys"
    keys = SigningKey.generate("ES256", kid="main")
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "main", name: value}
    refused(face.make(keys=keys), compact(header, key=strangers), InvalidSignatureError, "token.signature")
    assert face.make(keys=keys).validate(compact(header, key=keys)).header[name] == value


# --- the key -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("alg", ["HS512", "RS256", "ES256", "hs256", "HS256 ", "XS256", "EdDSA"])
def test_a_key_is_used_with_its_own_algorithm_only(face: Sync, alg: str) -> None:
    token = compact({**GOOD, "alg": alg})
    refused(face.make(), token, AlgorithmNotAllowedError, "token.algorithm_not_allowed")


def test_a_public_key_is_no_hmac_secret(face: Sync) -> None:
    keys = SigningKey.generate("ES256", kid="main")
    public = json.dumps(keys.verification_key.to_jwk()).encode()
    for secret in (public, public * 2):
        signing_input = compact(GOOD).rpartition(".")[0]
        mark = hmac.digest(secret, signing_input.encode(), "sha256")
        token = f"{signing_input}.{base64url.encode(mark)}"
        error = refused(face.make(keys=keys), token, AlgorithmNotAllowedError, "token.algorithm_not_allowed")
        assert str(error) == "the token is signed with HS256; allowed: ES256"


def test_only_the_algorithms_asked_for_are_allowed(face: Sync) -> None:
    first, second = SigningKey.generate("ES256", kid="1"), SigningKey.generate("Ed25519", kid="2")
    keys = StaticKeyStore(first, second.verification_key)
    validator = face.make(keys=keys, algorithms=["ES256"])
    assert validator.validate(sign(claims_with(), key=first))
    refused(
        validator, sign(claims_with(), key=second), AlgorithmNotAllowedError, "token.algorithm_not_allowed"
    )
    assert face.make(keys=keys).validate(sign(claims_with(), key=second))


def test_an_allowed_algorithm_without_a_key_yet_is_an_unknown_key(face: Sync) -> None:
    first, other = SigningKey.generate("ES256", kid="1"), SigningKey.generate("Ed25519", kid="1")
    validator = face.make(keys=first, algorithms=["ES256", "Ed25519"])
    refused(validator, sign(claims_with(), key=other), UnknownKeyError, "token.unknown_key")


def test_eddsa_is_an_alias_unless_the_curve_was_pinned(face: Sync) -> None:
    key = SigningKey.generate("Ed25519", kid="main")
    old = compact({"alg": "EdDSA", "typ": "at+jwt", "kid": "main"}, key=key)
    new = compact({"alg": "Ed25519", "typ": "at+jwt", "kid": "main"}, key=key)
    assert face.make(keys=key).validate(old).algorithm == "EdDSA"
    assert face.make(keys=key).validate(new).algorithm == "Ed25519"
    pinned = face.make(keys=key, algorithms=["Ed25519"])
    assert pinned.validate(new)
    refused(pinned, old, AlgorithmNotAllowedError, "token.algorithm_not_allowed")
    alias_only = face.make(keys=key, algorithms=["EdDSA"])
    assert alias_only.validate(old)
    refused(alias_only, new, AlgorithmNotAllowedError, "token.algorithm_not_allowed")


@pytest.mark.parametrize("kid", ["other", "", "MAIN", "main ", "maın"])
def test_an_unknown_kid_is_an_unknown_key(face: Sync, kid: str) -> None:
    error = refused(face.make(), compact({**GOOD, "kid": kid}), UnknownKeyError, "token.unknown_key")
    assert kid not in str(error) or kid in ("", "main ")


def test_without_a_kid_the_only_key_is_meant(face: Sync) -> None:
    header = {"alg": "HS256", "typ": "at+jwt"}
    assert face.make().validate(compact(header)).key_id == "main"
    two = JWKSet([KEY.verification_key, SigningKey.generate("HS256", kid="second").verification_key])
    error = refused(face.make(keys=two), compact(header), UnknownKeyError, "token.unknown_key")
    assert error.hint == "have the issuer write kid into the header"
    # Of another algorithm there may be any number.
    mixed = JWKSet([SigningKey.generate(alg, kid="k").verification_key for alg in ("ES256", "ES384")])
    assert face.make(keys=StaticKeyStore(key := SigningKey.generate("Ed25519"), *mixed)).validate(
        compact({"alg": "Ed25519", "typ": "at+jwt"}, key=key)
    )


# --- the signature -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "signature", [b"\0" * 32, b"\0", b"\0" * 31, b"\0" * 33, b"\xff" * 32, STRANGERS_KEY.sign(b"")]
)
def test_a_signature_that_does_not_hold_is_refused(face: Sync, signature: bytes) -> None:
    refused(face.make(), compact(GOOD, signature=signature), InvalidSignatureError, "token.signature")


def test_a_strangers_signature_is_refused_whatever_it_says_of_itself(face: Sync) -> None:
    refused(face.make(), sign(claims_with(), key=STRANGERS_KEY), InvalidSignatureError, "token.signature")


def test_a_header_seen_before_makes_no_signature_good(face: Sync) -> None:
    validator = face.make()
    assert validator.validate(TOKEN)
    forged = compact(
        b'{"typ":"at+jwt","alg":"HS256","kid":"main"}', claims_with(sub="admin"), key=STRANGERS_KEY
    )
    refused(validator, forged, InvalidSignatureError, "token.signature")
    swapped = f"{HEADER}.{sign(claims_with(sub='admin')).split('.')[1]}.{SIGNATURE}"
    refused(validator, swapped, InvalidSignatureError, "token.signature")


@pytest.mark.parametrize(
    "payload", [b"", b"{", b"\xff", b'{"a":1,"a":2}', b"[" * 5000, b'{"exp":' + b"9" * 5000 + b"}"]
)
def test_a_payload_is_not_parsed_before_the_signature_holds(face: Sync, payload: bytes) -> None:
    refused(face.make(), compact(GOOD, payload, key=STRANGERS_KEY), InvalidSignatureError, "token.signature")


def test_not_even_the_base64_of_a_payload_is_read_before_the_signature_holds(face: Sync) -> None:
    refused(face.make(), f"{HEADER}.!!!.{SIGNATURE}", InvalidSignatureError, "token.signature")


# --- the order ---------------------------------------------------------------------------------------


def test_the_first_thing_wrong_is_the_one_reported(face: Sync) -> None:
    """Each token has every defect of those after it; the code walks down the order of validation."""
    keys = Keys(KEY)
    validator = face.make(keys=keys, max_token_bytes=4000)
    header = {"alg": "none", "typ": "JWT", "kid": "other"}
    bad_claims = claims_with(aud="x")
    steps: list[tuple[Any, type[TokenError], str]] = [
        (bytearray(b"a" * 5000), MalformedTokenError, "token.type"),
        ("é" * 5000, MalformedTokenError, "token.too_large"),
        ("é.!", MalformedTokenError, "token.ascii"),
        ("!", MalformedTokenError, "token.segments"),
        ("!.!.!", MalformedTokenError, "token.base64"),
        ("e30.!.!", MalformedTokenError, "token.header"),
        (compact(header, b"{", signature=b"\0"), AlgorithmNotAllowedError, "token.algorithm_not_allowed"),
        (compact({**header, "alg": "HS256"}, b"{", signature=b"\0"), UnknownKeyError, "token.unknown_key"),
        (compact({**GOOD, "typ": "JWT"}, b"{", signature=b"\0"), InvalidSignatureError, "token.signature"),
        (compact({**GOOD, "typ": "JWT"}, b"{"), MalformedTokenError, "token.json"),
        (compact({**GOOD, "typ": "JWT"}, bad_claims), ClaimsError, "header.typ.mismatch"),
        (compact(GOOD, bad_claims), ClaimsError, "claim.aud.mismatch"),
    ]
    for token, kind, code in steps:
        refused(validator, token, kind, code)
    asked = keys.asked
    for token, _, _ in steps[:5]:
        with pytest.raises(MalformedTokenError):
            validator.validate(token)
    # "!.!.!" has the form of a token, so its key is looked for; what has no form costs no look at the keys.
    assert keys.asked == asked + 1
