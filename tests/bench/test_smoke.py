"""Nobody is timed who accepts a bad token; each way to be careless is caught."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode

import jwt
import pytest
from bench.peers import Entry
from bench.peers.protocol import Peer
from bench.results import Absent
from bench.suites import validate as suite
from bench.tokens import ALGORITHMS, AUDIENCE, ISSUER, REQUIRED, Material, bad, good, new_claims
from bench.workbench import Workbench

from bench import peers, smoke

CHECKS = {
    "a bad signature": {"verify_signature": False},
    "an expired token": {"verify_exp": False},
    "another audience": {"verify_aud": False},
    "another issuer": {"verify_iss": False},
    "no jti": {"require": ["exp"]},
}


@pytest.fixture(scope="module")
def material() -> Material:
    return Material.generate("HS256")


def pyjwt_with(options, material):
    """PyJWT as the bench uses it, but for one check."""

    def validate(token):
        asked = {"require": list(REQUIRED), **options}
        return jwt.decode(
            token, material.secret, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER, options=asked
        )

    return validate


@pytest.mark.parametrize("what", CHECKS)
def test_a_peer_that_leaves_one_check_out_is_caught(what, material):
    fault = smoke.fault_of_validator(pyjwt_with(CHECKS[what], material), material)
    assert fault.startswith("accepts ")
    assert what in fault


def test_a_peer_that_only_reads_is_caught_by_every_bad_token(material):
    def read(token):
        return json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))

    fault = smoke.fault_of_validator(read, material)
    assert all(what in fault for what in bad(material))


def test_a_peer_that_refuses_everything_is_caught(material):
    def refuse(token):
        raise ValueError(token)

    assert smoke.fault_of_validator(refuse, material) == "refuses the good token (ValueError)"


def test_a_peer_that_returns_no_claims_is_caught(material):
    assert smoke.fault_of_validator(lambda token: None, material) == "does not return the claims"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_jwtkit_passes_and_is_lenient_in_nothing(algorithm):
    material = Material.generate(algorithm)
    jwtkit = next(peer for peer in peers.load()[0] if peer.name == "jwtkit")
    validate = jwtkit.validator(material)
    assert smoke.fault_of_validator(validate, material) == ""
    assert smoke.fault_of_issuer(jwtkit.issuer(material), validate) == ""
    assert smoke.leniencies(validate, material) == ()


def test_every_contender_that_is_here_passes(material):
    ours = peers.load()[0][0].validator(material)
    for peer in peers.load()[0]:
        assert smoke.fault_of_validator(peer.validator(material), material) == "", peer.name
        assert smoke.fault_of_issuer(peer.issuer(material), ours) == "", peer.name


def test_an_issuer_that_repeats_itself_is_caught(material):
    token = good(material)
    assert smoke.fault_of_issuer(lambda: token, pyjwt_with({}, material)) == "issues the same token twice"


def test_an_issuer_of_bad_tokens_is_caught(material):
    def issue():
        return jwt.encode({**new_claims(), "aud": "elsewhere"}, material.secret, algorithm="HS256")

    assert smoke.fault_of_issuer(issue, pyjwt_with({}, material)) == "issues a token that is refused"


def test_a_careless_contender_is_left_out_of_the_suite_with_the_reason(pace):
    def lenient(material):
        return lambda token: jwt.decode(token, options={"verify_signature": False})

    everyone = peers.load()[0]
    careless = Peer(
        name="careless",
        module="careless",
        algorithms=frozenset(ALGORITHMS),
        validator=lenient,
        issuer=everyone[0].issuer,
    )
    groups, _ = suite.run(Workbench(pace, (everyone[0], careless)))
    assert [group.title for group in groups] == list(ALGORITHMS)
    for group in groups:
        assert group.row("jwtkit") is not None
        assert group.row("careless") is None
        (absent,) = group.absent
        assert "a bad signature" in absent.reason


def test_a_contender_that_does_not_know_an_algorithm_is_absent_without_a_reason(pace):
    ours = peers.load()[0][0]
    narrow = Peer(
        name="narrow",
        module="narrow",
        algorithms=frozenset({"HS256"}),
        validator=ours.validator,
        issuer=ours.issuer,
    )
    groups, _ = suite.run(Workbench(pace, (ours, narrow)))
    assert [group.title for group in groups if group.row("narrow")] == ["HS256"]
    assert groups[1].absent == (Absent("narrow"),)


def test_a_contender_that_is_not_installed_is_left_out_and_named():
    found, absent = peers.load((Entry("nobody", "Nobody", "nobody"), Entry("jwtkit", "jwtkit", "jwtkit")))
    assert [peer.name for peer in found] == ["jwtkit"]
    (missing,) = absent
    assert missing.contender == "Nobody"
    assert missing.reason.startswith("not installed")


def test_a_contender_without_a_wheel_for_this_python_is_said_to_have_none():
    _, (missing,) = peers.load((Entry("nobody", "Nobody", "nobody", oldest=(4, 0)),))
    assert missing.reason.startswith("no wheel for Python 3.")


def test_the_token_is_about_five_hundred_bytes(material):
    assert 480 <= len(good(material)) <= 520
