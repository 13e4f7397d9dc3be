"""What the tests of rotation share: a clock to turn, a store to disturb, an observer that remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from jwtkit.errors import StoreUnavailableError
from jwtkit.events import Event
from jwtkit.issuer import TokenIssuer
from jwtkit.jose import SigningKey
from jwtkit.refresh import Family, RefreshPolicy, RotationSecret, SessionStore
from jwtkit.refresh.decision import Decision, Presentation, begin, decide
from jwtkit.refresh.protocols import Snapshot
from jwtkit.refresh.token_text import RefreshToken
from jwtkit.rotator import RefreshRotator
from jwtkit.stores import MemorySessionStore
from jwtkit.validator import TokenValidator

ISSUER = "https://orders.example"
AUDIENCE = "orders-api"
KEY = SigningKey.generate("HS256")
SECRET = RotationSecret.generate()
KEYS = SECRET.keys_for(ISSUER)
POLICY = RefreshPolicy()
NOW = 1_750_000_000_000
FAMILY_ID = bytes(range(16))


class Clock:
    """Seconds since the epoch, standing still until turned."""

    def __init__(self, seconds: float = NOW / 1000) -> None:
        self.seconds = seconds

    def __call__(self) -> float:
        return self.seconds

    def turn(self, seconds: float = 0, **duration: float) -> None:
        self.seconds += seconds + timedelta(**duration).total_seconds()


class Recorder:
    """Remembers every event."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def observe(self, event: Event, /) -> None:
        self.events.append(event)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if type(event) is kind]


class Untouchable:
    """A session store that no test may reach."""

    def __getattr__(self, name: str) -> Any:
        def reached(*arguments: object, **named: object) -> None:
            raise AssertionError(f"the store was asked to {name}")

        return reached

    live_key_ids = None


class Disturbed:
    """A session store whose calls can be disturbed.

    `before[name]` and `after[name]` are called, once each and in order, round the calls of that method.
    """

    def __init__(self, store: SessionStore) -> None:
        self.inner = store
        self.before: dict[str, list[Callable[[], object]]] = {}
        self.after: dict[str, list[Callable[[], object]]] = {}
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)

        def call(*arguments: Any, **named: Any) -> Any:
            self.calls.append(name)
            self._next(self.before, name)
            answer = method(*arguments, **named)
            self._next(self.after, name)
            return answer

        return call

    @staticmethod
    def _next(hooks: dict[str, list[Callable[[], object]]], name: str) -> None:
        if hooks.get(name):
            hooks[name].pop(0)()


def unavailable() -> None:
    raise StoreUnavailableError("the line is cut")


def foreign_failure() -> None:
    raise OSError("postgresql://app:hunter2@db is down")


def nothing() -> None:
    pass


def make_rotator(
    clock: Clock | None,
    *,
    store: Any = None,
    secret: RotationSecret = SECRET,
    key: SigningKey = KEY,
    lifetime: timedelta = timedelta(minutes=15),
    revocation: Any = None,
    issuer: str = ISSUER,
    **options: Any,
) -> RefreshRotator:
    return RefreshRotator(
        TokenIssuer(issuer, audience=AUDIENCE, keys=key, lifetime=lifetime, clock=clock),
        make_validator(clock, key=key, issuer=issuer, revocation=revocation),
        store=MemorySessionStore(clock=clock) if store is None else store,
        secret=secret,
        clock=clock,
        **options,
    )


def make_validator(
    clock: Clock | None, *, key: SigningKey = KEY, issuer: str = ISSUER, revocation: Any = None
) -> TokenValidator:
    return TokenValidator(issuer, audience=AUDIENCE, keys=key, clock=clock, revocation=revocation)


def first_generation(
    *, secret: RotationSecret = SECRET, policy: RefreshPolicy = POLICY, now: int = NOW, **columns: Any
) -> tuple[Family, RefreshToken]:
    """Return the row and the token of a login."""
    from jwtkit.jose import base64url

    values: dict[str, Any] = {
        "session_id": base64url.encode(FAMILY_ID),
        "issuer": ISSUER,
        "version": 1,
        "subject": "client-42",
        "client_id": "web",
        "tenant": "acme",
        "confirmation": "thumbprint",
        "label": None,
        "scopes": "orders:read orders:write",
        "claims": '{"plan":"gold"}',
        "epoch": 0,
        "key_id": "",
        "generation": 0,
        "digest": b"",
        "previous_digest": None,
        "nonce": b"",
        "created_at": now,
        "rotated_at": now,
        "previous_rotated_at": None,
        "used_at": now,
        "idle_expires_at": 0,
        "absolute_expires_at": 0,
    }
    return begin(
        Family(**{**values, **columns}),
        keys=secret.keys_for(ISSUER),
        policy=policy,
        family_id=FAMILY_ID,
        secret=bytes(range(100, 132)),
    )


def presented(**changes: Any) -> Presentation:
    """Return what belongs to the session of `first_generation`."""
    return Presentation(
        **{"client_id": "web", "tenant": "acme", "confirmation": "thumbprint", **changes}  # type: ignore[arg-type]
    )


def otherwise(token: RefreshToken, **changes: Any) -> RefreshToken:
    """Return a token that says something else."""
    said = {name: getattr(token, name) for name in RefreshToken.__slots__ if name != "core"}
    return RefreshToken(**{**said, **changes})


def judge(
    family: Family | None,
    token: RefreshToken,
    *,
    now: int = NOW + 60_000,
    epoch: int = 0,
    nonce: bytes = b"nonce-of-the-call",
    policy: RefreshPolicy = POLICY,
    secret: RotationSecret = SECRET,
    **changes: Any,
) -> Decision:
    """Decide as a rotator would."""
    return decide(
        Snapshot(family, epoch, now),
        token,
        presented(**changes),
        nonce=nonce,
        policy=policy,
        keys=secret.keys_for(ISSUER),
    )


def rotated(
    family: Family, token: RefreshToken, *, now: int, nonce: bytes = b"another nonce", **options: Any
) -> tuple[Family, RefreshToken]:
    """Return the row and the live token after one more rotation."""
    decision = judge(family, token, now=now, nonce=nonce, **options)
    assert decision.rule == 6
    assert decision.family is not None
    assert decision.token is not None
    return decision.family, decision.token


@contextmanager
def frozen(recorder: Recorder) -> Iterator[None]:
    """Assert that nothing is told inside."""
    before = list(recorder.events)
    yield
    assert recorder.events == before
