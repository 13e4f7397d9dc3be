"""The admin shows sessions, finds them, ends them; it edits none and shows nothing that makes a token."""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64encode

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client, override_settings
from django.urls import path
from tests.adapters.django.databases import ENGINES, database, empty
from tests.adapters.django.project import SessionsRouter
from tests.adapters.django.service import ISSUER, authority

from jwtkit.adapters.django import DjangoSessionStore
from jwtkit.adapters.django.admin import SessionAdmin
from jwtkit.adapters.django.models import Family
from jwtkit.errors import ConfigurationError, RefreshTokenRevokedError
from jwtkit.events import SessionEnded
from jwtkit.testing.given import a_family

LIST = "/admin/jwtkit/family/"


@pytest.fixture(scope="module", autouse=True)
def users():
    call_command("migrate", verbosity=0)
    User.objects.create_superuser("root", password="x")
    looker = User.objects.create_user("looker", password="x", is_staff=True)
    looker.user_permissions.add(Permission.objects.get(codename="view_family"))


@pytest.fixture(params=ENGINES, scope="module")
def alias(request, tmp_path_factory):
    with database(request.param, request, tmp_path_factory) as alias:
        SessionsRouter.alias = alias
        yield alias
        SessionsRouter.alias = None


@pytest.fixture
def store(alias):
    empty(alias)
    with DjangoSessionStore(alias) as store:
        yield store


@pytest.fixture
def rotator(store):
    return authority(store).rotator


def signed_in(name="root"):
    client = Client()
    client.force_login(User.objects.get(username=name))
    return client


def page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def subjects(html):
    return sorted(re.findall(r'field-subject"><a [^>]*>([^<]*)<', html))


def address_of(session_id):
    return f"{LIST}{Family.objects.get(session_id=session_id).pk}/change/"


def test_the_list_shows_whose_session_it_is(rotator):
    """With its device, and that it lives."""
    rotator.start("client-42", label="Firefox on Linux")
    html = page(signed_in(), LIST)
    assert subjects(html) == ["client-42"]
    assert "Firefox on Linux" in html
    assert ">alive<" in html


def test_nothing_that_proves_or_makes_a_token_is_shown(rotator, store):
    """Neither in the list nor on a session's own page, in no spelling."""
    first = rotator.start("client-42")
    rotator.rotate(first.refresh_token)
    family = store.read(first.session_id).family
    client = signed_in()
    shown = page(client, LIST) + page(client, address_of(first.session_id))
    for secret in (family.digest, family.previous_digest, family.nonce):
        assert secret
        spellings = (
            secret.hex(),
            b64encode(secret).decode(),
            urlsafe_b64encode(secret).decode(),
            repr(secret),
        )
        for spelling in spellings:
            assert spelling.strip("=")[:16] not in shown
    assert family.key_id not in shown
    assert str(family.version) not in shown
    assert first.session_id in shown


def test_no_page_offers_a_change(rotator):
    """No field to fill in, no button to save, add or delete."""
    first = rotator.start("client-42")
    client = signed_in()
    html = page(client, address_of(first.session_id))
    for offer in ('name="_save"', 'name="subject"', "/delete/", "/family/add/", "<textarea"):
        assert offer not in html
    listed = page(client, LIST)
    for offer in ("/family/add/", "delete_selected"):
        assert offer not in listed


