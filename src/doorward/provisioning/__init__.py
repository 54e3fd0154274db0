"""SCIM 2.0 (RFC 7643, 7644): an identity provider tells of its users and groups, and whose access ends (access.md 6.5).

The protocol is scim2-server's. ``storage`` keeps what is told, ``consequences`` (pure) says whom a change concerns,
``application`` is the door to it: one secret for each provider, and nothing of another provider can be seen or changed.
"""

from doorward.provisioning.application import Provisioning

__all__ = ["Provisioning"]
