"""The opt-in fixtures, as an application's tests use them."""

from __future__ import annotations

pytest_plugins = ["pytester"]

APPLICATION_TEST = """
from datetime import timedelta

import pytest
from jwtkit.errors import TokenExpiredError, TokenRevokedError


def test_the_token_expires(token_authority, manual_clock):
    pair = token_authority.rotator.start("client-42", scopes=["orders:read"])
    assert token_authority.validator.validate(pair.access_token).subject == "client-42"
    manual_clock.advance(timedelta(hours=1))
    with pytest.raises(TokenExpiredError):
        token_authority.validator.validate(pair.access_token)
    renewed = token_authority.rotator.rotate(pair.refresh_token, access_token=pair.access_token)
    token_authority.validator.validate(renewed.access_token)


def test_a_logout_shows_at_once(token_authority):
    pair = token_authority.rotator.start("client-42")
    token_authority.rotator.revoke(pair.refresh_token)
    with pytest.raises(TokenRevokedError):
        token_authority.validator.validate(pair.access_token)
"""


def test_an_application_opts_in(pytester):
    pytester.makeconftest('pytest_plugins = ["jwtkit.testing.pytest_plugin"]')
    pytester.makepyfile(APPLICATION_TEST)
    pytester.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_no_fixture_is_there_unless_asked_for(pytester):
    pytester.makepyfile("def test_nothing(manual_clock): pass")
    outcome = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(["*fixture 'manual_clock' not found*"])


def test_a_store_of_a_third_party_is_tried_with_the_contract(pytester):
    """A store that forgets the version in its swap is caught; nothing else is installed or configured."""
    pytester.makepyfile("""
from jwtkit.stores import MemorySessionStore
from jwtkit.testing import SessionStoreContract


class Careless(MemorySessionStore):
    def compare_and_swap(self, family, /, *, expected_version):
        row = self.read(family.session_id).family
        return row is not None and super().compare_and_swap(family, expected_version=row.version)


class TestGood(SessionStoreContract):
    def make_store(self, clock):
        return MemorySessionStore(clock=clock)


class TestCareless(SessionStoreContract):
    def make_store(self, clock):
        return Careless(clock=clock)


class TestUnwritten(SessionStoreContract):
    pass
""")
    ran = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-p", "no:asyncio", "-q", "-rfEs", "--tb=no"
    )
    assert ran.parseoutcomes()["passed"] > 100
    failed = {line.split("::", 1)[1].split(" ")[0] for line in ran.outlines if line.startswith("FAILED")}
    assert failed >= {
        "TestCareless::test_a_swap_replaces_the_row_once",
        "TestCareless::test_a_swap_of_a_version_to_come_changes_nothing",
        "TestCareless::test_one_of_sixteen_swaps_wins",
    }
    # The chain is broken only where two threads meet between the read and the swap.
    assert all("TestCareless" in name for name in failed)
    errors = [line for line in ran.outlines if line.startswith("ERROR ")]
    assert errors
    assert all("TestUnwritten" in line for line in errors)
