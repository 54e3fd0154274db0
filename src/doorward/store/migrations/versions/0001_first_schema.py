"""The first schema: users, sessions, tokens, logins under way, limits, signing keys, objects, decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _accounts()
    _logins()
    _configuration()
    _decisions()
    op.execute("INSERT INTO revision (id, value) VALUES (1, 1)")


def _accounts() -> None:
    op.create_table(
        "revision",
        sa.Column("id", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "facts",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("email", sa.Text(), nullable=False, unique=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_login_at", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "sessions",
        sa.Column("nonce", sa.Text(), primary_key=True),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger()),
    )
    op.create_index("sessions_expires_at", "sessions", ["expires_at"])
    op.create_index("sessions_user_id", "sessions", ["user_id"])
    op.create_table(
        "app_tokens",
        sa.Column("nonce", sa.Text(), primary_key=True),
        sa.Column("session_nonce", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("iat", sa.BigInteger(), nullable=False),
        sa.Column("exp", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger()),
    )
    op.create_index("app_tokens_exp", "app_tokens", ["exp"])
    revoked = sa.text("revoked_at IS NOT NULL")
    op.create_index("app_tokens_revoked", "app_tokens", ["exp"], sqlite_where=revoked, postgresql_where=revoked)
    op.create_index("app_tokens_session_nonce", "app_tokens", ["session_nonce"])


def _logins() -> None:
    op.create_table(
        "attempts",
        sa.Column("state_hash", sa.Text(), primary_key=True),
        sa.Column("idp_id", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text()),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("attempts_expires_at", "attempts", ["expires_at"])
    op.create_table(
        "handoffs",
        sa.Column("nonce_hash", sa.Text(), primary_key=True),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("session_nonce", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("token_lifetime", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("handoffs_expires_at", "handoffs", ["expires_at"])
    op.create_table(
        "pins",
        sa.Column("nonce_hash", sa.Text(), primary_key=True),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False),
        sa.Column("idp_id", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text()),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("tries_left", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
    )
    op.create_index("pins_email", "pins", ["email", "created_at"])
    op.create_index("pins_expires_at", "pins", ["expires_at"])
    op.create_table(
        "limits",
        sa.Column("bucket", sa.Text(), primary_key=True),
        sa.Column("hits", sa.BigInteger(), nullable=False),
        sa.Column("resets_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("limits_resets_at", "limits", ["resets_at"])


def _configuration() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text(), primary_key=True),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("active_from", sa.BigInteger(), nullable=False),
        sa.Column("retired_at", sa.BigInteger()),
    )
    op.create_table(
        "objects",
        sa.Column("kind", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("aud", sa.Text()),
        sa.UniqueConstraint("id", name="objects_id"),
    )
    op.create_table(
        "rules",
        sa.Column("application_id", sa.Text(), primary_key=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
    )


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("ip", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("user_email", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("application_id", sa.Text(), nullable=False),
        sa.Column("application_name", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("refusal", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("idp_id", sa.Text(), nullable=False),
        sa.Column("policy_id", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
    )
    op.create_index("decisions_at", "decisions", ["at"])
    op.create_index("decisions_reference", "decisions", ["reference"])
