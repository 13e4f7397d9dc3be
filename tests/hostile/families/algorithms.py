"""The header names another algorithm: ``none``, a spelling of the right one, a weaker or a stranger's one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any, Final

from tests.hostile.cases import (
    ACCEPTED,
    NOT_ALLOWED,
    UNKNOWN_KEY,
    WRONG_SIGNATURE,
    Expectation,
    TokenCase,
    malformed,
    with_header,
)
from tests.hostile.forge import ALGORITHMS, GONE, Forge, party
from tests.hostile.primitives import b64, json_bytes

__all__ = ["cases"]

_NONE: Final = "RFC 8725 §3.2, §2.1; CVE-2018-1000531, CVE-2020-28042, CVE-2022-23540, CVE-2026-28802"
_EXACT: Final = (
    "RFC 8725 §3.1: the algorithm is the key's, compared exactly (RFC 7515 §4.1.1: case-sensitive)"
)
_DOWNGRADE: Final = "RFC 8725 §3.1: one key, one algorithm; CVE-2022-23541, CVE-2026-48523"
_HEADER: Final = "RFC 7515 §4.1.1: alg MUST be present, and a string"

# The registry of "JSON Web Signature and Encryption Algorithms", and what is found in the field beside it.
_REGISTERED: Final = (
    *("HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "Ed448", "ESP256", "ESP384", "ESP512"),
    *("ML-DSA-44", "ML-DSA-65", "ML-DSA-87", "RS1", "HS1", "A128CBC", "RSA1_5", "RSA-OAEP", "RSA-OAEP-256"),
    *("A128KW", "A256KW", "dir", "ECDH-ES", "ECDH-ES+A128KW", "A128GCMKW", "PBES2-HS256+A128KW", "A128GCM"),
    *("SHA256withRSA", "sha256", "md5", "HMACSHA256", "RS0", "ES521", "Ed25519ph", "HS256/64", "XES256"),
)
_NOT_STRINGS: Final[Mapping[str, Any]] = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "one": 1,
    "float": 2.5,
    "empty-list": [],
    "list": ["none"],
    "list-of-own": ["HS256", "RS256", "PS256", "ES256", "Ed25519", "ML-DSA-44"],
    "object": {"alg": "none"},
    "empty-object": {},
    "empty": "",
    "missing": GONE,
}
_MISSPELLINGS: Final[Mapping[str, Callable[[str], str]]] = {
    "lower": str.lower,
    "upper": str.upper,
    "swapped-case": str.swapcase,
    "title": str.title,
    "space-after": lambda alg: f"{alg} ",
    "space-before": lambda alg: f" {alg}",
    "newline": lambda alg: f"{alg}\n",
    "nul": lambda alg: f"{alg}\0",
    "nul-and-none": lambda alg: f"{alg}\0none",
    "comma-none": lambda alg: f"{alg},none",
    "dashed": lambda alg: f"{alg[:2]}-{alg[2:]}",
    "fullwidth": lambda alg: "".join(chr(ord(c) + 0xFEE0) for c in alg),
    "zero-width": lambda alg: f"{alg[0]}\u200b{alg[1:]}",
    "prefix": lambda alg: alg[:-1],
    "longer": lambda alg: f"{alg}6",
    "twice": lambda alg: alg * 2,
    "url": lambda alg: f"http://www.w3.org/2001/04/xmldsig-more#{alg}",
    "quoted": lambda alg: f'"{alg}"',
    "bom": lambda alg: f"\ufeff{alg}",
}


def cases() -> Iterator[TokenCase]:
    """Every case of the family."""
    yield from _none()
    for name, value in _NOT_STRINGS.items():
        yield with_header(f"alg.type.{name}", {"alg": value}, malformed("header"), _HEADER)
    for name, misspell in _MISSPELLINGS.items():
        different = tuple(alg for alg in ALGORITHMS if misspell(alg) != alg)
        make = partial(_named, misspell)
        yield TokenCase(
            name=f"alg.misspelt.{name}", make=make, expect=NOT_ALLOWED, why=_EXACT, algorithms=different
        )
    for name in _REGISTERED:
        others = tuple(alg for alg in ALGORITHMS if name != alg and (name, alg) != ("EdDSA", "Ed25519"))
        for setting in ("sole", "pinned"):
            yield with_header(
                f"alg.other.{name}.{setting}",
                {"alg": name},
                NOT_ALLOWED,
                _EXACT,
                algorithms=others,
                setting=setting,
            )
    yield from _aliases()
    yield from _downgrades()


def _none() -> Iterator[TokenCase]:
    spellings = {"".join(letters) for letters in product(*zip("none", "NONE", strict=True))}
    odd = {
        " none",
        "none ",
        "none\n",
        "none\0",
        "nоne",
        "ｎｏｎｅ",
        "n\u200bone",
        "null",
        "None()",
        "NonE\ufeff",
    }
    signatures: dict[str, tuple[Callable[[Forge, str], str], Expectation]] = {
        "unsigned": (lambda _, signing_input: f"{signing_input}.", malformed("segments")),
        "two-segments": (lambda _, signing_input: signing_input, malformed("segments")),
        "zero-bytes": (lambda _, signing_input: f"{signing_input}.AAAA", NOT_ALLOWED),
        "signed": (lambda forge, text: f"{text}.{b64(forge.owner.sign(text.encode()))}", NOT_ALLOWED),
    }
    for number, spelling in enumerate(sorted(spellings | odd)):
        label = spelling if spelling.isascii() and spelling.isalpha() else f"odd-{number}"
        for kind, (finish, expect) in signatures.items():
            make = partial(_finished, {"alg": spelling}, finish)
            yield TokenCase(name=f"alg.none.{label}.{kind}", make=make, expect=expect, why=_NONE)
    without_kid = partial(_finished, {"alg": "none", "kid": GONE}, lambda _, text: f"{text}.AA")
    yield TokenCase(name="alg.none.without-kid", make=without_kid, expect=NOT_ALLOWED, why=_NONE)
    for name, order in {"first": ("none", None), "last": (None, "none")}.items():
        make = partial(_named_twice, order)
        yield TokenCase(
            name=f"alg.none.duplicated-{name}", make=make, expect=malformed("duplicate_name"), why=_NONE
        )


def _finished(header: Mapping[str, Any], finish: Callable[[Forge, str], str], forge: Forge) -> str:
    return finish(forge, forge.signing_input(forge.header(**header)))


def _named(rename: Callable[[str], str], forge: Forge) -> str:
    return forge.token(forge.header(alg=rename(forge.alg)))


def _named_twice(names: tuple[str | None, str | None], forge: Forge) -> str:
    pairs = [("alg", name or forge.alg) for name in names]
    members = [f'"{name}":{json_bytes(value).decode()}' for name, value in [*pairs, ("kid", forge.owner.kid)]]
    return forge.token(f"{{{','.join(members)}}}".encode())


def _aliases() -> Iterator[TokenCase]:
    alias = partial(with_header, header={"alg": "EdDSA"}, algorithms=("Ed25519",))
    why = "RFC 9864 §2.2: EdDSA is the deprecated name of the same signature"
    yield alias("alg.alias.eddsa", expect=ACCEPTED, why=why)
    yield alias("alg.alias.eddsa.in-a-ring", expect=ACCEPTED, why=why, setting="ring")
    yield alias(
        "alg.alias.eddsa.pinned",
        expect=NOT_ALLOWED,
        why=f"{why}, and only Ed25519 is allowed",
        setting="pinned",
    )
    yield alias("alg.alias.eddsa.by-a-stranger", expect=WRONG_SIGNATURE, why=why, by_stranger=True)


def _downgrades() -> Iterator[TokenCase]:
    """The owner's own key, or one the owner might have, signs by another algorithm."""
    families = {
        "HS256": ("HS384", "HS512"),
        "RS256": ("RS384", "RS512", "PS256", "PS384", "PS512"),
        "PS256": ("PS384", "PS512", "RS256", "RS384", "RS512"),
        "ES256": ("ES384", "ES512", "ES256K"),
        "Ed25519": ("Ed448",),
        "ML-DSA-44": ("ML-DSA-65", "ML-DSA-87"),
    }
    for alg, others in families.items():
        for other in others:
            for setting in ("sole", "ring"):
                # A ring of public keys holds one for each algorithm, but none of them has the owner's kid.
                in_ring = setting == "ring" and other in ALGORITHMS
                yield TokenCase(
                    name=f"alg.downgrade.{alg}-to-{other}.{setting}",
                    make=partial(_downgraded, other, True),
                    expect=NOT_ALLOWED if not in_ring else UNKNOWN_KEY,
                    why=_DOWNGRADE,
                    algorithms=(alg,),
                    setting=setting,
                )
            yield TokenCase(
                name=f"alg.downgrade.{alg}-really-{other}",
                make=partial(_downgraded, other, False),
                expect=WRONG_SIGNATURE,
                why=f"{_DOWNGRADE}; the signature is of another algorithm than the header's",
                algorithms=(alg,),
            )


def _downgraded(other: str, named: bool, forge: Forge) -> str:
    same_key = other[:2] == forge.alg[:2] == "HS" or {other[:2], forge.alg[:2]} <= {"RS", "PS"}
    signer = forge.owner if same_key else party(other, "owner")
    return forge.token(forge.header(alg=other if named else forge.alg), signer=signer, sign_as=other)
