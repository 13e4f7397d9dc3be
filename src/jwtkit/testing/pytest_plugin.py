"""Opt-in pytest fixtures: ``pytest_plugins = ["jwtkit.testing.pytest_plugin"]`` in the root ``conftest.py``.

An application's test, with no key, no file and no waiting::

    def test_the_token_expires(token_authority, manual_clock):
        pair = token_authority.rotator.start("client-42")
        manual_clock.advance(timedelta(hours=1))
        with pytest.raises(TokenExpiredError):
            token_authority.validator.validate(pair.access_token)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jwtkit.testing.clock import ManualClock

if TYPE_CHECKING:
    from jwtkit.authority import TokenAuthority

__all__ = ["manual_clock", "token_authority"]


@pytest.fixture
def manual_clock() -> ManualClock:
    """A clock that stands still until the test moves it."""
    return ManualClock()


@pytest.fixture
def token_authority(manual_clock: ManualClock) -> TokenAuthority:
    """Issuer, validator and rotator with a new key, sessions in memory, and `manual_clock` as their time.

    Its validator asks the store about every token, so that a logout shows at once.
    """
    from jwtkit.authority import TokenAuthority

    return TokenAuthority.ephemeral(clock=manual_clock, revocation=True)
