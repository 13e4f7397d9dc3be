"""JWK Sets: strict for one's own keys, forgiving and telling for those of others."""

from __future__ import annotations

import copy
import json
import pickle
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jwtkit.errors import ConfigurationError
from jwtkit.jose import ALGORITHMS, JWKSet, SigningKey, SkippedKey, VerificationKey

ASYMMETRIC = [name for name, row in ALGORITHMS.items() if not row.symmetric]
RSA = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"]


def attempt(call: Any, *arguments: Any) -> tuple[Any, ConfigurationError | None]:
    """Return what a call gives or the error it raises; any other error fails the test."""
    try:
        return call(*arguments), None
    except ConfigurationError as error:
        return None, error


def refusal(call: Any, *arguments: Any, **options: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        call(*arguments, **options)
    return caught.value


def codes(keys: JWKSet) -> list[tuple[int, str]]:
    return [(skip.index, skip.code) for skip in keys.skipped]


@pytest.fixture(scope="module")
def public(signing_keys: dict[str, SigningKey]) -> dict[str, dict[str, Any]]:
    """Return each algorithm's public JWK."""
    return {name: signing_keys[name].verification_key.to_jwk() for name in ASYMMETRIC}


def without(jwk: dict[str, Any], *names: str, **changes: Any) -> dict[str, Any]:
    return {name: value for name, value in jwk.items() if name not in names} | changes


# --- one's own keys ----------------------------------------------------------------------------------


def test_holds_its_keys_in_order(signing_keys: dict[str, SigningKey]) -> None:
    keys = [signing_keys[name].verification_key for name in ("ES256", "RS256", "Ed25519")]
    held = JWKSet(iter(keys))
    assert held.keys == tuple(held) == tuple(keys)
    assert len(held) == 3
    assert held.algorithms == {"ES256", "RS256", "Ed25519", "EdDSA"}
    assert not held.symmetric
    assert held.skipped == ()


def test_an_empty_set_verifies_nothing() -> None:
    for empty in (JWKSet(), JWKSet.parse('{"keys":[]}')):
        assert len(empty) == 0
        assert empty.algorithms == frozenset()
        assert empty.find("ES256", None) is None
        assert not empty.symmetric
        assert repr(empty) == "JWKSet(no keys; 0 skipped)"


def test_finds_by_algorithm_and_key_id(signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys["ES256"].verification_key
    other = SigningKey.generate("ES256").verification_key
    held = JWKSet([key, signing_keys["RS256"].verification_key])
    assert held.find("ES256", key.kid) is key
    assert held.find("ES256", None) is key
    assert held.find("ES256", "other") is None
    assert held.find("RS256", key.kid) is None
    assert held.find("PS256", None) is None
    assert JWKSet([key, other]).find("ES256", None) is None
    assert JWKSet([key, other]).find("ES256", other.kid) is other


def test_equal_keys_count_once(signing_keys: dict[str, SigningKey]) -> None:
    key = signing_keys["ES256"].verification_key
    assert len(JWKSet([key, key, VerificationKey.from_jwk(key.to_jwk())])) == 1


def test_conflicting_keys_are_refused() -> None:
    keys = [SigningKey.generate("ES256", kid="one").verification_key for _ in range(2)]
    assert refusal(JWKSet, keys).code == "jwks.conflict"


def test_one_key_id_may_serve_two_algorithms(public: dict[str, dict[str, Any]]) -> None:
    both = JWKSet(VerificationKey.from_jwk({**public[name], "kid": "k"}) for name in ("RS256", "PS256"))
    assert [both.find(name, "k").alg for name in ("RS256", "PS256")] == ["RS256", "PS256"]  # type: ignore[union-attr]


def test_secrets_and_public_keys_are_never_in_one_set(signing_keys: dict[str, SigningKey]) -> None:
    keys = [signing_keys[name].verification_key for name in ("HS256", "ES256")]
    assert refusal(JWKSet, keys).code == "jwks.mixed"
    secrets = JWKSet(keys[:1])
    assert secrets.symmetric
    assert refusal(secrets.to_json).code == "key.secret"


@pytest.mark.parametrize("keys", [[None], ["key"], [{"kty": "EC"}], [SigningKey.generate("ES256")]])
def test_holds_verification_keys_only(keys: Any) -> None:
    error = refusal(JWKSet, keys)
    assert error.code == "jwks.type"
    assert "verification_key" in str(error)


def test_cannot_be_changed(signing_keys: dict[str, SigningKey]) -> None:
    held = JWKSet([signing_keys["ES256"].verification_key])
    for name in ("keys", "algorithms", "anything"):
        with pytest.raises(AttributeError):
            setattr(held, name, ())
        with pytest.raises(AttributeError):
            delattr(held, name)


def test_shows_no_key_material(public: dict[str, dict[str, Any]]) -> None:
    held = JWKSet.parse({"keys": [public["ES256"], public["RS256"], {"kty": "?"}]})
    assert repr(held) == "JWKSet(1 ES256, 1 RS256; 1 skipped)"


def test_a_published_set_is_read_back(signing_keys: dict[str, SigningKey]) -> None:
    held = JWKSet(signing_keys[name].verification_key for name in ASYMMETRIC)
    document = held.to_json()
    assert JWKSet.parse(document).keys == JWKSet.parse(document.encode()).keys == held.keys
    assert JWKSet.parse(MappingProxyType(json.loads(document))).keys == held.keys


def test_survives_copying_and_pickling(public: dict[str, dict[str, Any]]) -> None:
    held = JWKSet.parse({"keys": [without(public["RS256"], "alg"), public["Ed25519"], {}]})
    assert copy.copy(held) is held
    assert copy.deepcopy(held) is held
    for one in (held, held.restricted_to(["Ed25519"])):
        again = pickle.loads(pickle.dumps(one))
        assert (again.keys, again.skipped, again.algorithms) == (one.keys, one.skipped, one.algorithms)
    again = pickle.loads(pickle.dumps(held))
    assert again.restricted_to(["PS256"]).algorithms == {"PS256"}


def test_a_set_of_secrets_refuses_to_be_pickled(signing_keys: dict[str, SigningKey]) -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(JWKSet([signing_keys["HS256"].verification_key]))


# --- EdDSA -------------------------------------------------------------------------------------------


def test_edwards_keys_are_found_by_either_name(public: dict[str, dict[str, Any]]) -> None:
    """RFC 9864: verified under the deprecated name too, unless it is pinned to the curve's own."""
    held = JWKSet.parse({"keys": [public["Ed25519"]]})
    key = held.keys[0]
    assert held.find("Ed25519", key.kid) is held.find("EdDSA", key.kid) is held.find("EdDSA", None) is key
    pinned = held.restricted_to(["Ed25519"])
    assert pinned.algorithms == {"Ed25519"}
    assert pinned.find("EdDSA", key.kid) is None
    assert pinned.find("EdDSA", None) is None
    deprecated = held.restricted_to(["EdDSA"])
    assert deprecated.algorithms == {"EdDSA"}
    assert deprecated.keys == (key,)
    assert deprecated.find("EdDSA", key.kid) is key
    assert deprecated.find("Ed25519", key.kid) is None
    assert held.restricted_to(["EdDSA", "Ed25519"]).algorithms == {"EdDSA", "Ed25519"}


def test_a_restriction_is_never_undone(public: dict[str, dict[str, Any]]) -> None:
    pinned = JWKSet.parse({"keys": [public["Ed25519"]]}, algorithms=["Ed25519"])
    assert pinned.restricted_to(["EdDSA", "Ed25519"]).algorithms == {"Ed25519"}
    assert len(pinned.restricted_to(["EdDSA"])) == 0


def test_the_alias_finds_neither_of_two_keys_with_one_id(public: dict[str, dict[str, Any]]) -> None:
    held = JWKSet.parse({"keys": [{**public[name], "kid": "k"} for name in ("Ed25519", "Ed448")]})
    assert len(held) == 2
    assert held.find("EdDSA", "k") is None
    assert held.find("EdDSA", None) is None
    assert held.find("Ed25519", "k") is held.keys[0]
    assert held.restricted_to(["EdDSA"]).find("EdDSA", "k") is None


# --- RSA keys that name no algorithm -----------------------------------------------------------------


def test_an_open_rsa_key_is_for_rs256_by_default(public: dict[str, dict[str, Any]]) -> None:
    held = JWKSet.parse({"keys": [without(public["RS256"], "alg", "kid", kid="k")]})
    assert held.algorithms == {"RS256"}
    again = held.restricted_to(["PS256", "PS512"])
    assert again.algorithms == {"PS256", "PS512"}
    assert [key.kid for key in again] == ["k", "k"]
    assert again.find("PS256", "k").alg == "PS256"  # type: ignore[union-attr]
    assert held.restricted_to(["RS256"]).keys == held.keys
    assert len(held.restricted_to(["ES256"])) == 0


@pytest.mark.parametrize(("name", "other"), [("ES256", "ES384"), ("Ed25519", "Ed448")])
def test_a_key_whose_curve_says_its_algorithm_is_never_open(
    name: str, other: str, public: dict[str, dict[str, Any]]
) -> None:
    held = JWKSet.parse({"keys": [without(public[name], "alg")]})
    assert [key.alg for key in held] == [name]
    assert len(held.restricted_to([other])) == 0
    assert [key.alg for key in held.restricted_to([name, other])] == [name]
    parsed = JWKSet.parse({"keys": [without(public[name], "alg", kid="k")]}, algorithms=[other])
    assert [(entry.index, entry.kid, entry.code) for entry in parsed.skipped] == [(0, "k", "key.algorithm")]


def test_an_open_rsa_key_is_for_each_algorithm_named(
    public: dict[str, dict[str, Any]], signing_keys: dict[str, SigningKey]
) -> None:
    held = JWKSet.parse({"keys": [without(public["RS256"], "alg")]}, algorithms=["PS256", "RS512", "ES256"])
    assert held.algorithms == {"PS256", "RS512"}
    for name in held.algorithms:
        key = held.find(name, None)
        assert key is not None
        assert key.verify(b"message", signing_keys[name].sign(b"message"))
    assert len(held.restricted_to(["RS256"])) == 0, "what was named once is not open any more"
    assert held.restricted_to(["PS256"]).algorithms == {"PS256"}


def test_a_bound_rsa_key_is_never_bound_anew(public: dict[str, dict[str, Any]]) -> None:
    held = JWKSet.parse({"keys": [public["RS256"]]})
    assert len(held.restricted_to(RSA[1:])) == 0


def test_a_conflict_that_a_restriction_makes_drops_both(public: dict[str, dict[str, Any]]) -> None:
    other = SigningKey.generate("PS256", kid="k").verification_key.to_jwk()
    held = JWKSet.parse({"keys": [without(public["RS256"], "alg", "kid", kid="k"), other]})
    assert held.algorithms == {"RS256", "PS256"}
    restricted = held.restricted_to(["PS256"])
    assert len(restricted) == 0
    assert codes(restricted) == [(0, "jwks.conflict"), (1, "jwks.conflict")]


# --- documents of others -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    ["", "null", "[]", "{}", '{"keys":{}}', '{"keys":null}', '{"keys":[],"keys":[]}', '{"keys":[NaN]}',
     "\ud800", b"\xff", None, 1, [], {}, {"keys": ()}, {"keys": "x"}],
)  # fmt: skip
def test_only_what_is_no_set_at_all_is_an_error(document: Any) -> None:
    error = refusal(JWKSet.parse, document)
    assert error.code == "jwks.malformed"
    assert error.__cause__ is None


