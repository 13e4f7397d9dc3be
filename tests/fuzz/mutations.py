"""Tokens changed where it matters: random bytes die at base64, so the parts are changed and written anew.

A tampered token starts as a right one. Its header and claims are changed member by member as JSON text,
its segments are spelled otherwise, and it is signed again: by the owner, by a stranger, or not at all.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import strategies as st
from tests.hostile.forge import AUDIENCE, ISSUER, NOW, SUBJECT, Forge
from tests.hostile.json_documents import GOOD_DOCUMENTS, WRAPPINGS
from tests.hostile.json_values import BAD_VALUES, DUPLICATES, GOOD_VALUES
from tests.hostile.primitives import b64, from_b64

from jwtkit.testing.strategies import json_values

__all__ = ["Tampered", "tampered_tokens"]

_HEADER_NAMES: Final = (
    "alg",
    "typ",
    "kid",
    "cty",
    "crit",
    "b64",
    "zip",
    "enc",
    "jwk",
    "jku",
    "x5c",
    "x",
    "ALG",
    "",
)
_CLAIM_NAMES: Final = (
    *(
        "iss",
        "sub",
        "aud",
        "exp",
        "iat",
        "nbf",
        "jti",
        "scope",
        "cnf",
        "client_id",
        "sid",
        "note",
        "x",
        "EXP",
        "",
    ),
)
_TELLING: Final = (
    *(ISSUER, f"{ISSUER}/", AUDIENCE, [AUDIENCE], [AUDIENCE, 1], [], {}, SUBJECT, "", " ", "a\nb", "k" * 513),
    *(
        None,
        True,
        False,
        0,
        -1,
        0.5,
        "none",
        "None",
        "HS256",
        "ES256",
        "EdDSA",
        "Ed25519",
        "at+jwt",
        "AT+JWT",
    ),
    *(
        "application/at+jwt",
        "JWT",
        NOW,
        NOW - 30,
        NOW - 29.5,
        NOW - 31,
        NOW + 30,
        NOW + 31,
        NOW + 30.5,
        NOW - 86_430,
    ),
    *(NOW + 600.25, NOW * 1000, NOW + 3653 * 86400, NOW + 3653 * 86400 + 1, 1e300, 10**40, str(NOW + 600)),
)
_SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    lambda text: text + "=" * (-len(text) % 4),
    lambda text: f"{text}=",
    lambda text: f"{text}\n",
    lambda text: f" {text}",
    lambda text: text.replace("-", "+").replace("_", "/"),
    lambda text: text[:-1],
    lambda text: text + "A",
    lambda text: text[:-1] + chr(ord(text[-1]) + 1) if text else "=",
    lambda text: text[:7] + "\r\n" + text[7:],
    lambda text: f"{text}.",
    lambda text: f"{text}é",
    lambda _: "",
)


@dataclass(frozen=True, slots=True)
class Tampered:
    """A token, and whether its text is a right token's with nothing changed."""

    text: str
    honest: bool


def _raw_values() -> st.SearchStrategy[str]:
    """JSON text of a value: telling ones, random ones, and text that is no JSON."""
    odd = [
        *GOOD_VALUES.values(),
        *DUPLICATES.values(),
        *(v for v in BAD_VALUES.values() if isinstance(v, str)),
    ]
    short = [text for text in odd if len(text) < 3000]
    told = st.sampled_from(_TELLING).map(json.dumps)
    return st.one_of(told, told, json_values().map(json.dumps), st.sampled_from(short))


@st.composite
def _members(draw: st.DrawFn, right: dict[str, Any], names: tuple[str, ...]) -> bytes:
    """The members as JSON text, with up to three of them changed, left out, given twice or moved."""
    members = [(json.dumps(name), json.dumps(value)) for name, value in right.items()]
    for _ in range(draw(st.sampled_from((0, 0, 1, 1, 2, 3)))):
        kind = draw(st.sampled_from(("set", "set", "add", "drop", "twice", "escape", "move")))
        index = draw(st.integers(0, max(0, len(members) - 1)))
        if kind == "add" or not members:
            members.append((json.dumps(draw(st.sampled_from(names))), draw(_raw_values())))
        elif kind == "set":
            members[index] = (members[index][0], draw(_raw_values()))
        elif kind == "drop":
            del members[index]
        elif kind == "twice":
            members.append((members[index][0], draw(st.one_of(st.just(members[index][1]), _raw_values()))))
        elif kind == "escape":
            name = json.loads(members[index][0])
            members[index] = ('"' + "".join(f"\\u{ord(one):04x}" for one in name) + '"', members[index][1])
        else:
            members.insert(draw(st.integers(0, len(members) - 1)), members.pop(index))
    comma, colon = draw(st.sampled_from(((",", ":"), (",", ":"), (", ", ": "), ("\n,\t", " :\r\n"))))
    text = "{" + comma.join(f"{name}{colon}{value}" for name, value in members) + "}"
    data = text.encode("utf-8", "surrogatepass")
    if draw(st.integers(0, 19)) == 0:
        wrap = draw(st.sampled_from([*WRAPPINGS.values(), *GOOD_DOCUMENTS.values()]))
        try:
            return wrap(data)
        except ValueError:
            return data
    return data


def _signatures(forge: Forge, signing_input: bytes, old: bytes) -> dict[str, Callable[[], bytes]]:
    public = forge.owner.public
    own = forge.owner.sign
    secret = (
        public if forge.symmetric else public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    return {
        "owner": lambda: own(signing_input),
        "old": lambda: old,
        "stranger": lambda: forge.stranger.sign(signing_input),
        "hmac-of-public": lambda: hmac.digest(
            secret, signing_input, "sha384" if forge.symmetric else "sha256"
        ),
        "cut": lambda: own(signing_input)[:-1],
        "long": lambda: own(signing_input) + b"\0",
        "flipped": lambda: bytes([own(signing_input)[0] ^ 1]) + own(signing_input)[1:],
        "zeros": lambda: bytes(len(old)),
        "empty": lambda: b"",
    }


@st.composite
def tampered_tokens(draw: st.DrawFn, forge: Forge) -> Tampered:
    """A token that may have been changed anywhere."""
    right = forge.token()
    old_header, old_payload, old_signature = right.split(".")
    header = b64(draw(_members(forge.header(), _HEADER_NAMES)))
    payload = b64(draw(_members(forge.claims(), _CLAIM_NAMES)))
    if draw(st.booleans()):
        header = old_header
    misspelt = draw(st.sampled_from((None, None, None, None, 0, 1, 2)))
    spell = draw(st.sampled_from(_SPELLINGS))
    before = draw(st.booleans())
    segments = [header, payload]
    if misspelt in (0, 1) and before:
        segments[misspelt] = spell(segments[misspelt])
    signing_input = ".".join(segments).encode("utf-8")
    ways = _signatures(forge, signing_input, from_b64(old_signature))
    names = ("owner", "owner", "owner", "owner", *ways)
    segments.append(b64(ways[draw(st.sampled_from(names))]()))
    if misspelt == 2 or (misspelt is not None and not before):
        segments[misspelt] = spell(segments[misspelt])
    if draw(st.integers(0, 9)) == 0:
        segments = [old_header, old_payload, old_signature]
    text = ".".join(segments)
    return Tampered(text, text == right)
