"""The tables. ``migrations/versions`` creates them; a test holds the two together.

Times are Unix seconds. Columns that end in ``_hash`` keep the SHA-256 of a random secret in place of the secret;
``sealed`` ones are encrypted. Text columns named as JSON hold JSON, so that both databases store the same bytes.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text, UniqueConstraint, text

metadata: Final = MetaData()

revision = Table(
    "revision",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("value", BigInteger, nullable=False),
)
"""One row. Its value grows in the transaction of every change that snapshots depend on."""

facts = Table("facts", metadata, Column("name", Text, primary_key=True), Column("value", Text, nullable=False))
"""Things that are decided once: the account id, the proof that the key is the right one."""

users = Table(
    "users",
    metadata,
    Column("id", Text, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("last_login_at", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("nonce", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("identity", Text, nullable=False),  # JSON
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("ip", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("revoked_at", BigInteger),
    Index("sessions_user_id", "user_id"),
    Index("sessions_expires_at", "expires_at"),
)

app_tokens = Table(
    "app_tokens",
    metadata,
    Column("nonce", Text, primary_key=True),
    Column("session_nonce", Text, nullable=False),  # empty for tokens without an identity
    Column("application_id", Text, nullable=False),
    Column("iat", BigInteger, nullable=False),
    Column("exp", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("service_token_id", Text),  # of tokens that a service token earned
    Column("client_secret_version", Integer),
    Column("policy_id", Text),  # which granted it
    Index("app_tokens_session_nonce", "session_nonce"),
    Index("app_tokens_policy_id", "policy_id"),
    Index("app_tokens_service_token_id", "service_token_id"),
    Index("app_tokens_exp", "exp"),
    Index(
        "app_tokens_revoked",
        "exp",
        sqlite_where=text("revoked_at IS NOT NULL"),
        postgresql_where=text("revoked_at IS NOT NULL"),
    ),
)

service_tokens = Table(
    "service_tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("client_id", Text, nullable=False, unique=True),
    Column("secret_hash", Text, nullable=False),
    Column("duration", BigInteger),  # seconds; nothing: forever
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("enabled", Boolean, nullable=False),
    Column("client_secret_version", Integer, nullable=False),
    Column("previous_secret_hash", Text, nullable=False),
    Column("previous_expires_at", BigInteger),
    Column("declared", Boolean, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("state_hash", Text, primary_key=True),
    Column("idp_id", Text, nullable=False),
    Column("destination", Text),  # JSON
    Column("browser_hash", Text, nullable=False),
    Column("sealed", Text, nullable=False),  # nonce and PKCE verifier
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("attempts_expires_at", "expires_at"),
)

handoffs = Table(
    "handoffs",
    metadata,
    Column("nonce_hash", Text, primary_key=True),
    Column("destination", Text, nullable=False),  # JSON
    Column("session_nonce", Text, nullable=False),
    Column("policy_id", Text, nullable=False),
    Column("token_lifetime", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("handoffs_expires_at", "expires_at"),
)

pins = Table(
    "pins",
    metadata,
    Column("nonce_hash", Text, primary_key=True),
    Column("email", Text, nullable=False),
    Column("code_hash", Text, nullable=False),
    Column("idp_id", Text, nullable=False),
    Column("destination", Text),  # JSON
    Column("browser_hash", Text, nullable=False),
    Column("tries_left", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index("pins_email", "email", "created_at"),
    Index("pins_expires_at", "expires_at"),
)

limits = Table(
    "limits",
    metadata,
    Column("bucket", Text, primary_key=True),
    Column("hits", BigInteger, nullable=False),
    Column("resets_at", BigInteger, nullable=False),
    Index("limits_resets_at", "resets_at"),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("sealed", Text, nullable=False),  # PKCS #8
    Column("certificate", Text, nullable=False),
    Column("active_from", BigInteger, nullable=False),
    Column("retired_at", BigInteger),
)

objects = Table(
    "objects",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("id", Text, nullable=False),
    Column("aud", Text),
    UniqueConstraint("id", name="objects_id"),
)

rules = Table(
    "rules",
    metadata,
    Column("application_id", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False),
    Column("not_before", BigInteger, nullable=False),
)

revocations = Table(
    "revocations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("scope", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("sessions", BigInteger, nullable=False),
    Column("streams", BigInteger),  # nothing: no control plane has ended them yet
)

revoked_before = Table(
    "revoked_before",
    metadata,
    Column("application_id", Text, primary_key=True),  # empty: of every application
    Column("at", BigInteger, nullable=False),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("reference", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("ip", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("user_email", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("application_id", Text, nullable=False),
    Column("application_name", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("refusal", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("idp_id", Text, nullable=False),
    Column("policy_id", Text, nullable=False),
    Column("evidence", Text, nullable=False),  # JSON
    Column("trace", Text, nullable=False),  # JSON
    Column("detail", Text, nullable=False),
    Index("decisions_reference", "reference"),
    Index("decisions_at", "at"),
)
