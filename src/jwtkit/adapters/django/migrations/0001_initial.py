"""The tables of the session store."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.db import migrations, models

from jwtkit.adapters.django.fields import ExactTextField, KeyField

if TYPE_CHECKING:
    from django.db.backends.base.schema import BaseDatabaseSchemaEditor

__all__ = ["Migration"]


def leave_room(apps: object, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Leave room for two new versions of a row in its own page, on PostgreSQL.

    Together with the indexes, over none of which a rotation sets another value, that makes every rotation a
    heap-only update, which writes to no index and leaves nothing for vacuum.
    """
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE jwtkit_families SET (fillfactor = 75)")


class Migration(migrations.Migration):
    """Make them."""

    initial = True
    dependencies: ClassVar = []
    operations: ClassVar = [
        migrations.CreateModel(
            name="Epoch",
            fields=[
                ("scope_key", KeyField(primary_key=True, serialize=False)),
                ("issuer", ExactTextField()),
                ("kind", ExactTextField()),
                ("name", ExactTextField()),
                ("epoch", models.BigIntegerField()),
            ],
            options={
                "db_table": "jwtkit_epochs",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Denial",
            fields=[
                ("token_key", KeyField(primary_key=True, serialize=False)),
                ("issuer", ExactTextField()),
                ("token_id", ExactTextField()),
                ("until", models.BigIntegerField()),
            ],
            options={
                "db_table": "jwtkit_denials",
                "default_permissions": (),
                "indexes": [models.Index(fields=["until"], name="ix_jwtkit_denials_purge")],
            },
        ),
        migrations.CreateModel(
            name="Family",
            fields=[
                ("session_key", KeyField(primary_key=True, serialize=False, verbose_name="key")),
                ("issuer_key", KeyField()),
                ("tenant_key", KeyField(null=True)),
                ("subject_key", KeyField()),
                ("secret_key", KeyField()),
                ("session_id", ExactTextField(verbose_name="session id")),
                ("issuer", ExactTextField()),
                ("version", models.BigIntegerField()),
                ("subject", ExactTextField()),
                ("client_id", ExactTextField(null=True, verbose_name="client")),
                ("tenant", ExactTextField(null=True)),
                ("confirmation", ExactTextField(null=True, verbose_name="bound to key")),
                ("label", ExactTextField(null=True, verbose_name="device")),
                ("scopes", ExactTextField()),
                ("claims", ExactTextField()),
                ("epoch", models.BigIntegerField()),
                ("key_id", ExactTextField(verbose_name="rotation secret")),
                ("generation", models.BigIntegerField(verbose_name="rotations")),
                ("digest", models.BinaryField()),
                ("previous_digest", models.BinaryField(null=True)),
                ("nonce", models.BinaryField()),
                ("created_at", models.BigIntegerField()),
                ("rotated_at", models.BigIntegerField()),
                ("previous_rotated_at", models.BigIntegerField(null=True)),
                ("used_at", models.BigIntegerField()),
                ("idle_expires_at", models.BigIntegerField()),
                ("absolute_expires_at", models.BigIntegerField()),
                ("ended_at", models.BigIntegerField(null=True)),
                ("end_reason", ExactTextField(null=True)),
                ("address", ExactTextField(null=True)),
                ("over_at", models.BigIntegerField()),
                ("purge_check_at", models.BigIntegerField()),
            ],
            options={
                "verbose_name": "session",
                "db_table": "jwtkit_families",
                "permissions": [("end_session", "Can end a session")],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["subject_key", "created_at"], name="ix_jwtkit_families_subject"),
                    models.Index(fields=["purge_check_at"], name="ix_jwtkit_families_purge"),
                    models.Index(fields=["issuer_key", "secret_key"], name="ix_jwtkit_families_secret"),
                ],
            },
        ),
        migrations.RunPython(leave_room, migrations.RunPython.noop),
    ]
