"""jwtkit.testing loads what is asked for, and nothing before."""

from __future__ import annotations

import subprocess
import sys

import pytest

from jwtkit import testing


@pytest.mark.parametrize("name", testing.__all__)
def test_every_public_name_can_be_had(name):
    assert getattr(testing, name).__name__ == name


def test_the_public_names_are_sorted_and_all_there_are():
    assert dir(testing) == sorted(testing.__all__)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'verified_tokens'"):
        _ = testing.verified_tokens


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import jwtkit.testing", ["pytest", "hypothesis", "sqlite3", "asyncio", "jwtkit.testing.clock"]),
        ("from jwtkit.testing import ManualClock", ["pytest", "hypothesis", "sqlite3", "asyncio"]),
        ("from jwtkit.testing import SessionStoreContract", ["hypothesis", "sqlite3"]),
        ("import jwtkit.stores", ["pytest", "hypothesis", "sqlite3", "asyncio"]),
    ],
)
def test_imports_stay_light(statement, absent):
    program = f"{statement}; import sys; print([name for name in {absent!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
