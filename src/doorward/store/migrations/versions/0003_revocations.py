"""Revocations, since when each application's tokens count, and by which policy a token was granted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "revocations",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("sessions", sa.BigInteger(), nullable=False),
        sa.Column("streams", sa.BigInteger()),
    )
    op.create_table(
        "revoked_before",
        sa.Column("application_id", sa.Text(), primary_key=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.add_column("app_tokens", sa.Column("policy_id", sa.Text()))
    op.create_index("app_tokens_policy_id", "app_tokens", ["policy_id"])
