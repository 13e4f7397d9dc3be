"""What HTTP says about tokens, free of any framework: adapters translate these decisions and make none."""

from __future__ import annotations

from jwtkit.web.answer import Answer, problem
from jwtkit.web.bearer import answer, bearer_token, challenge
from jwtkit.web.oauth_endpoints import introspection, introspection_async, revocation, revocation_async
from jwtkit.web.oauth_token import granted, login_refused, refused

__all__ = [
    "Answer",
    "answer",
    "bearer_token",
    "challenge",
    "granted",
    "introspection",
    "introspection_async",
    "login_refused",
    "problem",
    "refused",
    "revocation",
    "revocation_async",
]
