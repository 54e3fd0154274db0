"""What the selectors ``certificate`` and ``common_name`` say (access.md 3.5, 4.4)."""

from __future__ import annotations

from doorward.client_certificates import CertificateFacts
from doorward.policy.answer import Answer, told
from doorward.policy.rules import Certificate, CommonName
from doorward.policy.verdict import Match


def of_certificate(rule: Certificate | CommonName, shown: CertificateFacts | None) -> Answer:
    """Known at every request: either its connection proves a certificate or it does not."""
    if shown is None:
        return Answer(Match.NO, "no valid client certificate was shown")
    if isinstance(rule, Certificate):
        return Answer(Match.YES, f"a client certificate of {shown.issuer} was shown")
    if not shown.common_name:
        return Answer(Match.NO, "the client certificate has no one common name")
    return told(shown.common_name == rule.common_name.common_name, f"the common name is {shown.common_name}")
