"""The tables of `DjangoSessionStore`: those of `jwtkit.stores.sql`, as Django migrates them.

The store writes to them by statements of its own (see `jwtkit.adapters.django.statements`). These classes
are for migrations, the admin and your own queries; what is written by them goes round every rule of rotation.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from jwtkit.adapters.django.fields import ExactTextField, KeyField

__all__ = ["Denial", "Epoch", "Family"]


class Family(models.Model):
    """One session: a row of `jwtkit.refresh.Family`, and the keys and times it is found by."""

    session_key = KeyField("key", primary_key=True)
    issuer_key = KeyField()
    tenant_key = KeyField(null=True)
    subject_key = KeyField()
    secret_key = KeyField()
    session_id = ExactTextField("session id")
    issuer = ExactTextField()
    version: models.BigIntegerField[int, int] = models.BigIntegerField()
    subject = ExactTextField()
    client_id = ExactTextField("client", null=True)
    tenant = ExactTextField(null=True)
    confirmation = ExactTextField("bound to key", null=True)
    label = ExactTextField("device", null=True)
    scopes = ExactTextField()
    claims = ExactTextField()
    epoch: models.BigIntegerField[int, int] = models.BigIntegerField()
    key_id = ExactTextField("rotation secret")
    generation: models.BigIntegerField[int, int] = models.BigIntegerField("rotations")
    digest: models.BinaryField[bytes, bytes] = models.BinaryField()
    previous_digest: models.BinaryField[bytes | None, bytes | None] = models.BinaryField(null=True)
    nonce: models.BinaryField[bytes, bytes] = models.BinaryField()
    created_at: models.BigIntegerField[int, int] = models.BigIntegerField()
    rotated_at: models.BigIntegerField[int, int] = models.BigIntegerField()
    previous_rotated_at: models.BigIntegerField[int | None, int | None] = models.BigIntegerField(null=True)
    used_at: models.BigIntegerField[int, int] = models.BigIntegerField()
    idle_expires_at: models.BigIntegerField[int, int] = models.BigIntegerField()
    absolute_expires_at: models.BigIntegerField[int, int] = models.BigIntegerField()
    ended_at: models.BigIntegerField[int | None, int | None] = models.BigIntegerField(null=True)
    end_reason = ExactTextField(null=True)
    address = ExactTextField(null=True)
    over_at: models.BigIntegerField[int, int] = models.BigIntegerField()
    purge_check_at: models.BigIntegerField[int, int] = models.BigIntegerField()

    class Meta:  # noqa: D106
        db_table = "jwtkit_families"
        verbose_name = "session"
        default_permissions = ("view",)
        permissions: ClassVar = [("end_session", "Can end a session")]
        indexes: ClassVar = [
            # Listing a subject's sessions, newest first. Of columns that never change.
            models.Index(fields=["subject_key", "created_at"], name="ix_jwtkit_families_subject"),
            # Purging. An index over `over_at` itself would be written by every rotation, as each puts the
            # idle expiry off; this column stays where it is until `purge` looks at the row.
            models.Index(fields=["purge_check_at"], name="ix_jwtkit_families_purge"),
            # Which rotation secrets are needed, asked by every process that starts: a few look-ups.
            models.Index(fields=["issuer_key", "secret_key"], name="ix_jwtkit_families_secret"),
        ]

    def __str__(self) -> str:
        return str(self.session_id)


class Epoch(models.Model):
    """When a subject, a tenant or everyone of an issuer was last logged out; or the issuer's last epoch."""

    scope_key = KeyField(primary_key=True)
    issuer = ExactTextField()
    kind = ExactTextField()
    name = ExactTextField()
    epoch: models.BigIntegerField[int, int] = models.BigIntegerField()

    class Meta:  # noqa: D106
        db_table = "jwtkit_epochs"
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.kind} {self.name}".rstrip()


class Denial(models.Model):
    """One access token id that is refused until a time."""

    token_key = KeyField(primary_key=True)
    issuer = ExactTextField()
    token_id = ExactTextField()
    until: models.BigIntegerField[int, int] = models.BigIntegerField()

    class Meta:  # noqa: D106
        db_table = "jwtkit_denials"
        default_permissions = ()
        indexes: ClassVar = [
            # Purging denials that have run out.
            models.Index(fields=["until"], name="ix_jwtkit_denials_purge"),
        ]

    def __str__(self) -> str:
        return str(self.token_id)
