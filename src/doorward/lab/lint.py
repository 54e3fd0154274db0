"""Rules, policies and applications that are valid and cannot be what their author meant.

What is said here is certain, apart from what ``literals`` takes for granted: a policy that "never matches" matches for
nobody. What cannot be told, or would take too long, is not said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from doorward.applications import Application
from doorward.lab.outlook import Cases, Outlook, TooManyCases, Views
from doorward.policy.model import AccessGroup, Policy
from doorward.policy.rules import Rule

Place = tuple[str | int, ...]
"""Inside the application, policy or group that a finding is about."""


class Kind(StrEnum):
    NEVER_MATCHES = "never_matches"
    """A policy, group or rule."""
    SHADOWED = "shadowed"
    """A policy that never decides, because those before it do."""
    OPEN_TO_ALL = "open_to_all"
    """A policy that lets in whoever comes."""
    WILDCARD_HOST = "wildcard_host"
    NOBODY_ENTERS = "nobody_enters"
    """An application."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One of them: where, what, and what to do."""

    kind: Kind
    place: Place
    message: str
    hint: str


def lint_policy(policy: Policy, views: Views, providers: frozenset[str]) -> tuple[Finding, ...]:
    """A policy by itself. ``providers``: ids of all that are configured."""
    outlook = views.of(providers, signed_in=_after_login(policy))
    if _impossible(outlook.matches, policy):
        message = f"this policy never matches: {outlook.reason}"
        return (Finding(Kind.NEVER_MATCHES, (), message, "correct its rules, or remove the policy"),)
    return tuple(_idle_rules(policy, outlook, opens=policy.decision != "deny"))


def lint_group(group: AccessGroup, views: Views, providers: frozenset[str]) -> tuple[Finding, ...]:
    """A group by itself, wherever it is used."""
    outlook = views.of(providers, signed_in=True)
    sides = (True, False)
    if all(_impossible(outlook.group_matches, group, opens=opens) for opens in sides):
        message = f"nobody is in this group: {outlook.reason}"
        return (Finding(Kind.NEVER_MATCHES, (), message, "correct its rules, or remove the group"),)
    found = [set(_idle_rules(group, outlook, opens=opens)) for opens in sides]
    return tuple(finding for finding in _idle_rules(group, outlook, opens=True) if finding in found[0] & found[1])


def lint_application(application: Application, views: Views, providers: Mapping[str, str]) -> tuple[Finding, ...]:
    """An application with its policies in their order. ``providers``: id to name of all that are configured."""
    return (*_policies(application, views, providers), *_hosts(application))


def never_matches(policy: Policy, views: Views, providers: frozenset[str] | None) -> bool:
    """True: nobody, signed in with one of the providers (None: any) or not, is meant by this policy."""
    outlook = views.of(providers, signed_in=_after_login(policy))
    return _impossible(outlook.matches, policy)


def always_matches(policy: Policy, views: Views, providers: frozenset[str] | None) -> bool:
    """True: it is about everybody, who has signed in where a login comes before it."""
    outlook = views.of(providers, signed_in=_after_login(policy))
    return _impossible(outlook.fails, policy)


def never_decides(policy: Policy, earlier: Sequence[Policy], views: Views, providers: frozenset[str] | None) -> bool:
    """True: whenever it matches, one of the ``earlier`` ones (in the order of evaluation) matches as well."""
    nobody = views.of(providers, signed_in=False)

    def alone(signed_in: Outlook) -> Cases:
        fails = [(signed_in if _after_login(one) else nobody).fails(one) for one in earlier]
        return signed_in.together([signed_in.matches(policy), *fails])

    outlooks = (nobody, views.of(providers, signed_in=True)) if _after_login(policy) else (nobody,)
    return all(_impossible(alone, outlook) for outlook in outlooks)


def evaluation_order(policies: Sequence[Policy]) -> tuple[tuple[int, Policy], ...]:
    """Service Auth and Bypass first (access.md 4.2); each with its place as it is listed."""
    return tuple(sorted(enumerate(policies), key=lambda placed: _after_login(placed[1])))


