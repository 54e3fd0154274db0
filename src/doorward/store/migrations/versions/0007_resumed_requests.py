"""Requests that wait for a login to end, and attempts by the browser that began them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "kept_requests",
        sa.Column("id_hash", sa.Text(), primary_key=True),
        sa.Column("aud", sa.Text(), nullable=False),
        sa.Column("hostname", sa.Text(), nullable=False),
        sa.Column("browser_hash", sa.Text(), nullable=False),
        sa.Column("former_user", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("session_nonce", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("kept_requests_client", "kept_requests", ["client"])
    op.create_index("kept_requests_expires_at", "kept_requests", ["expires_at"])
    op.create_index("attempts_browser_hash", "attempts", ["browser_hash"])
