"""The door's own second factor (access.md 4.7): what is demanded, what was shown, and whether it is enough.

``demand`` who has to show what, for how long; ``proof`` what a session has shown; ``weighing`` what that means for one
decision; ``factor`` what somebody has set up; ``totp``, ``passkeys`` and ``recovery`` how each is checked.
"""

from __future__ import annotations

from doorward.second_factor.demand import Demand, demanded, ever_demanded
from doorward.second_factor.factor import MOST_FACTORS, Factor, Step, may_enroll, next_step, to_enroll, to_show
from doorward.second_factor.proof import NO_PROOFS, Proof, Proofs, reported
from doorward.second_factor.weighing import Shown, counting_until, show

__all__ = [
    "MOST_FACTORS",
    "NO_PROOFS",
    "Demand",
    "Factor",
    "Proof",
    "Proofs",
    "Shown",
    "Step",
    "counting_until",
    "demanded",
    "ever_demanded",
    "may_enroll",
    "next_step",
    "reported",
    "show",
    "to_enroll",
    "to_show",
]
