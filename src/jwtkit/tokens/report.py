"""What `inspect` returns: every check, how it went, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from jwtkit.errors import TokenError, UnavailableError

__all__ = ["CheckResult", "CheckStatus", "ValidationReport"]


class CheckStatus(Enum):
    """How one check went."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Not asked for, nothing to check, or an earlier failure made the answer meaningless."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One check of a validation.

    Attributes:
        name: What was checked: a step such as ``signature``, or a claim such as ``aud``.
        status: How it went.
        expected: What the validator asked for.
        found: What the token said; None when it said nothing.
        code: The failure's stable code.
        hint: The likely cause of a near miss, and the next step.
        trusted: False when `found` was read before the signature held: anyone may have written it.
    """

    name: str
    status: CheckStatus
    expected: str
    found: str | None = None
    code: str | None = None
    hint: str | None = None
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """Every check of one validation. ``str(report)`` is a table to read; it never holds the token.

    Attributes:
        checks: In the order a validation makes them.
        error: What `TokenValidator.validate` raises for this token, or None when it accepts it.
    """

    checks: tuple[CheckResult, ...]
    error: TokenError | UnavailableError | None = field(default=None, compare=False)

    @property
    def ok(self) -> bool:
        """Whether `TokenValidator.validate` accepts the token."""
        return self.error is None

    def of(self, status: CheckStatus) -> tuple[CheckResult, ...]:
        """Return the checks that went so."""
        return tuple(check for check in self.checks if check.status is status)

    def __getitem__(self, name: str) -> CheckResult:
        """Return the check of that name; the failed one where a name was checked twice."""
        named = [check for check in self.checks if check.name == name]
        if not named:
            raise KeyError(name)
        return next((check for check in named if check.status is CheckStatus.FAILED), named[0])

    def __str__(self) -> str:
        verdict = "valid" if self.error is None else f"refused: {self.error.code}"
        rows = [("", "check", "expected", "found"), *map(_row, self.checks)]
        widths = [max(len(row[column]) for row in rows) for column in range(4)]
        lines = [f"token {verdict}"]
        for number, row in enumerate(rows):
            lines.append(
                "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            )
            hint = self.checks[number - 1].hint if number else None
            if hint:
                lines.append(f"{'':{widths[0]}}  → {hint}")
        return "\n".join(lines)


def _row(check: CheckResult) -> tuple[str, str, str, str]:
    mark = {CheckStatus.PASSED: "✓", CheckStatus.FAILED: "✗", CheckStatus.SKIPPED: "–"}[check.status]
    found = _shortened(check.found or "")
    if check.found is not None and not check.trusted:
        found += " (untrusted)"
    return mark, check.name, _shortened(check.expected), found


def _shortened(text: str, longest: int = 60) -> str:
    return text if len(text) <= longest else f"{text[: longest - 1]}…"
