"""What a rotator works with, and what its login and its refresh have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from jwtkit.errors import ConfigurationError, RefreshError, StoreUnavailableError
from jwtkit.events import RefreshRefused
from jwtkit.refresh.access import AccessTokens, Issued
from jwtkit.refresh.decision import Decision
from jwtkit.refresh.family import Family
from jwtkit.refresh.live_sessions import LiveSessions
from jwtkit.refresh.pair import TokenPair
from jwtkit.refresh.policy import RefreshPolicy
from jwtkit.refresh.rotation_keys import RotationKeys
from jwtkit.refresh.token_text import RefreshToken, encode

__all__ = ["RotationParts", "not_judged", "refusal"]


@dataclass(slots=True, kw_only=True)
class RotationParts:
    """The parts of one rotator. Nothing of them changes, but that the secret is once found to be right.

    Attributes:
        keys: The issuer's keys.
        policy: The rules.
        access: Makes and reads access tokens.
        sessions: The sessions, and the store they are in.
        clock: Seconds since the epoch; only for the check that needs no store, and for events.
        random_bytes: Draws so many random bytes.
        secret_is_known: Whether `check_secret` has succeeded.
    """

    keys: RotationKeys
    policy: RefreshPolicy
    access: AccessTokens
    sessions: LiveSessions
    clock: Callable[[], float]
    random_bytes: Callable[[int], bytes]
    secret_is_known: bool = field(default=False, init=False)

    async def check_secret(self) -> None:
        """Make sure, once, that this process can read the refresh tokens that are out.

        Raises:
            ConfigurationError: ``rotation_secret.unknown``: live sessions were made with another secret.
            StoreUnavailableError: The store cannot say now; it is asked again at the next call.
        """
        if self.secret_is_known:
            return
        needed = await self.sessions.store.live_key_ids(self.sessions.issuer)
        unknown = sorted(needed.difference(self.keys.key_ids))
        if unknown:
            raise ConfigurationError(
                f"live sessions were made with a rotation secret that is not here: {', '.join(unknown)}",
                code="rotation_secret.unknown",
                hint=f"here is {', '.join(self.keys.key_ids)}; accept the missing secret as well",
            )
        self.secret_is_known = True

    def pair(
        self,
        family: Family,
        token: RefreshToken,
        issued: Issued,
        *,
        now: int,
        retried: bool = False,
        new_refresh_token: bool = True,
    ) -> TokenPair:
        """Return what to hand to the client."""
        return TokenPair(
            access_token=issued.token.token,
            refresh_token=encode(token, self.keys),
            expires_in=issued.token.expires_in,
            refresh_expires_in=(family.idle_expires_at - now) // 1000,
            session_id=family.session_id,
            scopes=issued.scopes,
            retried=retried,
            new_refresh_token=new_refresh_token,
            token_type="Bearer" if family.confirmation is None else "DPoP",
        )

    def refused(
        self, error: type[RefreshError], session_id: str | None, subject: str | None, detail: str
    ) -> RefreshError:
        """Tell the observer of a refusal that ends nothing, and return the error for the client."""
        self.sessions.tell(RefreshRefused(self.clock(), error.default_code, session_id, subject, detail))
        return refusal(error)


def refusal(error: type[RefreshError]) -> RefreshError:
    """Return the error, its sentence the same for every reason."""
    # Class and code are for the service; the sentence may reach the client, who is to learn nothing of it.
    return error("the refresh token is not accepted; log in again")


def not_judged(decision: Decision) -> StoreUnavailableError:
    """Return the error of a token that cannot be judged yet (`Outcome.UNAVAILABLE`)."""
    return StoreUnavailableError(
        "the session cannot be judged yet; keep the refresh token and try again",
        code="rotation_secret.unknown" if decision.rule == 0 else "store.behind",
    )
