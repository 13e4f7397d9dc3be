"""What is kept in memory answers in a forked worker, whatever a thread of its parent was doing then."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

FORKED = """
import os, signal
from datetime import timedelta
from jwtkit import SigningKey, TokenCache, TokenIssuer, TokenValidator
from jwtkit.revocation import RevocationQuery, RevocationStatus
from jwtkit.stores import MemorySessionStore
from jwtkit.validator import RevocationCache

{made}
with kept._lock:  # as a thread may, which the child does not have
    child = os.fork()
    if child == 0:
        signal.alarm(10)
        {asked}
        os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""

ASKED = {
    "MemorySessionStore": ("kept = MemorySessionStore()", "kept.read('nobody')"),
    "RevocationCache": (
        "kept = RevocationCache(MemorySessionStore(), max_staleness=timedelta(seconds=1))",
        "assert kept.status(RevocationQuery('https://issuer.example')) is RevocationStatus.ACTIVE",
    ),
    "TokenCache": (
        """
kept, key = TokenCache(), SigningKey.generate("HS256")
validator = TokenValidator("https://issuer.example", audience="api", keys=key, cache=kept)
token = TokenIssuer("https://issuer.example", audience="api", keys=key).issue("client-42").token
""",
        "assert validator.validate(token).subject == 'client-42'",
    ),
}


@pytest.mark.parametrize("what", ASKED)
def test_a_lock_that_was_held_at_a_fork_is_free_in_the_child(what: str) -> None:
    made, asked = ASKED[what]
    program = FORKED.format(made=made, asked=asked)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
