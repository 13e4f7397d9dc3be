"""Which revocation epochs apply to whom."""

from __future__ import annotations

import pytest

from jwtkit.refresh import EpochScope


@pytest.mark.parametrize(
    ("subject", "tenant", "kinds"),
    [
        ("client-42", "acme", ["all", "tenant", "subject"]),
        ("client-42", None, ["all", "subject"]),
        (None, "acme", ["all", "tenant"]),
        (None, None, ["all"]),
    ],
)
def test_the_scopes_that_apply(subject: str | None, tenant: str | None, kinds: list[str]) -> None:
    scopes = EpochScope.applying_to("https://a.example", subject=subject, tenant=tenant)
    assert [scope.kind for scope in scopes] == kinds
    assert {scope.issuer for scope in scopes} == {"https://a.example"}
    assert [scope.name for scope in scopes] == ["", *filter(None, (tenant, subject))]
