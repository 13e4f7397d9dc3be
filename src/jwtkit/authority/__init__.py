"""TokenAuthority: issuer, validator and rotator from one set of settings."""

from __future__ import annotations

from jwtkit.authority.token_authority import TokenAuthority

__all__ = ["TokenAuthority"]
