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
    Index("attempts_browser_hash", "browser_hash"),
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

kept_requests = Table(
    "kept_requests",
    metadata,
    Column("id_hash", Text, primary_key=True),
    Column("aud", Text, nullable=False),
    Column("hostname", Text, nullable=False),
    Column("browser_hash", Text, nullable=False),
    Column("former_user", Text, nullable=False),
    Column("client", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sealed", Text, nullable=False),  # target and form
    Column("session_nonce", Text, nullable=False),  # empty until a login led to it
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("kept_requests_client", "client"),
    Index("kept_requests_expires_at", "expires_at"),
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

saml_keys = Table(
    "saml_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("use", Text, nullable=False),
    Column("sealed", Text, nullable=False),  # PKCS #8
    Column("certificate", Text, nullable=False),
    Column("active_from", BigInteger, nullable=False),
)

saml_answers = Table(
    "saml_answers",
    metadata,
    Column("state_hash", Text, primary_key=True),
    Column("response", Text, nullable=False),  # sealed
    Column("client", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("saml_answers_client", "client"),
    Index("saml_answers_expires_at", "expires_at"),
)

saml_assertions = Table(
    "saml_assertions",
    metadata,
    Column("idp_id", Text, primary_key=True),
    Column("assertion_hash", Text, primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
    Index("saml_assertions_expires_at", "expires_at"),
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

grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("session_nonce", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("application_id", Text, nullable=False),
    Column("policy_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("asked_at", BigInteger, nullable=False),
    Column("lapses_at", BigInteger, nullable=False),
    Column("needs_approval", Boolean, nullable=False),
    Column("approvals", Text, nullable=False),  # JSON
    Column("granted_at", BigInteger),
    Column("ends_at", BigInteger),
    Column("revoked_at", BigInteger),
    Index("grants_session_nonce", "session_nonce", "application_id"),
    Index("grants_asked_at", "asked_at"),
)

factors = Table(
    "factors",
    metadata,
    Column("id", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("sealed", Text, nullable=False),  # TOTP secret, or public key
    Column("credential_id", Text, unique=True),  # of passkeys
    Column("sign_count", BigInteger, nullable=False),
    Column("last_used_at", BigInteger),
    Column("last_step", BigInteger, nullable=False),
    Index("factors_user_id", "user_id"),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("code_hash", Text, primary_key=True),
    Column("user_id", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Index("recovery_codes_user_id", "user_id"),
)

factor_proofs = Table(
    "factor_proofs",
    metadata,
    Column("session_nonce", Text, primary_key=True),
    Column("factor_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("factor_proofs_factor_id", "factor_id"),
    Index("factor_proofs_at", "at"),
)

factor_offers = Table(
    "factor_offers",
    metadata,
    Column("session_nonce", Text, primary_key=True),
    Column("purpose", Text, primary_key=True),
    Column("sealed", Text, nullable=False),  # a new TOTP secret, or the challenge for a passkey
    Column("expires_at", BigInteger, nullable=False),
    Index("factor_offers_expires_at", "expires_at"),
)

reports = Table(
    "reports",
    metadata,
    Column("user_email", Text, primary_key=True),  # canonical
    Column("subject", Text, primary_key=True),  # a posture check; empty: the risk score
    Column("value", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("reported_at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    Column("look_at", BigInteger),  # when what it changes has to be enforced next; nothing: it is
    Index("reports_look_at", "look_at"),
)

report_uses = Table(
    "report_uses",
    metadata,
    Column("jti_hash", Text, primary_key=True),
    Column("exp", BigInteger, nullable=False),
    Index("report_uses_exp", "exp"),
)

evaluations = Table(
    "evaluations",
    metadata,
    Column("session_nonce", Text, primary_key=True),
    Column("evaluate_url", Text, primary_key=True),
    Column("keys_url", Text, primary_key=True),
    Column("word", Text, nullable=False),
    Column("because", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

directory = Table(
    "directory",
    metadata,
    Column("idp_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("unique_name", Text),
    Column("active", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("modified_at", BigInteger, nullable=False),
    Column("document", Text, nullable=False),  # JSON, as SCIM has it
    UniqueConstraint("idp_id", "kind", "unique_name", name="directory_unique_name"),
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