def test_what_cannot_be_used_is_skipped_and_told(
    public: dict[str, dict[str, Any]], signing_keys: dict[str, SigningKey]
) -> None:
    es256 = public["ES256"]
    document = {
        "keys": [
            es256,
            "not a key",
            {},
            {"kty": "XYZ", "kid": "unknown type"},
            without(es256, crv="P-257"),
            without(es256, alg="ES257"),
            without(es256, use="enc", kid="for encryption"),
            without(es256, key_ops=["encrypt"]),
            without(es256, x="AAAA"),
            signing_keys["ES384"].unsafe_to_jwk(),
            signing_keys["HS256"].unsafe_to_jwk(),
            without(es256, kid=7),
            without(es256, kid="\n"),
            without(public["ML-DSA-44"], "alg"),
            {**public["RS256"], "n": "AQAB"},
            {1: "names are strings"},
            {"kty": "oct", "k": "c2VjcmV0"},
        ]
    }
    held = JWKSet.parse(document)
    assert held.keys == (VerificationKey.from_jwk(es256),)
    assert codes(held) == [
        (1, "key.malformed"),
        (2, "key.malformed"),
        (3, "key.unsupported"),
        (4, "key.unsupported"),
        (5, "key.unsupported"),
        (6, "key.use"),
        (7, "key.use"),
        (8, "key.malformed"),
        (9, "key.private"),
        (10, "jwks.mixed"),
        (11, "key.kid"),
        (12, "key.kid"),
        (13, "key.malformed"),
        (14, "key.weak"),
        (15, "key.malformed"),
        (16, "key.algorithm"),
    ]
    kids = [None, None, "unknown type", es256["kid"], es256["kid"], "for encryption"]
    assert [skip.kid for skip in held.skipped[:6]] == kids
    assert held.skipped[10].kid is None
    assert all(isinstance(skip, SkippedKey) and skip.reason for skip in held.skipped)


