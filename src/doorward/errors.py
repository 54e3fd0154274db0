"""The exceptions of the project, drawn once.

::

    DoorwardError                 has ``code`` (for machines) and a sentence (for people)
    ├── ConfigurationError        the configuration file or environment is wrong; lists every problem
    ├── StoreError                the database cannot be opened, migrated or decrypted
    ├── TokenRefused              a token is not acceptable (``tokens.jwt``)
    ├── ProviderError             an identity provider said no, is down or answered nonsense (``providers``)
    └── MailError                 a mail could not be handed to the SMTP server

Being refused entry is not an exception: that is a :class:`doorward.access.decision.Deny`.
"""

from __future__ import annotations

from typing import ClassVar


class DoorwardError(Exception):
    """Base of all. ``str()`` is a sentence for people: what happened, why, and what to do next."""

    code: ClassVar[str] = "error"


class ConfigurationError(DoorwardError):
    code = "configuration"


class StoreError(DoorwardError):
    code = "store"


class MailError(DoorwardError):
    code = "mail"
