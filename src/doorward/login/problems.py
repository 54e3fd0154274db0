"""Every page that says something went wrong: what happened, what to do next. All the sentences stand here."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from doorward.errors import DoorwardError
from doorward.pages import Problem

Headers = tuple[tuple[str, str], ...]

_START_AGAIN: Final = "Start again at the application"


class RefusedVisitError(DoorwardError):
    """Ends a visit with a page. Raised where a request turns out to make no sense; ``answers`` renders it."""

    code = "visit"

    def __init__(self, problem: Problem, refusal: str, headers: Headers) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.refusal = refusal
        """A code for the audit log; empty when nobody was refused anything, or when more is recorded elsewhere."""
        self.headers = headers


def _problem(
    status: int,
    title: str,
    message: str,
    next_step: str,
    *,
    again: str = "",
    label: str = _START_AGAIN,
    refusal: str = "",
    headers: Headers = (),
) -> RefusedVisitError:
    problem = Problem(
        status=status,
        title=title,
        message=message,
        next_step=next_step,
        action_url=again,
        action_label=label if again else "",
        reference="",
    )
    return RefusedVisitError(problem, refusal, headers)


def referenced(problem: Problem, reference: str) -> Problem:
    """The same page with the reference of this request on it."""
    return replace(problem, reference=reference)


def unknown_host() -> RefusedVisitError:
    return _problem(
        404,
        "There is nothing here",
        "This host name belongs neither to a login page nor to an application.",
        "Check the address. If it is right, the application still has to be added to the door.",
    )


def not_found() -> RefusedVisitError:
    return _problem(
        404,
        "There is nothing here",
        "The login has no page at this address.",
        "Check the address, or open the application you want and let it bring you here.",
    )


def method_not_allowed(method: str, allowed: str) -> RefusedVisitError:
    return _problem(
        405,
        "That does not work here",
        f"This address does not take {method[:20]} requests, only {allowed}.",
        "Open the application you want and let it bring you here.",
        headers=(("allow", allowed),),
    )


def unreadable(why: str) -> RefusedVisitError:
    return _problem(
        400,
        "This request cannot be read",
        why,
        "Open the application you want again; do not change the address on the way.",
        refusal="unreadable",
    )


def not_remembered() -> RefusedVisitError:
    return _problem(
        503,
        "Signing in is not possible right now",
        "The door has to remember a login and cannot write anything down at the moment. You were not signed in.",
        "Try again in a few minutes. If it stays like this, give the reference below to whoever runs this site.",
        headers=(("retry-after", "5"),),
    )


def broken() -> RefusedVisitError:
    return _problem(
        500,
        "Something went wrong",
        "The login failed because of a mistake on our side. You were not signed in and nothing was let through.",
        "Try again in a moment. If it stays like this, give the reference below to whoever runs this site.",
    )


def bad_link(again: str) -> RefusedVisitError:
    return _problem(
        400,
        "This login link is not valid",
        "The link that brought you here was changed on the way, or was made for something else.",
        "Open the application again to get a fresh one.",
        again=again,
        refusal="forged_link",
    )


def no_application() -> RefusedVisitError:
    return _problem(
        404,
        "There is no such application",
        "No application is published at the host name in this login link.",
        "Check the address of the application. If it is right, it still has to be added to the door.",
    )


def application_gone() -> RefusedVisitError:
    return _problem(
        400,
        "The application is gone",
        "The application you were signing in to was removed or moved in the meantime.",
        "Open it again under its present address.",
        refusal="application_gone",
    )


def no_methods(again: str, headers: Headers) -> RefusedVisitError:
    return _problem(
        403,
        "There is no way to sign in",
        "This application allows no way of signing in that this organization has.",
        "Whoever runs this site has to allow an identity provider for the application. Give them the reference below.",
        again=again,
        refusal="no_methods",
        headers=headers,
    )


def method_not_offered(again: str) -> RefusedVisitError:
    return _problem(
        400,
        "This way of signing in is not available",
        "The application does not allow it, or it was removed in the meantime.",
        "Start again and choose one that is offered.",
        again=again,
        refusal="method_not_offered",
    )


def lost_browser(again: str, *, cookies: bool = True) -> RefusedVisitError:
    """``cookies``: whether the browser sent any that can be read."""
    elsewhere = "This login was not begun in this browser, or the browser did not keep the cookie that proves it."
    blocked = "Your browser sent no cookie that can be read, so nothing proves that this login was begun in it."
    once_more = "Start again in one browser and finish there. If it keeps happening, allow cookies for this site."
    allow = "Allow cookies for this site, and see that its address begins as it was given to you, with https. Then start again."
    return _problem(
        400,
        "Invalid session. Please try logging in again",
        elsewhere if cookies else blocked,
        once_more if cookies else allow,
        again=again,
        refusal="foreign_browser",
    )


def lost_attempt(again: str) -> RefusedVisitError:
    return _problem(
        400,
        "This login is over",
        "It was finished already, took too long, or is not known here. Going back in the browser does that.",
        "Start again; if you are signed in already, you will not be asked twice.",
        again=again,
        refusal="unknown_attempt",
    )


def lost_handoff(again: str) -> RefusedVisitError:
    return _problem(
        400,
        "Invalid login session",
        "The login that was to end here is not known, took too long, was used already or began at another host name.",
        "Open the application again; you will be signed in without being asked if your login still holds.",
        again=again,
        refusal="unknown_handoff",
    )


def provider_failed(status: int, sentence: str, again: str, headers: Headers) -> RefusedVisitError:
    titles = {403: "You were not signed in", 503: "Signing in is not possible right now"}
    title = titles.get(status, "Signing in did not work")
    return _problem(
        status, title, sentence, "Nothing was changed. You can start again at any time.", again=again, headers=headers
    )


def switched_off(provider: str, email: str) -> RefusedVisitError:
    return _problem(
        403,
        "Your account is switched off",
        f"The directory of {provider} says that the account {email} is not active, so it opens nothing here.",
        "If that is a mistake, tell your administrator.",
        refusal="switched_off",
    )


def provider_left_open(again: str) -> RefusedVisitError:
    return _problem(
        400,
        "You were not signed in",
        "The identity provider ended the login and did not say which one it was. It does that when you cancel there, or when "
        "it does not know what to do with this site.",
        "Start again; choose another way to sign in if it keeps happening."
        if again
        else "Open the application you want again; choose another way to sign in if it keeps happening.",
        again=again,
        refusal="provider_without_state",
    )


def pin_used(again: str) -> RefusedVisitError:
    return _problem(
        400,
        "This One-Time PIN has already been used",
        "Each code works once.",
        "If it was you who used it, go on to the application. Otherwise start again and ask for a new code.",
        again=again,
    )


def pin_over(again: str, label: str = _START_AGAIN) -> RefusedVisitError:
    return _problem(
        400,
        "This code is no longer valid",
        "A code works for ten minutes, and only the newest one does. After too many wrong tries it is dead as well.",
        "Ask for a new code.",
        again=again,
        label=label,
        refusal="pin_over",
    )


def pin_elsewhere() -> RefusedVisitError:
    return _problem(
        400,
        "Use the browser you started in",
        "This link belongs to a login that was begun in another browser, or that is over.",
        "Go back to the page that asked for the code and type the code from the mail there.",
        refusal="foreign_browser",
    )


def too_many(seconds: int, again: str) -> RefusedVisitError:
    return _problem(
        429,
        "Too many tries",
        "Codes were asked for, or typed wrong, too often from here or for this address.",
        f"Wait {seconds // 60} minutes, then start again.",
        again=again,
        refusal="too_many",
        headers=(("retry-after", str(seconds)),),
    )


def too_many_logins(seconds: int, again: str) -> RefusedVisitError:
    return _problem(
        429,
        "Too many logins",
        "This session has signed in to the application again and again; that looks like a loop, or a script.",
        f"Wait {seconds // 60} minutes, then start again.",
        again=again,
        refusal="too_many_logins",
        headers=(("retry-after", str(seconds)),),
    )


def too_many_answers(seconds: int, *, client: bool) -> RefusedVisitError:
    """Answers of identity providers are kept until the browser comes back. ``client``: too many of this one, not of all."""
    whose = "from your network" if client else "from everybody together"
    return _problem(
        429 if client else 503,
        "Too many logins at once",
        f"The door keeps what an identity provider says until a login ends, and too much {whose} is waiting. You were not "
        "signed in.",
        f"Wait {seconds // 60} minutes, then open the application again.",
        refusal="too_many_answers",
        headers=(("retry-after", str(seconds)),),
    )


def no_session() -> RefusedVisitError:
    return _problem(
        401,
        "You are not signed in",
        "There is no login in this browser that could be refreshed.",
        "Open the application you want; it brings you here to sign in.",
    )


def not_kept(why: str, status: int, back: str) -> RefusedVisitError:
    """Something was sent without a session and is too large, or of the wrong kind, to wait for the login."""
    error = _problem(
        status,
        "What you entered was not sent",
        f"You have to sign in first, and it could not be kept meanwhile. {why}",
        "Sign in with the button below; it opens a new tab. Then come back here, go back one page in this tab, where what you "
        "entered should still be, and send it again.",
        again=back,
        label="Sign in",
        refusal="not_kept",
    )
    return RefusedVisitError(replace(error.problem, new_tab=True), error.refusal, error.headers)


def too_many_kept(seconds: int, back: str) -> RefusedVisitError:
    error = not_kept("Too much is waiting for a login already.", 429, back)
    return RefusedVisitError(error.problem, error.refusal, (("retry-after", str(seconds)),))


def foreign_form(again: str) -> RefusedVisitError:
    return _problem(
        403,
        "Another site sent this",
        "What arrived here was not sent by a page of this application. It was not kept and goes nowhere.",
        "If you want to use the application, open it.",
        again=again,
        label="Open the application",
        refusal="foreign_form",
    )


def nothing_kept(again: str) -> RefusedVisitError:
    return _problem(
        404,
        "There is nothing to send",
        "What was entered here was sent already, or waited for longer than ten minutes and was forgotten.",
        "Open the application and look; if it is not there, enter it once more.",
        again=again,
        label="Open the application",
    )


def entered_by_another(again: str) -> RefusedVisitError:
    return _problem(
        403,
        "Somebody else entered this",
        "You signed in as another person than the one who entered what was waiting here. It was not sent, and it is gone.",
        "Go on to the application as yourself.",
        again=again,
        label="Open the application",
        refusal="another_person",
    )


def too_many_requests(seconds: int, again: str) -> RefusedVisitError:
    return _problem(
        429,
        "Too many requests for access",
        "You have asked for access again and again; each time the approvers get a mail.",
        f"Wait {seconds // 60} minutes, or talk to one of them.",
        again=again,
        refusal="too_many_requests",
        headers=(("retry-after", str(seconds)),),
    )


def no_request() -> RefusedVisitError:
    return _problem(
        404,
        "There is no such request",
        "Nobody asks for access under this address, or it was so long ago that it is no longer kept.",
        "Open the link as it stands in the mail. Whoever needs access can ask again.",
    )


def not_an_approver(email: str, sign_out_url: str) -> RefusedVisitError:
    return _problem(
        403,
        "You cannot decide about this",
        f"You are signed in as {email}, who may not approve this request.",
        "Sign in with the address that the mail was sent to.",
        again=sign_out_url,
        label="Sign in as somebody else",
    )


def untrusted_provider(sign_out_url: str) -> RefusedVisitError:
    return _problem(
        403,
        "Sign in another way to decide",
        "The application that this request is about does not take the word of the provider that you signed in with.",
        "Sign in again and choose one that is offered there.",
        again=sign_out_url,
        label="Sign in another way",
    )


def own_request() -> RefusedVisitError:
    return _problem(
        403,
        "Somebody else has to agree",
        "This is your own request. Nobody approves their own access.",
        "Give the link to another approver.",
    )


def undecided(again: str) -> RefusedVisitError:
    return _problem(
        400,
        "Nothing was decided",
        "The form did not say whether you agree, or for how long.",
        "Open the request again and press one of its buttons.",
        again=again,
        label="Open the request again",
        refusal="undecided",
    )
