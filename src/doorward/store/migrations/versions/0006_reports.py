"""Reports that policies ask about, deliveries that were used, and what other services said about logins."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "reports",
        sa.Column("user_email", sa.Text(), primary_key=True),
        sa.Column("subject", sa.Text(), primary_key=True),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("reported_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("look_at", sa.BigInteger()),
    )
    op.create_index("reports_look_at", "reports", ["look_at"])
    op.create_table(
        "report_uses",
        sa.Column("jti_hash", sa.Text(), primary_key=True),
        sa.Column("exp", sa.BigInteger(), nullable=False),
    )
    op.create_index("report_uses_exp", "report_uses", ["exp"])
    op.create_table(
        "evaluations",
        sa.Column("session_nonce", sa.Text(), primary_key=True),
        sa.Column("evaluate_url", sa.Text(), primary_key=True),
        sa.Column("keys_url", sa.Text(), primary_key=True),
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("because", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
