"""Second factors of users: authenticators, recovery codes, what sessions have shown, and what is being set up."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "factors",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("credential_id", sa.Text(), unique=True),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger()),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
    )
    op.create_index("factors_user_id", "factors", ["user_id"])
    op.create_table(
        "recovery_codes",
        sa.Column("code_hash", sa.Text(), primary_key=True),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
    )
    op.create_index("recovery_codes_user_id", "recovery_codes", ["user_id"])
    op.create_table(
        "factor_proofs",
        sa.Column("session_nonce", sa.Text(), primary_key=True),
        sa.Column("factor_id", sa.Text(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
    )
    op.create_index("factor_proofs_factor_id", "factor_proofs", ["factor_id"])
    op.create_index("factor_proofs_at", "factor_proofs", ["at"])
    op.create_table(
        "factor_offers",
        sa.Column("session_nonce", sa.Text(), primary_key=True),
        sa.Column("purpose", sa.Text(), primary_key=True),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("factor_offers_expires_at", "factor_offers", ["expires_at"])