def _policies(application: Application, views: Views, providers: Mapping[str, str]) -> Iterator[Finding]:
    everywhere = frozenset(providers)
    allowed = everywhere & frozenset(application.allowed_idps) if application.allowed_idps else everywhere
    earlier: list[Policy] = []
    entrances = 0
    for index, policy in evaluation_order(application.policies):
        place: Place = ("policies", index)
        if never_matches(policy, views, allowed):
            if not never_matches(policy, views, everywhere):
                yield Finding(Kind.NEVER_MATCHES, place, _NOT_HERE, "correct its rules, or allowed_idps")
            continue
        if earlier and never_decides(policy, earlier, views, allowed):
            yield _shadow(place, policy, earlier, views, allowed)
            continue
        entrances += policy.decision != "deny"
        if always_matches(policy, views, allowed):
            yield from _open(application, place, policy, [providers[one] for one in providers if one in allowed])
        earlier.append(policy)
    if not entrances:
        message = "nobody can enter: no policy of this application ever lets anybody in"
        yield Finding(Kind.NOBODY_ENTERS, ("policies",), message, "add a policy with decision: allow, or correct these")


_NOT_HERE = "this policy never matches here: this application takes no login that its rules are about"


def _shadow(
    place: Place, policy: Policy, earlier: Sequence[Policy], views: Views, providers: frozenset[str]
) -> Finding:
    """Names the policy that stands before it, unless it takes more than one of them."""
    alone = next((one for one in earlier if never_decides(policy, [one], views, providers)), None)
    if alone is None:
        message = "this policy never decides: whenever it matches, one of the policies that are looked at first does"
        return Finding(Kind.SHADOWED, place, message, "move it up, or remove it")
    message = f"this policy never decides: {alone.name!r} is looked at first and matches whenever this one does"
    if _after_login(policy) and not _after_login(alone):
        hint = f"{alone.decision} policies come first wherever they are listed; restrict {alone.name!r}, or remove this"
        return Finding(Kind.SHADOWED, place, message, hint)
    return Finding(Kind.SHADOWED, place, message, "move it up, or remove it")


def _open(application: Application, place: Place, policy: Policy, providers: Sequence[str]) -> Iterator[Finding]:
    """What a policy that is about everybody lets everybody do."""
    whole = next((pattern.host for pattern in application.patterns if not pattern.path), None)
    if policy.decision == "allow" and providers:
        message = f"whoever can sign in with {' or '.join(map(repr, providers))} can enter"
        yield Finding(Kind.OPEN_TO_ALL, place, message, "name groups, domains or addresses, unless that is meant")
    if policy.decision == "bypass" and whole is not None:
        message = f"everybody enters all of {whole} without signing in, and nothing is recorded"
        yield Finding(Kind.OPEN_TO_ALL, place, message, "give an application of its own to the path that is meant")
    if policy.decision == "non_identity":
        message = "everybody enters without signing in and without any credential"
        yield Finding(Kind.OPEN_TO_ALL, place, message, "include service_token or any_valid_service_token")


def _hosts(application: Application) -> Iterator[Finding]:
    for pattern in application.patterns:
        if not pattern.exact_host:
            message = (
                f"whoever controls any name that {pattern.host} covers, by a forgotten DNS record for example, can take "
                "over logins that end there"
            )
            hint = "list the hostnames one by one, unless all of these names are yours (see SECURITY.md)"
            yield Finding(Kind.WILDCARD_HOST, ("host", str(pattern)), message, hint)


def _idle_rules(holder: Policy | AccessGroup, outlook: Outlook, *, opens: bool) -> Iterator[Finding]:
    """Rules that can be left out without changing anything, since they never match where they stand."""
    groups = (holder.id,) if isinstance(holder, AccessGroup) else ()
    for index, rule in enumerate(holder.include):
        if len(holder.include) > 1 and _impossible(_included, holder, rule, outlook, opens=opens):
            message = f"this rule never lets the {_noun(holder)} match: {outlook.reason}"
            yield Finding(Kind.NEVER_MATCHES, ("include", index), message, "remove it, or correct what rules it out")
    for index, rule in enumerate(holder.exclude):
        if _impossible(outlook.rule_matches, rule, opens=not opens, groups=groups):
            message = f"this exclude keeps nobody out: {outlook.reason}"
            yield Finding(Kind.NEVER_MATCHES, ("exclude", index), message, "remove it, or correct it")


def _included(holder: Policy | AccessGroup, rule: Rule, outlook: Outlook, *, opens: bool) -> Cases:
    """When the holder matches because of this one include."""
    alone = holder.model_copy(update={"include": (rule,)})
    if isinstance(alone, Policy):
        return outlook.matches(alone)
    return outlook.group_matches(alone, opens=opens)


def _noun(holder: Policy | AccessGroup) -> str:
    return "policy" if isinstance(holder, Policy) else "group"


def _after_login(policy: Policy) -> bool:
    return policy.decision in {"allow", "deny"}


def _impossible(cases: Callable[..., Cases], *what: Any, **how: Any) -> bool:
    try:
        return not cases(*what, **how)
    except TooManyCases:
        return False