def test_a_change_is_refused_however_it_is_sent(rotator, store):
    """Also to the superuser."""
    first = rotator.start("client-42")
    before = store.read(first.session_id).family
    address = address_of(first.session_id)
    client = signed_in()
    assert client.post(address, {"subject": "client-43"}).status_code == 403
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}add/", {"subject": "client-43"}).status_code == 403
    assert client.post(address.replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert act(client, "delete_selected", first.session_id).status_code == 302
    assert store.read(first.session_id).family == before


@pytest.mark.parametrize("text", ["client-42", " client-42 "])
def test_a_search_finds_a_subject_of_every_issuer_in_full(rotator, store, text):
    """By the index: another case, a part or a pattern finds nothing."""
    rotator.start("client-42")
    rotator.start("client-43")
    family = a_family(lambda: store.epoch([]).now / 1000, issuer="https://other.example")
    store.insert(family)
    client = signed_in()
    assert subjects(page(client, f"{LIST}?q={text}")) == ["client-42", "client-42"]
    assert subjects(page(client, f"{LIST}?q={family.session_id}")) == ["client-42"]
    for other in ("CLIENT-42", "client-4", "client", "%25", "nobody"):
        assert subjects(page(client, f"{LIST}?q={other}")) == []


def test_the_list_is_filtered_by_state(rotator, store):
    """Alive, ended or logged out, expired; each session is in one."""
    rotator.start("alive", tenant="acme")
    rotator.revoke_session(rotator.start("ended").session_id)
    rotator.start("logged out")
    rotator.revoke_subject("logged out")
    rotator.start("tenant", tenant="gone")
    rotator.revoke_tenant("gone")
    now = store.epoch([]).now
    store.insert(a_family(lambda: now / 1000)._replace(subject="expired", idle_expires_at=now - 1))
    client = signed_in()
    assert subjects(page(client, f"{LIST}?state=alive")) == ["alive"]
    assert subjects(page(client, f"{LIST}?state=ended")) == ["ended", "logged out", "tenant"]
    assert subjects(page(client, f"{LIST}?state=expired")) == ["expired"]
    html = page(client, LIST)
    assert len(subjects(html)) == 5
    for state in ("alive", "ended: revoked", "logged out", "expired"):
        assert f'field-state">{state}<' in html


def act(client, action, *session_ids):
    keys = [Family.objects.get(session_id=each).pk for each in session_ids]
    return client.post(LIST, {"action": action, "_selected_action": keys, "index": "0"})


def test_a_session_is_ended_by_a_swap(rotator, store):
    """Its refresh token is refused from then on, another goes on, and the admin's log says who did it."""
    first, other = rotator.start("client-42"), rotator.start("client-42")
    before = store.read(first.session_id).family
    assert act(signed_in(), "end_sessions", first.session_id).status_code == 302
    family = store.read(first.session_id).family
    assert family.end_reason == "revoked"
    assert family.version != before.version
    assert family == before._replace(
        version=family.version,
        ended_at=family.ended_at,
        end_reason="revoked",
        used_at=family.used_at,
    )
    with pytest.raises(RefreshTokenRevokedError):
        rotator.rotate(first.refresh_token)
    rotator.rotate(other.refresh_token)
    entry = LogEntry.objects.latest("action_time")
    assert (entry.user.username, entry.change_message) == ("root", "Ended.")
    assert entry.object_repr == first.session_id


@pytest.fixture
def told():
    """A project's own admin page, whose observer notes what it is told."""
    events = []

    class Alerts:
        def observe(self, event, /):
            events.append((event, Family.objects.get(session_id=event.session_id).end_reason))

    class ObservedSessions(SessionAdmin):
        observer = Alerts()

    site = admin.AdminSite()
    site.register(Family, ObservedSessions)
    with override_settings(ROOT_URLCONF=(path("admin/", site.urls),)):
        yield events


def test_the_observer_a_subclass_names_is_told_once_of_each_session_ended(rotator, told):
    """After the end is in the database, and not of a session that had ended before."""
    first, second = rotator.start("client-42"), rotator.start("client-43")
    rotator.revoke_session(rotator.start("client-44").session_id)
    every = Family.objects.values_list("session_id", flat=True)
    act(signed_in(), "end_sessions", *every)
    assert {(type(event), event.session_id, event.subject, event.reason, row) for event, row in told} == {
        (SessionEnded, first.session_id, "client-42", "revoked", "revoked"),
        (SessionEnded, second.session_id, "client-43", "revoked", "revoked"),
    }
    assert len(told) == 2
    act(signed_in(), "end_sessions", first.session_id)
    assert len(told) == 2


def test_an_observer_that_cannot_be_told_is_refused_when_it_is_registered():
    """Not when the first session ends, unseen."""

    class WrongSessions(SessionAdmin):
        observer = print

    with pytest.raises(ConfigurationError, match="observer must have observe") as caught:
        WrongSessions(Family, admin.site)
    assert caught.value.code == "configuration"


def test_an_ended_session_is_not_ended_again(rotator, store):
    """It stays as it was."""
    first = rotator.start("client-42")
    rotator.revoke_session(first.session_id)
    before = store.read(first.session_id).family
    act(signed_in(), "end_sessions", first.session_id)
    assert store.read(first.session_id).family == before


def test_ending_needs_its_own_permission(rotator, store):
    """Whoever may only look is offered no action, and one sent all the same does nothing."""
    first = rotator.start("client-42")
    looker = signed_in("looker")
    assert "end_sessions" not in page(looker, LIST)
    act(looker, "end_sessions", first.session_id)
    assert store.read(first.session_id).family.ended_at is None
    assert "end_sessions" in page(signed_in(), LIST)


def test_a_page_of_no_session_is_not_found(rotator, store):
    """Neither of an unknown key nor of one that is none."""
    client = signed_in()
    for key in ("00" * 16, "zz", "0"):
        assert client.get(f"{LIST}{key}/change/").status_code == 302


def test_the_issuer_is_shown(rotator):
    """One database may hold the sessions of several."""
    first = rotator.start("client-42")
    assert ISSUER in page(signed_in(), address_of(first.session_id))