def test_reasons_quote_nothing_of_the_document(public: dict[str, dict[str, Any]]) -> None:
    stranger = "<script>"
    entries = [
        {"kty": stranger},
        without(public["ES256"], alg=stranger),
        without(public["ES256"], crv=stranger),
        without(public["ES256"], use=stranger),
        without(public["ES256"], key_ops=[stranger]),
        without(public["ES256"], x=stranger),
        {stranger: stranger},
    ]
    held = JWKSet.parse({"keys": entries})
    assert len(held.skipped) == len(entries)
    assert not any(stranger in skip.reason for skip in held.skipped)


def test_conflicting_entries_are_all_skipped(public: dict[str, dict[str, Any]]) -> None:
    """Which of the two is meant cannot be known, and order is no answer."""
    jwks = [SigningKey.generate("ES256", kid="one").verification_key.to_jwk() for _ in range(2)]
    held = JWKSet.parse({"keys": [jwks[0], public["RS256"], jwks[1], jwks[0]]})
    assert [key.alg for key in held] == ["RS256"]
    assert codes(held) == [(0, "jwks.conflict"), (2, "jwks.conflict"), (3, "jwks.conflict")]
    assert {entry.kid for entry in held.skipped} == {"one"}


def test_identical_entries_collapse(public: dict[str, dict[str, Any]]) -> None:
    held = JWKSet.parse({"keys": [public["ES256"], {**public["ES256"], "x5t": "ignored"}]})
    assert len(held) == 1
    assert held.skipped == ()


