"""Service tokens, and which of them earned an app token."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "service_tokens",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False, unique=True),
        sa.Column("client_id", sa.Text(), nullable=False, unique=True),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("duration", sa.BigInteger()),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger()),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("client_secret_version", sa.Integer(), nullable=False),
        sa.Column("previous_secret_hash", sa.Text(), nullable=False),
        sa.Column("previous_expires_at", sa.BigInteger()),
        sa.Column("declared", sa.Boolean(), nullable=False),
    )
    op.add_column("app_tokens", sa.Column("service_token_id", sa.Text()))
    op.add_column("app_tokens", sa.Column("client_secret_version", sa.Integer()))
    op.create_index("app_tokens_service_token_id", "app_tokens", ["service_token_id"])
