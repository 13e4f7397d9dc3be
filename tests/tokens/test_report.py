"""Reports: a table a person can read, by name for programs, and never the token."""

from __future__ import annotations

import pytest
from tests.tokens.kit import ISSUER, NOW, claims_with, sign, token_with, validator_with

from jwtkit.errors import ClaimsError, Failure
from jwtkit.jose import SigningKey
from jwtkit.tokens import CheckResult, CheckStatus, ValidationReport

KEY = SigningKey.from_secret(b"a secret of thirty-two bytes, or more", kid="2026-01")

VALID = """\
token valid
   check         expected                                    found
✓  form          a compact JWS
✓  header        a strict JSON object
✓  alg           what the keys are for                       HS256
✓  kid           a key of the issuer                         '2026-01'
✓  signature     to hold over the bytes received
✓  payload       a strict JSON object
✓  typ           at+jwt                                      at+jwt
✓  iss           'https://orders.example'                    'https://orders.example'
✓  sub           a text                                      'client-42'
✓  aud           'orders-api'                                'orders-api'
✓  exp           a time still to come                        1750000900 (2025-06-15 15:21:40Z)
✓  iat           a time already past                         1750000000 (2025-06-15 15:06:40Z)
–  nbf           a time already past, if there
✓  jti           a text                                      't1'
–  scope         scopes, if there
–  client_id     a text, if there
–  sid           a text, if there
–  cnf           an object, if there
–  confirmation  a proven key, if the token is bound to one
–  revocation    no revocation source was given"""

REFUSED = """\
token refused: claim.jti.missing
   check         expected                                    found
✓  form          a compact JWS
✓  header        a strict JSON object
✓  alg           what the keys are for                       HS256
✓  kid           a key of the issuer                         '2026-01'
✓  signature     to hold over the bytes received
✓  payload       a strict JSON object
✓  typ           at+jwt                                      at+jwt
✗  iss           'https://orders.example'                    'https://orders.example/'
   → they differ in a trailing slash; write it exactly as the issuer does
✓  sub           a text                                      'client-42'
✗  aud           'orders-api'                                ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', ...]
✗  exp           a time still to come                        1749999940 (2025-06-15 15:05:40Z)
   → it expired 60 s ago: refresh it, or compare the clocks
✗  iat           a time before exp                           1750000000 (2025-06-15 15:06:40Z)
–  nbf           a time already past, if there
✗  jti           the claim to be there
–  scope         scopes, if there
–  client_id     a text, if there
–  sid           a text, if there
–  cnf           an object, if there
–  confirmation  a proven key, if the token is bound to one
–  revocation    no revocation source was given"""

FORGED = """\
token refused: token.signature
   check      expected                         found
✓  form       a compact JWS
✓  header     a strict JSON object
✓  alg        what the keys are for            'HS256' (untrusted)
✓  kid        a key of the issuer              '2026-01' (untrusted)
✗  signature  to hold over the bytes received
   → the signature does not hold over the bytes received
–  payload    an earlier check failed
–  typ        at+jwt                           'at+jwt' (untrusted)
–  iss        'https://orders.example'         'https://orders.example' (untrusted)
–  sub        a text                           'admin' (untrusted)
–  aud        'orders-api'                     'orders-api' (untrusted)
–  exp        a time still to come             1750000900 (2025-06-15 15:21:40Z) (untrusted)
–  iat        a time already past              1750000000 (2025-06-15 15:06:40Z) (untrusted)
–  jti        a text                           't1' (untrusted)"""


def test_the_report_of_a_valid_token_is_this_table() -> None:
    report = validator_with(keys=KEY).inspect(sign(claims_with(), key=KEY))
    assert str(report) == VALID
    assert report.ok
    assert report.error is None


def test_the_report_of_a_refused_token_is_this_table() -> None:
    claims = claims_with(iss=f"{ISSUER}/", aud=list("abcdefghi"), exp=NOW - 60)
    del claims["jti"]
    report = validator_with(keys=KEY).inspect(sign(claims, key=KEY))
    assert str(report) == REFUSED
    assert not report.ok


def test_the_report_of_a_forged_token_is_this_table() -> None:
    strangers = SigningKey.generate("HS256", kid="2026-01")
    report = validator_with(keys=KEY).inspect(sign(claims_with(sub="admin"), key=strangers))
    assert str(report) == FORGED


def test_a_check_is_found_by_its_name_and_the_failed_one_first() -> None:
    passed = CheckResult("sub", CheckStatus.PASSED, "a text", "'a'")
    failed = CheckResult("sub", CheckStatus.FAILED, "gold", "'tin'", "claim.sub.mismatch")
    skipped = CheckResult("nbf", CheckStatus.SKIPPED, "a time")
    report = ValidationReport((passed, failed, skipped), ClaimsError(failures=[Failure("a", "b", "c")]))
    assert report["sub"] is failed
    assert report["nbf"] is skipped
    assert ValidationReport((passed,))["sub"] is passed
    with pytest.raises(KeyError, match="azp"):
        report["azp"]
    assert report.of(CheckStatus.PASSED) == (passed,)
    assert report.of(CheckStatus.FAILED) == (failed,)
    assert report.of(CheckStatus.SKIPPED) == (skipped,)
    assert not report.ok
    assert ValidationReport((passed,)).ok


def test_long_cells_are_shortened() -> None:
    long = CheckResult("iss", CheckStatus.FAILED, "e" * 61, "f" * 60, trusted=False)
    _, header, row = str(ValidationReport((long,), ClaimsError())).split("\n")
    assert header.split() == ["check", "expected", "found"]
    assert row == f"✗  iss    {'e' * 59}…  {'f' * 60} (untrusted)"


def test_a_report_never_holds_the_token() -> None:
    for token in (token_with(), token_with(exp=NOW - 60), token_with()[:-4] + "AAAA"):
        for validator in (validator_with(), validator_with(keys=KEY)):
            report = validator.inspect(token)
            for segment in token.split("."):
                assert segment not in str(report)
                assert segment not in repr(report)


def test_a_hint_stands_under_its_own_row_only() -> None:
    last = CheckResult("revocation", CheckStatus.FAILED, "the token to stand", code="x", hint="log in again")
    report = ValidationReport((CheckResult("form", CheckStatus.PASSED, "a compact JWS"), last))
    lines = str(report).splitlines()
    assert [line for line in lines if "→" in line] == [lines[-1]]
