"""Nothing heavy is loaded before the first key that needs it."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
from jwtkit.jose import SigningKey, sign_compact, verify_compact
heavy = {"jwt", "cryptography", "asyncio", "sqlite3"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
key = SigningKey.from_secret(b"k" * 32)
verify_compact(sign_compact(b"payload", key), key)
assert not heavy & set(sys.modules), heavy & set(sys.modules)
SigningKey.generate("ES256")
assert {"jwt", "cryptography"} <= set(sys.modules)
"""


def test_secrets_need_neither_pyjwt_nor_cryptography() -> None:
    subprocess.run([sys.executable, "-c", CODE], check=True)
