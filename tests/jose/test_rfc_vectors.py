"""The published examples of the specifications."""

from __future__ import annotations

from typing import Any

import pytest

from jwtkit.errors import ConfigurationError, MalformedTokenError
from jwtkit.jose import JWKSet, SigningKey, VerificationKey, base64url, sign_compact, verify_compact

PRIVATE = ("d", "p", "q", "dp", "dq", "qi", "oth", "priv")


def refusal(call: Any, *arguments: Any, **options: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        call(*arguments, **options)
    return caught.value.code


def public_half(jwk: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in jwk.items() if name not in PRIVATE}


@pytest.mark.parametrize(
    ("rfc", "section"),
    [("rfc7515", f"A.{number}") for number in range(1, 5)]
    + [("rfc7520", f"4.{number}") for number in range(1, 5)],
)
def test_the_signed_examples_verify(rfc: str, section: str, vectors: Any) -> None:
    """RFC 7515 Appendix A and RFC 7520 §4 (whose keys are those of its §3)."""
    (example,) = (vector for vector in vectors(rfc)["jws"] if vector["section"] == section)
    key = VerificationKey.from_jwk(public_half(example["jwk"]), alg=example["alg"])
    verified = verify_compact(example["compact"], key)
    assert verified.payload == example["payload"].encode()
    assert verified.key_id == example["jwk"].get("kid", key.thumbprint())
    signing_key = SigningKey.from_jwk(example["jwk"], alg=example["alg"])
    assert signing_key.verification_key == key
    again = sign_compact(verified.payload, signing_key)
    assert verify_compact(again, key).payload == verified.payload
    if example.get("deterministic"):
        assert again == example["compact"]
    head, payload, signature = example["compact"].split(".")
    signing_input = f"{head}.{payload}".encode()
    if example["alg"] in {"HS256", "RS256"}:
        assert signing_key.sign(signing_input) == base64url.decode(signature)


def test_the_unsecured_example_is_refused(vectors: Any) -> None:
    """RFC 7515 Appendix A.5."""
    secret = SigningKey.from_secret(b"k" * 32)
    with pytest.raises(MalformedTokenError) as caught:
        verify_compact(vectors("rfc7515")["unsecured"]["compact"], secret)
    assert caught.value.code == "token.segments"


def test_a_detached_payload_is_not_filled_in(vectors: Any) -> None:
    """RFC 7520 §4.5: the same signature with its payload taken out does not hold."""
    example = vectors("rfc7520")["jws"][3]
    head, _, signature = example["compact"].split(".")
    from jwtkit.errors import InvalidSignatureError

    with pytest.raises(InvalidSignatureError):
        verify_compact(f"{head}..{signature}", VerificationKey.from_jwk(example["jwk"]))


def test_the_encryption_key_example_is_refused(vectors: Any) -> None:
    """RFC 7520 §3.6 is a key for A256GCM."""
    jwk = vectors("rfc7520")["encryption_key"]["jwk"]
    assert refusal(VerificationKey.from_jwk, jwk) == "key.unsupported"
    del jwk["alg"]
    assert refusal(VerificationKey.from_jwk, jwk, alg="HS256") == "key.use"


def test_the_public_key_set_example(vectors: Any) -> None:
    """RFC 7517 Appendix A.1: the EC key is for encryption, the RSA key is RFC 7638's example."""
    document = vectors("rfc7517")
    keys = JWKSet.parse(document["public"])
    assert [(key.alg, key.kid) for key in keys] == [("RS256", "2011-04-29")]
    assert [(skip.index, skip.kid, skip.code) for skip in keys.skipped] == [(0, "1", "key.use")]
    assert keys.keys[0].thumbprint() == document["rsa_thumbprint"]
    ec = {name: value for name, value in document["public"]["keys"][0].items() if name != "use"}
    assert VerificationKey.from_jwk(ec).alg == "ES256"


def test_the_private_key_examples(vectors: Any) -> None:
    """RFC 7517 Appendix A.2: never taken from a set of public keys; one by one as what they are."""
    document = vectors("rfc7517")
    keys = JWKSet.parse(document["private"])
    assert len(keys) == 0
    assert [skip.code for skip in keys.skipped] == ["key.use", "key.private"]
    ec, rsa = document["private"]["keys"]
    assert refusal(SigningKey.from_jwk, ec) == "key.use"
    signing_key = SigningKey.from_jwk({name: value for name, value in ec.items() if name != "use"})
    assert signing_key.verification_key.verify(b"message", signing_key.sign(b"message"))
    assert SigningKey.from_jwk(rsa).thumbprint() == document["rsa_thumbprint"]


def test_the_symmetric_key_examples(vectors: Any) -> None:
    """RFC 7517 Appendix A.3: one is for AES Key Wrap, the other names no algorithm."""
    document = vectors("rfc7517")["symmetric"]
    keys = JWKSet.parse(document)
    assert [skip.code for skip in keys.skipped] == ["key.unsupported", "key.algorithm"]
    keys = JWKSet.parse(document, algorithms=["HS256"])
    assert [(key.alg, key.kid) for key in keys] == [("HS256", document["keys"][1]["kid"])]


def test_the_ed25519_example(vectors: Any) -> None:
    """RFC 8037 Appendix A.1 to A.5."""
    example = vectors("rfc8037")
    key = SigningKey.from_jwk(example["jwk"], alg="EdDSA")
    assert key.thumbprint() == example["thumbprint"]
    assert verify_compact(example["compact"], key).payload == example["payload"].encode()
    signing_input, _, signature = example["compact"].rpartition(".")
    assert key.sign(signing_input.encode()) == base64url.decode(signature)


@pytest.mark.parametrize("alg", ["ML-DSA-44", "ML-DSA-65", "ML-DSA-87"])
def test_the_mldsa_keys(alg: str, vectors: Any) -> None:
    """RFC 9964 §6 and Appendix A: from the seed of zeros to the thumbprint."""
    (example,) = (vector for vector in vectors("rfc9964")["keys"] if vector["alg"] == alg)
    key = mldsa_key(example)
    assert key.thumbprint() == key.kid == example["thumbprint"]
    assert key.unsafe_to_jwk()["priv"] == example["priv"]


def test_the_mldsa_example(vectors: Any) -> None:
    """RFC 9964 Appendix A.1."""
    document = vectors("rfc9964")
    assert document["jws"]
    for example in document["jws"]:
        (jwk,) = (vector for vector in document["keys"] if vector["alg"] == example["alg"])
        verified = verify_compact(example["compact"], mldsa_key(jwk))
        assert verified.payload == example["payload"].encode()
        assert verified.header == {"alg": example["alg"], "kid": jwk["thumbprint"]}


def mldsa_key(example: dict[str, str]) -> SigningKey:
    from cryptography.hazmat.primitives.asymmetric import mldsa

    native = getattr(mldsa, example["alg"].replace("-", "") + "PrivateKey")
    public = native.from_seed_bytes(base64url.decode(example["priv"])).public_key().public_bytes_raw()
    return SigningKey.from_jwk(
        {"kty": "AKP", "alg": example["alg"], "priv": example["priv"], "pub": base64url.encode(public)}
    )
