"""The real decision, asked once for every different question, and numbers for rows and tokens.

`decide` is a pure function, so its answers can be kept. A row is a number, a token is a number: states of the
exploration are then small tuples, quick to compare and to keep.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import ModuleType
from typing import Any, NamedTuple

from jwtkit.refresh import Family, RefreshPolicy, decision
from jwtkit.refresh.policy import milliseconds
from jwtkit.refresh.protocols import Snapshot
from jwtkit.refresh.token_text import RefreshToken

START = 1_750_000_000_000
SECOND = 1000
FAMILY_ID = bytes(range(16))
POLICY = RefreshPolicy(
    retry_window=timedelta(seconds=30),
    idle=timedelta(seconds=300),
    absolute=timedelta(seconds=520),
    lag=timedelta(seconds=60),
)
WINDOW = milliseconds(POLICY.retry_window)
IDLE = milliseconds(POLICY.idle)
ABSOLUTE = milliseconds(POLICY.absolute)
PROBE = 1
"""The nonce of a question that is never followed by a write; calls draw theirs from 2 on."""

LOGOUT = 255
"""The nonce of a logout, of which there is one at most."""

LOGIN = Family(
    session_id="AAECAwQFBgcICQoLDA0ODw",
    issuer="https://orders.example",
    version=1,
    subject="client-42",
    client_id="web",
    tenant="acme",
    confirmation="thumbprint",
    label=None,
    scopes="orders:read",
    claims="{}",
    epoch=0,
    key_id="",
    generation=0,
    digest=b"",
    previous_digest=None,
    nonce=b"",
    created_at=0,
    rotated_at=0,
    previous_rotated_at=None,
    used_at=0,
    idle_expires_at=0,
    absolute_expires_at=0,
)

OWNER = {"client_id": "web", "tenant": "acme", "confirmation": "thumbprint"}
"""What the session's own client presents."""


class Question(NamedTuple):
    """Everything a decision depends on."""

    row: int
    epoch: int
    now: int
    token: int
    level: int
    nonce: int
    was_live: bool = False
    read_again: bool = False


