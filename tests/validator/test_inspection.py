"""Inspection: the verdict of validate for every token there is, and a row for every check on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from tests.tokens.kit import (
    ABSENT,
    KEY,
    NOW,
    STRANGERS_KEY,
    THUMBPRINT,
    Keys,
    claims_with,
    compact,
    sign,
    token_with,
    validator_with,
)
from tests.validator.corpus import CORPUS, GOOD
from tests.validator.faces import Sync

from jwtkit.errors import (
    Failure,
    JWTKitError,
    KeysUnavailableError,
    MalformedTokenError,
    StoreUnavailableError,
)
from jwtkit.jose import JWKSet, SigningKey, base64url
from jwtkit.revocation import RevocationStatus
from jwtkit.testing.strategies import hostile_tokens
from jwtkit.tokens import EXTERNAL_ACCESS_TOKEN, GENERIC, CheckStatus, ValidationReport
from jwtkit.validator import TrustedIssuer

PASSED, FAILED, SKIPPED = CheckStatus.PASSED, CheckStatus.FAILED, CheckStatus.SKIPPED
ISSUER, OTHER = "https://orders.example", "https://other.example"


def validators(face: Sync) -> dict[str, Any]:
    return {
        "one": face.make(),
        "external": face.make(profile=EXTERNAL_ACCESS_TOKEN),
        "several": face.trusting(
            TrustedIssuer(ISSUER, audience="orders-api", keys=KEY),
            TrustedIssuer(OTHER, audience="orders-api", keys=SigningKey.generate("ES256")),
        ),
        "revoked": face.make(revocation=face.source(RevocationStatus.TOKEN_DENIED)),
        "store down": face.make(revocation=face.source(OSError())),
        "keys down": face.make(keys=down(face)),
        "checks": face.make(checks=[gold_only]),
    }


def down(face: Sync) -> Any:
    store = face.remote(KEY)
    store.failure = OSError()
    return store


def gold_only(claims: Any) -> None:
    if claims["plan"] != "gold":
        raise ValueError


def verdict(validator: Any, token: Any, **options: Any) -> JWTKitError | None:
    try:
        validator.validate(token, **options)
    except JWTKitError as error:
        return error
    return None


def well_formed(report: ValidationReport) -> None:
    """What holds of every report."""
    text = str(report)
    verdict = "token valid" if report.error is None else f"token refused: {report.error.code}"
    assert text.splitlines()[0] == verdict
    assert "\x1b" not in text
    for check in report.checks:
        assert (check.status is FAILED) <= (check.code is not None)
        assert check.found is None or check.found.isprintable()
    reached = {check.name: check for check in report.checks}
    if "signature" in reached and reached["signature"].status is not PASSED:
        assert all(check.found is None or not check.trusted for check in report.checks)
    if report.ok:
        assert not report.of(FAILED)
        assert all(check.trusted for check in report.checks)
    else:
        assert report.of(FAILED)


@pytest.mark.parametrize(
    "options",
    [{}, {"confirmation": THUMBPRINT}, {"unsafe_ignore_confirmation": True}],
    ids=["", "proof", "ignored"],
)
@pytest.mark.parametrize("name", CORPUS)
def test_inspect_agrees_with_validate(face: Sync, name: str, options: dict[str, Any]) -> None:
    for validator in validators(face).values():
        error: Any = verdict(validator, CORPUS[name], **options)
        report = validator.inspect(CORPUS[name], **options)
        assert report.ok is (error is None)
        assert type(report.error) is type(error)
        if error is not None:
            assert report.error.code == error.code
            assert str(report.error) == str(error)
            assert report.error.hint == error.hint
            assert error.code in {check.code for check in report.of(FAILED)}
        well_formed(report)


def test_the_corpus_holds_good_tokens_and_bad_ones() -> None:
    verdicts = [verdict(validator_with(), token) for token in CORPUS.values()]
    assert len(CORPUS) > 50
    assert verdicts.count(None) >= 5
    assert len({error.code for error in verdicts if error}) >= 25


@given(hostile_tokens())
def test_inspect_never_raises(token: Any) -> None:
    for validator in validators(Sync()).values():
        well_formed(validator.inspect(token))


# --- where it fell -----------------------------------------------------------------------------------


def statuses(report: ValidationReport) -> dict[str, str]:
    return {check.name: check.status.value for check in report.checks}


@pytest.mark.parametrize(
    ("token", "name"),
    [
        (None, "form"),
        ("a.b", "form"),
        ("!.!.!", "header"),
        (compact(b"[]"), "header"),
        (compact({**GOOD, "crit": []}), "header"),
        (compact({**GOOD, "alg": "none"}), "alg"),
        (compact({**GOOD, "kid": "other"}), "kid"),
        (sign(claims_with(), key=STRANGERS_KEY), "signature"),
        (f"{token_with()}=", "signature"),
        (compact(GOOD, b"{"), "payload"),
        (compact(GOOD, b'{"a":1,"a":1}'), "payload"),
    ],
)
def test_what_comes_before_the_failed_step_passed_and_what_comes_after_was_not_reached(
    face: Sync, token: Any, name: str
) -> None:
    steps = ["form", "header", "alg", "kid", "signature", "payload"]
    found = statuses(face.make().inspect(token))
    place = steps.index(name)
    assert [found.get(step) for step in steps[: place + 1]] == ["passed"] * place + ["failed"]
    assert {found.get(step, "skipped") for step in steps[place + 1 :]} <= {"skipped"}


def test_a_payload_in_other_base64_fails_after_its_signature(face: Sync) -> None:
    signing_input = f"{base64url.encode(json.dumps(GOOD).encode())}.e30="
    token = f"{signing_input}.{base64url.encode(KEY.sign(signing_input.encode()))}"
    found = statuses(face.make().inspect(token))
    assert (found["signature"], found["payload"]) == ("passed", "failed")


def test_with_several_issuers_the_issuer_is_read_first(face: Sync) -> None:
    validator = validators(face)["several"]
    for token in (token_with(iss="https://c.example"), compact(GOOD, b"{"), compact(b"[]", b"{")):
        report = validator.inspect(token)
        assert statuses(report) == {"form": "passed", "issuer": "failed"}
        assert report["issuer"].code == report.error.code
    forged = validator.inspect(sign(claims_with(), key=STRANGERS_KEY))
    assert forged["issuer"].status is PASSED
    assert forged["issuer"].found == repr(ISSUER)
    assert not forged["issuer"].trusted
    good = validator.inspect(token_with())
    assert good["issuer"].trusted
    assert [check.name for check in good.checks][:3] == ["form", "issuer", "header"]
    assert validator.inspect(compact(b"[]"))["header"].status is FAILED


def test_without_keys_nothing_is_said_of_algorithms(face: Sync) -> None:
    report = face.make(keys=down(face)).inspect(token_with())
    found = statuses(report)
    assert (found["header"], found["alg"], found["kid"], found["signature"]) == (
        "passed",
        "skipped",
        "failed",
        "skipped",
    )
    assert type(report.error) is KeysUnavailableError
    assert report["kid"].code == "keys.unavailable"


# --- what every row says ------------------------------------------------------------------------------


def rows_of(report: ValidationReport) -> list[tuple[str, str, str | None]]:
    assert all(check.expected for check in report.checks)
    return [(check.name, check.status.value, check.found) for check in report.checks]


def test_the_rows_of_a_good_token(face: Sync) -> None:
    validator = face.trusting(
        TrustedIssuer(ISSUER, audience="orders-api", keys=KEY),
        TrustedIssuer(OTHER, audience="orders-api", keys=KEY),
    )
    report = validator.inspect(token_with(nbf=NOW, scope="a b", client_id="spa"))
    assert rows_of(report) == [
        ("form", "passed", None),
        ("issuer", "passed", f"'{ISSUER}'"),
        ("header", "passed", None),
        ("alg", "passed", "HS256"),
        ("kid", "passed", "'main'"),
        ("signature", "passed", None),
        ("payload", "passed", None),
        ("typ", "passed", "at+jwt"),
        ("iss", "passed", f"'{ISSUER}'"),
        ("sub", "passed", "'client-42'"),
        ("aud", "passed", "'orders-api'"),
        ("exp", "passed", "1750000900 (2025-06-15 15:21:40Z)"),
        ("iat", "passed", "1750000000 (2025-06-15 15:06:40Z)"),
        ("nbf", "passed", "1750000000 (2025-06-15 15:06:40Z)"),
        ("jti", "passed", "'t1'"),
        ("scope", "passed", "'a b'"),
        ("client_id", "passed", "'spa'"),
        ("sid", "skipped", None),
        ("cnf", "skipped", None),
        ("confirmation", "skipped", None),
        ("revocation", "skipped", None),
    ]
    assert all(check.trusted for check in report.checks)
    assert report["iss"].expected == f"'{ISSUER}'"
    assert report["aud"].expected == "'orders-api'"


def test_a_row_says_what_was_expected(face: Sync) -> None:
    report = face.make(audience=["b", "a"], required_claims=["plan"]).inspect(token_with(aud="a", plan=1))
    assert report["aud"].expected == "'a' or 'b'"
    assert (report["plan"].status, report["plan"].found) == (PASSED, "1")
    anyones = face.make(issuer=None, audience=None, profile=GENERIC).inspect(sign(claims_with(), typ="JWT"))
    for name in ("iss", "aud"):
        assert anyones[name].status is PASSED
        assert "orders" not in anyones[name].expected
        assert "None" not in anyones[name].expected
    assert anyones["typ"].expected == " or ".join("none" if kind is None else kind for kind in GENERIC.types)
    two = face.trusting(
        TrustedIssuer(ISSUER, audience="orders-api", keys=KEY, algorithms=["HS256"]),
        TrustedIssuer(OTHER, audience="x", keys=SigningKey.generate("ES256"), algorithms=["ES256"]),
    )
    assert two.inspect(token_with())["alg"].expected == "ES256 or HS256"
    external = face.make(profile=EXTERNAL_ACCESS_TOKEN).inspect(sign(claims_with(typ="Bearer"), typ="JWT"))
    (row,) = (check for check in external.checks if check.name == "typ" and check.found == "'Bearer'")
    assert row.expected == " or ".join(map(repr, EXTERNAL_ACCESS_TOKEN.expected["typ"]))


def test_the_rows_of_a_forged_token(face: Sync) -> None:
    report = face.make().inspect(sign(claims_with(exp=NOW - 99), key=STRANGERS_KEY))
    assert rows_of(report) == [
        ("form", "passed", None),
        ("header", "passed", None),
        ("alg", "passed", "'HS256'"),
        ("kid", "passed", "'main'"),
        ("signature", "failed", None),
        ("payload", "skipped", None),
        ("typ", "skipped", "'at+jwt'"),
        ("iss", "skipped", f"'{ISSUER}'"),
        ("sub", "skipped", "'client-42'"),
        ("aud", "skipped", "'orders-api'"),
        ("exp", "skipped", "1749999901 (2025-06-15 15:05:01Z)"),
        ("iat", "skipped", "1750000000 (2025-06-15 15:06:40Z)"),
        ("jti", "skipped", "'t1'"),
    ]
    believed = {check.name for check in report.checks if check.trusted}
    assert believed == {"form", "header", "signature"}
    assert {check.name: check.code for check in report.checks if check.code} == {
        "signature": "token.signature",
        "exp": "claim.exp.expired",
        "iat": "claim.iat.order",
    }


@pytest.mark.parametrize(("name", "value"), [("alg", "none"), ("kid", "other")])
def test_a_row_that_fell_shows_what_was_found_and_those_after_were_not_reached(
    face: Sync, name: str, value: str
) -> None:
    report = face.make().inspect(compact({**GOOD, name: value}))
    assert (report[name].status, report[name].found, report[name].trusted) == (FAILED, repr(value), False)
    assert report["form"].expected != report["payload"].expected == report["signature"].expected
    good = face.make().inspect(token_with())
    assert report["alg"].expected == good["alg"].expected
    assert report["payload"].expected != good["payload"].expected


def test_a_revoked_token_has_the_error_in_its_row(face: Sync) -> None:
    report = face.make(revocation=face.source(RevocationStatus.SESSION_ENDED)).inspect(token_with())
    row = report["revocation"]
    assert (row.found, row.code, row.hint) == (str(report.error), report.error.code, report.error.hint)
    down = face.make(revocation=face.source(StoreUnavailableError("down", hint="wait"))).inspect(token_with())
    assert down["revocation"].hint == "wait"
    assert "revocation" in statuses(face.make().inspect(token_with()))


def test_a_check_without_a_name_goes_by_its_type(face: Sync) -> None:
    class Gold:
        def __call__(self, claims: Any) -> None:
            return None

    assert face.make(checks=[Gold()]).inspect(token_with())["Gold"].status is PASSED


@pytest.mark.parametrize("way", ["validate", "validate_except_lifetime", "inspect"])
@pytest.mark.parametrize("make", [str, str.encode], ids=["str", "bytes"])
def test_a_near_miss_is_named_however_the_token_is_asked_about(face: Sync, way: str, make: Any) -> None:
    def hint(text: str) -> str | None:
        try:
            return str(getattr(face.make(), way)(make(text)).error.hint)
        except MalformedTokenError as error:
            return error.hint

    assert "was left in" in str(hint(f"Bearer {token_with()}"))
    assert "encrypted" in str(hint("a.b.c.d.e"))


def test_a_text_of_64_kib_is_the_longest_looked_at_for_a_near_miss(face: Sync) -> None:
    for size, looked_at in ((65_536, True), (65_537, False)):
        with pytest.raises(MalformedTokenError) as caught:
            face.make().validate("{".ljust(size, "x"))
        assert caught.value.code == "token.too_large"
        assert (caught.value.hint is not None) is looked_at


def test_a_text_that_is_too_long_is_not_read_for_the_report_either(face: Sync) -> None:
    assert statuses(face.make(max_token_bytes=4).inspect("a.b.c")) == {"form": "failed"}


# --- before the signature holds ----------------------------------------------------------------------


def test_claims_of_a_forged_token_are_shown_as_untrusted_with_their_hints(face: Sync) -> None:
    forged = sign(
        claims_with(iss=f"{ISSUER}/", aud=ABSENT, exp=(NOW + 60) * 1000), key=STRANGERS_KEY, typ="JWT"
    )
    report = face.make().inspect(forged)
    for name in ("alg", "kid", "typ", "iss", "exp", "sub"):
        assert not report[name].trusted
        assert report[name].status in (PASSED, SKIPPED)
    assert report["typ"].code == "header.typ.mismatch"
    assert report["typ"].hint == "profile=GENERIC would fit this token"
    assert report["iss"].code == "claim.iss.mismatch"
    assert "trailing slash" in report["iss"].hint
    assert "milliseconds" in report["exp"].hint
    assert report["aud"].code == "claim.aud.missing"
    assert report["sub"].code is None
    assert report.of(FAILED) == (report["signature"],)


def test_a_claim_named_typ_is_not_taken_for_the_header(face: Sync) -> None:
    validator = face.make(profile=EXTERNAL_ACCESS_TOKEN)
    for key in (KEY, STRANGERS_KEY):
        report = validator.inspect(sign(claims_with(typ="ID"), key=key, typ="JWT"))
        rows = [check for check in report.checks if check.name == "typ"]
        assert [row.code for row in rows] == [None, "claim.typ.mismatch"]
        assert rows[0].found in ("jwt", "'JWT'")
        assert rows[1].found == "'ID'"
        both = validator.inspect(sign(claims_with(typ="ID"), key=key, typ="logout+jwt"))
        assert [check.code for check in both.checks if check.name == "typ"] == [
            "header.typ.mismatch",
            "claim.typ.mismatch",
        ]


def test_ones_own_checks_never_see_what_nobody_signed(face: Sync) -> None:
    seen: list[Any] = []
    validator = face.make(checks=[seen.append])
    assert validator.inspect(sign(claims_with(), key=STRANGERS_KEY)).error
    assert seen == []
    assert validator.inspect(token_with()).ok
    assert [dict(claims) for claims in seen] == [claims_with()]


def test_a_claim_that_should_not_be_there_has_a_row(face: Sync) -> None:
    validator = face.make(profile=EXTERNAL_ACCESS_TOKEN)
    for key, status in ((KEY, FAILED), (STRANGERS_KEY, SKIPPED)):
        row = validator.inspect(sign(claims_with(nonce="n"), key=key, typ="JWT"))["nonce"]
        assert (row.status, row.code, row.expected) == (status, "claim.nonce.forbidden", "no such claim")
        assert "ID token" in row.hint
        assert row.found == ("it" if key is KEY else "'n'")


def test_a_payload_that_cannot_be_read_is_not_shown(face: Sync) -> None:
    report = face.make().inspect(compact(GOOD, b"\xff{", key=STRANGERS_KEY))
    assert report["signature"].status is FAILED
    assert {check.found for check in report.checks if check.name not in ("alg", "kid", "typ")} == {None}


# --- the last steps ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "options", "status"),
    [
        ({}, {}, SKIPPED),
        ({"cnf": {"jkt": THUMBPRINT}}, {"confirmation": THUMBPRINT}, PASSED),
        ({"cnf": {"jkt": THUMBPRINT}}, {"confirmation": "other"}, FAILED),
        ({"cnf": {"jkt": THUMBPRINT}}, {}, FAILED),
        ({"cnf": {"jkt": THUMBPRINT}}, {"unsafe_ignore_confirmation": True}, SKIPPED),
        ({}, {"unsafe_ignore_confirmation": True}, SKIPPED),
        ({"cnf": {"jkt": THUMBPRINT}, "aud": "x"}, {}, SKIPPED),
    ],
)
def test_the_confirmation_has_a_row(face: Sync, changes: Any, options: Any, status: CheckStatus) -> None:
    row = face.make().inspect(token_with(**changes), **options)["confirmation"]
    assert row.status is status
    assert (row.expected == "a proven key, but unsafe_ignore_confirmation was given") is (
        bool(options.get("unsafe_ignore_confirmation")) and "cnf" in changes
    )


@pytest.mark.parametrize(
    ("answer", "changes", "status"),
    [
        (RevocationStatus.ACTIVE, {}, PASSED),
        (RevocationStatus.ACTIVE, {"aud": "x"}, SKIPPED),
        (RevocationStatus.ACTIVE, {"cnf": {}}, SKIPPED),
        (RevocationStatus.SESSION_ENDED, {}, FAILED),
        (OSError(), {}, FAILED),
        (StoreUnavailableError(), {}, FAILED),
    ],
)
def test_the_revocation_has_a_row(face: Sync, answer: Any, changes: Any, status: CheckStatus) -> None:
    report = face.make(revocation=face.source(answer)).inspect(token_with(**changes))
    assert report["revocation"].status is status
    if status is FAILED:
        assert report["revocation"].code == report.error.code
        assert report["confirmation"].status is SKIPPED


def test_a_proof_that_held_is_said_to_have_held_though_the_token_was_revoked(face: Sync) -> None:
    validator = face.make(revocation=face.source(RevocationStatus.LOGGED_OUT))
    report = validator.inspect(token_with(cnf={"jkt": THUMBPRINT}), confirmation=THUMBPRINT)
    assert (report["confirmation"].status, report["revocation"].status) == (PASSED, FAILED)


# --- checks of one's own -----------------------------------------------------------------------------


def named_otherwise(claims: Any) -> Failure | None:
    return None if claims["plan"] == "gold" else Failure("plan.tin", "plan", "gold", "tin", "upgrade")


def always(_: Any) -> None:
    return None


@pytest.mark.parametrize(
    ("changes", "rows"),
    [
        ({"plan": "gold"}, {"named_otherwise": PASSED, "gold_only": PASSED, "always": PASSED}),
        # Nobody can tell which of them called its failure "plan".
        (
            {"plan": "tin"},
            {"plan": FAILED, "gold_only": FAILED, "named_otherwise": SKIPPED, "always": SKIPPED},
        ),
        ({}, {"named_otherwise": FAILED, "gold_only": FAILED, "always": PASSED}),
        ({"plan": "tin", "aud": "x"}, {"named_otherwise": SKIPPED, "gold_only": SKIPPED, "always": SKIPPED}),
        (
            {"exp": NOW - 60, "iat": NOW - 90},
            {"named_otherwise": FAILED, "gold_only": FAILED, "always": PASSED},
        ),
    ],
)
def test_ones_own_checks_have_rows(face: Sync, changes: Any, rows: dict[str, CheckStatus]) -> None:
    report = face.make(checks=[named_otherwise, gold_only, always]).inspect(token_with(**changes))
    assert {name: report[name].status for name in rows} == rows
    if rows.get("plan"):
        assert (report["plan"].code, report["plan"].found, report["plan"].hint) == (
            "plan.tin",
            "tin",
            "upgrade",
        )


def test_ones_own_checks_never_see_a_forged_token(face: Sync) -> None:
    seen: list[Any] = []
    validator = face.make(checks=[seen.append])
    report = validator.inspect(sign(claims_with(), key=STRANGERS_KEY))
    assert report["signature"].status is FAILED
    assert seen == []
    assert validator.inspect(token_with()).ok
    assert len(seen) == 1


def test_a_check_that_fails_a_registered_claim_is_in_the_report_as_well(face: Sync) -> None:
    def no_admins(claims: Any) -> Failure:
        return Failure("sub.admin", "sub", "no admin", claims["sub"])

    report = face.make(checks=[no_admins]).inspect(token_with())
    assert [check.status for check in report.checks if check.name == "sub"] == [PASSED, FAILED]
    assert report["sub"].code == "sub.admin"


def test_a_check_that_cannot_be_made_is_in_the_report(face: Sync) -> None:
    def ask(_: Any) -> None:
        raise StoreUnavailableError("the tenants cannot be read")

    validator = face.make(checks=[always, ask], revocation=face.source(RevocationStatus.ACTIVE))
    report = validator.inspect(token_with(cnf={"jkt": THUMBPRINT}), confirmation=THUMBPRINT)
    found = {check.name: check.status for check in report.of(FAILED) + report.of(SKIPPED)}
    assert found["checks"] is FAILED
    assert found["confirmation"] is found["revocation"] is SKIPPED
    assert report["iss"].status is PASSED
    assert report["checks"].hint == "the tenants cannot be read"


# --- what it leaves behind ---------------------------------------------------------------------------


def test_what_keys_are_for_is_said(face: Sync) -> None:
    assert face.make().inspect(token_with())["alg"].expected == "what the keys are for"
    pinned = face.make(algorithms=["HS256"]).inspect(token_with())
    assert pinned["alg"].expected == "HS256"
    no_kid = face.make(keys=Keys(KEY)).inspect(compact({"alg": "HS256", "typ": "at+jwt"}))
    assert no_kid["kid"].found is None
    assert no_kid["kid"].status is PASSED
    assert face.make(keys=JWKSet([KEY.verification_key])).inspect(token_with())["kid"].found == "'main'"