def test_a_set_of_secrets_alone_is_read(signing_keys: dict[str, SigningKey]) -> None:
    jwk = signing_keys["HS256"].unsafe_to_jwk()
    held = JWKSet.parse({"keys": [jwk]})
    assert held.symmetric
    assert held.keys[0] == signing_keys["HS256"].verification_key
    held = JWKSet.parse({"keys": [without(jwk, "alg")]}, algorithms=["HS256", "RS256"])
    assert held.algorithms == {"HS256"}
    long = signing_keys["HS512"].unsafe_to_jwk()
    held = JWKSet.parse({"keys": [without(long, "alg")]}, algorithms=["HS256", "HS512"])
    assert held.algorithms == {"HS256", "HS512"}


def test_keys_for_other_algorithms_are_skipped(public: dict[str, dict[str, Any]]) -> None:
    held = JWKSet.parse({"keys": [public["ES256"], public["RS256"]]}, algorithms=["ES256"])
    assert held.algorithms == {"ES256"}
    assert codes(held) == [(1, "key.algorithm")]


@pytest.mark.parametrize("algorithms", ["ES256", ["none"], [None], ["ES256", "es256"]])
def test_algorithms_are_names_of_the_table(algorithms: Any) -> None:
    assert refusal(JWKSet.parse, {"keys": []}, algorithms=algorithms).code == "key.algorithm"
    assert refusal(JWKSet().restricted_to, algorithms).code == "key.algorithm"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)


@given(data=st.data())
@settings(max_examples=150)
def test_no_jwk_raises_anything_else(signing_keys: dict[str, SigningKey], data: Any) -> None:
    """A JWK altered at random is read or refused, alone and in a set."""
    name = data.draw(st.sampled_from(sorted(ALGORITHMS)))
    jwk = signing_keys[name].unsafe_to_jwk()
    if data.draw(st.booleans()) and not ALGORITHMS[name].symmetric:
        jwk = signing_keys[name].verification_key.to_jwk()
    for member in data.draw(st.lists(st.sampled_from([*jwk, "key_ops", "d", "crv"]), max_size=3)):
        if data.draw(st.booleans()):
            jwk.pop(member, None)
        elif isinstance(jwk.get(member), str) and jwk[member] and data.draw(st.booleans()):
            place = data.draw(st.integers(0, len(jwk[member]) - 1))
            letter = data.draw(st.sampled_from("AQgw_-=+ \n"))
            jwk[member] = jwk[member][:place] + letter + jwk[member][place + 1 :]
        else:
            other = data.draw(st.sampled_from(["ES256", "RS256", "Ed448", "HS512", "ML-DSA-44"]))
            jwk[member] = data.draw(JSON | st.just(signing_keys[other].unsafe_to_jwk().get(member)))
    for read in (SigningKey.from_jwk, VerificationKey.from_jwk):
        key, error = attempt(read, jwk)
        assert error.code.startswith("key.") if error else key.alg in ALGORITHMS
    held = JWKSet.parse({"keys": [jwk]})
    assert len(held) + len(held.skipped) == 1


@given(JSON | st.dictionaries(st.sampled_from(["keys", "kty"]), st.lists(JSON, max_size=3), max_size=2))
def test_no_document_raises_anything_else(document: Any) -> None:
    for form in (document, json.dumps(document)):
        held, error = attempt(JWKSet.parse, form)
        assert error.code == "jwks.malformed" if error else len(held) == 0