class Swap(NamedTuple):
    """A write that wins where the store's row has the version of the one it was decided on."""

    row: int
    decided_on: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision, its write (a swap) and its token as numbers; 0 for none."""

    outcome: str
    rule: int
    write: int
    answer: int
    row_kept: bool
    """Whether the decision leaves the row exactly as it was read."""


class Judge:
    """Numbers rows, swaps and tokens, and asks the decision.

    Args:
        levels: The rotation keys of a process before, between and after the steps of replacing the secret.
        module: Where `decide`, `begin` and `end` are; a sabotaged copy where a test must see it fail.
    """

    def __init__(self, levels: list[Any], module: ModuleType = decision) -> None:
        self.module: Any = module
        self.levels = levels
        self.rows: list[Any] = [None]
        self.drawn: list[int] = [0]
        """The nonce of the call that wrote each row; 0 for a login."""
        self.swaps: list[Swap] = [Swap(0, 0)]
        self.tokens: list[Any] = [None]
        self.lineage: list[tuple[int, ...]] = [()]
        """Of each token, the tokens from the login's to itself."""
        self.nonces: list[frozenset[int]] = [frozenset()]
        """Of each token, the nonces it was made with, its forebears' among them."""
        self._row_numbers: dict[Family, int] = {}
        self._swap_numbers: dict[Swap, int] = {}
        self._token_numbers: dict[tuple[RefreshToken, int], int] = {}
        self._verdicts: dict[Question, Verdict] = {}
        self._logins: dict[tuple[int, int], tuple[int, int]] = {}
        self._ends: dict[tuple[int, int], int] = {}
        self._pairs: set[tuple[int, int, int, int, int]] = set()

    def login(self, *, epoch: int, now: int) -> tuple[int, int]:
        """Return the row and the token of a login."""
        made = self._logins.get((epoch, now))
        if made is None:
            family, token = self.module.begin(
                LOGIN._replace(epoch=epoch, created_at=now, rotated_at=now, used_at=now),
                keys=self.levels[0],
                policy=POLICY,
                family_id=FAMILY_ID,
                secret=bytes([77]) * 32,
            )
            made = self._logins[epoch, now] = (self._row(family), self._token(token, 0, 0))
        return made

    def revoked(self, row: int, now: int) -> int:
        """Return the write of a logout."""
        number = self._ends.get((row, now))
        if number is None:
            family = self.rows[row]
            ended = self.module.end(
                family, now=max(now, family.used_at), reason="revoked", nonce=_drawn(LOGOUT)
            )
            number = self._ends[row, now] = self._swap(ended, row, LOGOUT)
        return number

    def verdict(self, question: Question) -> Verdict:
        """Return what `decide` says."""
        known = self._verdicts.get(question)
        if known is None:
            known = self._verdicts[question] = self._asked(question)
        return known

    def odd_pairs(self, question: Question) -> str:
        """Say what is wrong with how this token is judged beside every kind of access token; "" for nothing.

        One that belongs to the session makes no difference, so leaving it out of the calls loses none of
        them. Any other, and any other client, tenant or key, is refused and nothing is written.
        """
        key = question[:5]
        if key in self._pairs:
            return ""
        self._pairs.add(key)
        plain = self._decision(question, OWNER)
        row, generation = self.rows[question.row], self.tokens[question.token].generation
        own = {"subject": "client-42", "client_id": "web", "confirmation": "thumbprint"}
        own |= {"session_id": row.session_id, "generation": generation}
        for age in range(generation + 1):
            beside = self._decision(question, OWNER, own | {"generation": age})
            if beside != plain:
                return f"an access token of generation {age} changes the decision"
        strange: list[dict[str, Any]] = [{"generation": generation + 1}, {"generation": None}]
        strange += [{name: other} for name in own if name != "generation" for other in ("other", None)]
        for change in strange:
            if wrong := self._writes(self._decision(question, OWNER, own | change)):
                return f"an access token with another {next(iter(change))} {wrong}"
        for name in OWNER:
            for other in ("other", None):
                if wrong := self._writes(self._decision(question, OWNER | {name: other})):
                    return f"another {name} {wrong}"
        return ""

    @staticmethod
    def _writes(made: Any) -> str:
        if made.outcome.value != "mismatch":
            return f"is {made.outcome.value}, not a mismatch"
        return "writes" if made.swap else ""

    def _decision(
        self, question: Question, caller: dict[str, Any], pair: dict[str, Any] | None = None
    ) -> Any:
        claims = None if pair is None else self.module.PairClaims(**pair)
        return self.module.decide(
            Snapshot(self.rows[question.row], question.epoch, question.now),
            self.tokens[question.token],
            self.module.Presentation(
                pair=claims, was_live=question.was_live, read_again=question.read_again, **caller
            ),
            nonce=_drawn(question.nonce),
            policy=POLICY,
            keys=self.levels[question.level],
        )

    def _asked(self, question: Question) -> Verdict:
        made = self._decision(question, OWNER)
        answer = 0 if made.token is None else self._token(made.token, question.token, made.family.nonce)
        write = self._swap(made.family, question.row, question.nonce) if made.swap else 0
        return Verdict(made.outcome.value, made.rule, write, answer, made.family == self.rows[question.row])

    def _row(self, family: Family, nonce: int = 0) -> int:
        number = self._row_numbers.setdefault(family, len(self.rows))
        if number == len(self.rows):
            self.rows.append(family)
            self.drawn.append(nonce)
        return number

    def _swap(self, family: Family, decided_on: int, nonce: int) -> int:
        swap = Swap(self._row(family, nonce), decided_on)
        number = self._swap_numbers.setdefault(swap, len(self.swaps))
        if number == len(self.swaps):
            self.swaps.append(swap)
        return number

    def _token(self, token: RefreshToken, parent: int, nonce: bytes | int) -> int:
        # A token does not tell when its parent was made, so two that might have been share children.
        number = self._token_numbers.setdefault((token, parent), len(self.tokens))
        if number == len(self.tokens):
            drawn = nonce if isinstance(nonce, int) else int.from_bytes(nonce, "little")
            self.tokens.append(token)
            self.lineage.append((*self.lineage[parent], number))
            self.nonces.append(self.nonces[parent] | {drawn})
        return number


def _drawn(nonce: int) -> bytes:
    return nonce.to_bytes(16, "little")
