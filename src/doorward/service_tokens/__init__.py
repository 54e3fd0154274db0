"""Service tokens: what programs show instead of signing in (access.md 3.4). Values in, values out.

``secret`` how client ids and secrets look; ``token`` the object and whether a secret opens it; ``presented`` reading the
headers of a request; ``lifetime`` how long a token lasts; ``declared`` those that the configuration file names.
"""

from doorward.service_tokens.declared import Changes, Declared, reconcile
from doorward.service_tokens.lifetime import (
    DEFAULT_LIFETIME,
    FOREVER,
    LONGEST_OVERLAP,
    Lifetime,
    format_lifetime,
    parse_lifetime,
)
from doorward.service_tokens.presented import Presented, read_presented
from doorward.service_tokens.secret import (
    CLIENT_ID,
    CLIENT_SECRET,
    POSSIBLE_SECRETS,
    client_id,
    client_secret,
    secret_hash,
)
from doorward.service_tokens.token import Authenticated, Rejection, ServiceToken, authenticate, issue

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "DEFAULT_LIFETIME",
    "FOREVER",
    "LONGEST_OVERLAP",
    "POSSIBLE_SECRETS",
    "Authenticated",
    "Changes",
    "Declared",
    "Lifetime",
    "Presented",
    "Rejection",
    "ServiceToken",
    "authenticate",
    "client_id",
    "client_secret",
    "format_lifetime",
    "issue",
    "parse_lifetime",
    "read_presented",
    "reconcile",
    "secret_hash",
]
