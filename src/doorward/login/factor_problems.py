"""The pages that say why a second factor did not help, or may not be set up."""

from __future__ import annotations

from doorward.login.problems import RefusedVisitError
from doorward.pages import Problem


def too_many_factor_tries(seconds: int, again: str) -> RefusedVisitError:
    """Somebody guesses, or cannot type."""
    problem = Problem(
        status=429,
        title="Too many tries",
        message="Too many codes were tried for this account. No more of them are looked at for a while.",
        next_step=f"Wait {seconds // 60} minutes, then start again. If that was not you, tell whoever runs this site: "
        "somebody else can sign in as you up to this point.",
        action_url=again,
        action_label="Start again at the application",
    )
    return RefusedVisitError(problem, "factor_tries", (("retry-after", str(seconds)),))


def no_factor(again: str) -> RefusedVisitError:
    """There is none, and this is not the place to set one up."""
    problem = Problem(
        status=403,
        title="A second factor is needed",
        message="This application asks for an authenticator besides your login. You have none that counts here, and it "
        "cannot be set up on the way in.",
        next_step="Ask whoever runs this site where you can set one up.",
        action_url=again,
        action_label="Try again",
    )
    return RefusedVisitError(problem, "no_factor", ())


def enrollment_refused(again: str) -> RefusedVisitError:
    """It was allowed when the form was made, and is not any more; or it never was."""
    problem = Problem(
        status=403,
        title="The authenticator was not set up",
        message="Another authenticator can be added only for a few minutes after one that you have already was shown.",
        next_step="Start again. You will be asked for the one you have.",
        action_url=again,
        action_label="Start again",
    )
    return RefusedVisitError(problem, "enrollment_refused", ())
