"""What a process pays before its first token: fresh interpreters, one after the other."""

from __future__ import annotations

import subprocess
import sys
from functools import partial

from bench.interleave import in_turns
from bench.results import Group, rows
from bench.tokens import AUDIENCE, ISSUER, LEEWAY, REQUIRED, good
from bench.workbench import Workbench

TITLE = "Import, in a fresh interpreter"
IMPORT = "import"
FIRST = "import and validate one ES256 token"
YARDSTICK = "PyJWT"

_TIMED = """
import sys
from time import perf_counter
_, issuer, audience, key, token = (*sys.argv, "", "", "", "")[:5]
started = perf_counter()
{code}
print(perf_counter() - started)
"""

_FIRST_TOKEN = {
    "jwtkit": """
from jwtkit import TokenValidator, VerificationKey
TokenValidator(issuer, audience=audience, keys=VerificationKey.from_pem(key)).validate(token)
""",
    "PyJWT": f"""
import jwt
jwt.decode(token, key, algorithms=["ES256"], audience=audience, issuer=issuer, leeway={LEEWAY},
           options={{"require": {list(REQUIRED)!r}}})
""",
}


def run(bench: Workbench) -> tuple[list[Group], list[str]]:
    material = bench.material("ES256")
    assert material.public_pem is not None
    arguments = (ISSUER, AUDIENCE, material.public_pem.decode(), good(material))
    plain = {peer.name: f"import {peer.module}" for peer in bench.peers}
    groups = [_group(bench, IMPORT, plain), _group(bench, FIRST, _FIRST_TOKEN, *arguments)]
    return groups, ["jwtkit loads PyJWT and cryptography with the first key; the second column pays for that"]


def _group(bench: Workbench, title: str, codes: dict[str, str], *arguments: str) -> Group:
    turns = {name: partial(_seconds, code, *arguments) for name, code in codes.items()}
    for turn in turns.values():
        turn()  # so that nobody is timed while it writes its bytecode
    return Group(title=title, rows=rows(in_turns(turns, bench.pace.slow_rounds)), yardstick=YARDSTICK)


def _seconds(code: str, *arguments: str) -> float:
    # -I: neither this folder nor the user's environment has a say.
    command = [sys.executable, "-I", "-W", "ignore", "-c", _TIMED.format(code=code), *arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
