"""Does an access that was granted hold by itself, whatever the requests look like that it is used in?

For streams that are open while something is reported about a person: nobody asks again about their address, so the
answer may not depend on it.
"""

from __future__ import annotations

from doorward.access.snapshot import Snapshot
from doorward.applications import Application
from doorward.identity import Identity
from doorward.policy.continuous import looks_at_what_is_shown
from doorward.policy.evaluate import evaluate
from doorward.policy.learned import Learned
from doorward.policy.model import Evidence
from doorward.policy.verdict import Outcome


def stands(
    application: Application, identity: Identity, learned: Learned, policy_id: str | None, snapshot: Snapshot
) -> bool:
    """True when the very policy that granted a token (``policy_id``) still lets this person in, and would from anywhere.

    With nothing known of where the request comes from, so an allow holds from everywhere (knowing less never opens the
    door), and never where it matters what a request shows. Another
    policy will not do: it may want a reason, an approval or a second factor that the token does not stand for.
    """
    about_people = tuple(policy for policy in application.policies if policy.decision in {"allow", "deny"})
    if looks_at_what_is_shown(about_people, snapshot.directory):
        return False  # a request that showed something may have been let in for it, or in spite of it
    verdict = evaluate(about_people, Evidence(identity=identity, learned=learned), snapshot.directory)
    return verdict.outcome is Outcome.ALLOW and verdict.policy is not None and verdict.policy.id == policy_id
