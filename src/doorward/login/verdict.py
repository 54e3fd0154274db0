"""What the policies of an application say about somebody who logs in, on the evidence that is given."""

from __future__ import annotations

from typing import Final

from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.policy.evaluate import evaluate
from doorward.policy.model import Evidence
from doorward.policy.verdict import Outcome, Verdict

_NO_LOGIN_NEEDED: Final = frozenset({Outcome.BYPASS, Outcome.SERVICE_AUTH})


def login_verdict(application: Application, evidence: Evidence, snapshot: Snapshot) -> Verdict:
    """What the policies say about somebody who logs in.

    A bypass or service-auth policy that matches on the team domain lets nobody in by a login: the application may see
    another address of the same visitor (IPv4 here, IPv6 there), and sending them back and forth would never end. Then
    only the policies that are about people decide.
    """
    verdict = evaluate(application.policies, evidence, snapshot.directory)
    if verdict.outcome not in _NO_LOGIN_NEEDED:
        return verdict
    about_people = tuple(policy for policy in application.policies if policy.decision in {"allow", "deny"})
    return evaluate(about_people, evidence, snapshot.directory)
