"""What the SAML service provider remembers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "saml_keys",
        sa.Column("kid", sa.Text(), primary_key=True),
        sa.Column("use", sa.Text(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("active_from", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "saml_answers",
        sa.Column("state_hash", sa.Text(), primary_key=True),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("saml_answers_client", "saml_answers", ["client"])
    op.create_index("saml_answers_expires_at", "saml_answers", ["expires_at"])
    op.create_table(
        "saml_assertions",
        sa.Column("idp_id", sa.Text(), primary_key=True),
        sa.Column("assertion_hash", sa.Text(), primary_key=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("saml_assertions_expires_at", "saml_assertions", ["expires_at"])
