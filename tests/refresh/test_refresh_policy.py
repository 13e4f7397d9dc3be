"""RefreshPolicy says at once what cannot work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jwtkit.errors import ConfigurationError
from jwtkit.refresh import RefreshPolicy


def test_the_defaults() -> None:
    policy = RefreshPolicy()
    assert policy.idle == timedelta(days=14)
    assert policy.absolute == timedelta(days=90)
    assert policy.retry_window == timedelta(seconds=30)
    assert policy.lag == timedelta(minutes=10)
    assert policy.rotate
    assert not policy.require_access_token
    assert policy.max_sessions is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"idle": 3600},
        {"absolute": None},
        {"retry_window": "30s"},
        {"lag": 0},
        {"idle": timedelta(milliseconds=999)},
        {"idle": timedelta(days=91)},
        {"absolute": timedelta(0)},
        {"absolute": timedelta(days=4000)},
        {"idle": timedelta(seconds=1), "absolute": timedelta(milliseconds=999)},
        {"retry_window": timedelta(seconds=-1)},
        {"retry_window": timedelta(days=14)},
        {"lag": timedelta(seconds=-1)},
        {"lag": timedelta(days=4000)},
        {"rotate": 1},
        {"require_access_token": None},
        {"max_sessions": 0},
        {"max_sessions": True},
        {"max_sessions": 1.5},
    ],
    ids=str,
)
def test_a_policy_that_cannot_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        RefreshPolicy(**wrong)
    assert caught.value.code == "refresh_policy"


@pytest.mark.parametrize(
    "right",
    [
        {"retry_window": timedelta(0)},
        {"lag": timedelta(0)},
        {"idle": timedelta(days=90)},
        {"idle": timedelta(seconds=1), "absolute": timedelta(seconds=1), "retry_window": timedelta(0)},
        {"absolute": timedelta(days=3653)},
        {"lag": timedelta(days=3653)},
        {"max_sessions": 1},
        {"rotate": False},
    ],
    ids=str,
)
def test_the_edges_are_allowed(right: dict[str, Any]) -> None:
    RefreshPolicy(**right)
