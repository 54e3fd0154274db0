"""Proof that a form is one that we gave to this very session: what another site cannot make a browser send."""

from __future__ import annotations

import hashlib
from typing import Final

from doorward.login.visit import Visit
from doorward.sessions import Session
from doorward.signin import secret_hash
from doorward.tokens.claims import MetaClaims, SignedToken
from doorward.tokens.jwt import TokenRefused, mint_meta, verify_meta

LIFETIME: Final = 3600
"""Seconds that somebody may think about a form."""


def form_proof(visit: Visit, session: Session, subject: str) -> SignedToken:
    """For a hidden field. ``subject``: what is decided by the form; a proof is good for nothing else."""
    claims = MetaClaims(
        aud=_tag(subject),
        hostname=visit.organization.auth_domain,
        redirect_url=subject,
        app_session_hash=secret_hash(session.nonce),
        iat=visit.now,
        exp=visit.now + LIFETIME,
    )
    return mint_meta(claims, visit.snapshot.keys.current(visit.now))


def form_proven(visit: Visit, session: Session, subject: str) -> bool:
    """Whether the posted form has such a proof in ``proof``, and was sent from one of our own pages."""
    try:
        claims = verify_meta(visit.form.get("proof"), visit.snapshot.keys, now=visit.now)
    except TokenRefused:
        return False
    said = (claims.aud, claims.redirect_url, claims.app_session_hash)
    return visit.own_form() and said == (_tag(subject), subject, secret_hash(session.nonce))


def _tag(subject: str) -> str:
    """Unlike that of any application, so that a login link is no proof and a proof no login link."""
    return hashlib.sha256(f"form {subject}".encode()).hexdigest()
