"""What the selectors of ``rules_elsewhere`` say about the evidence (access.md 4.4)."""

from __future__ import annotations

from typing import Any, Final

from doorward.identity import Identity, canonical_email
from doorward.policy.answer import Answer, told
from doorward.policy.learned import Learned, Word
from doorward.policy.rules_elsewhere import (
    AuthContext,
    AzureGroup,
    DevicePosture,
    ExternalEvaluation,
    GithubOrganization,
    GroupAtProvider,
    LinkedAppToken,
    OktaGroup,
    UserRiskScore,
    WorkspaceGroup,
    at_provider,
)
from doorward.policy.verdict import Match

AUTH_CONTEXTS: Final = "acrs"
"""The claim in which Entra says which authentication contexts a login satisfied."""
_SEPARATORS: Final = "/:"
"""Between an organization and a team, as directories write them; neither can stand in an organization's name."""


def of_learned(rule: ExternalEvaluation | DevicePosture | UserRiskScore, learned: Learned) -> Answer:
    """Rules about a person who is known, answered by what was learned about them."""
    match rule:
        case ExternalEvaluation():
            return _evaluated(rule, learned)
        case DevicePosture():
            check = rule.device_posture.integration_uid
            posture = learned.postures.get(check)
            if posture is None:
                return Answer(None, f"nobody has reported the device posture check {check}")
            return Answer(None, posture.because) if posture.passed is None else told(posture.passed, posture.because)
        case _:
            if learned.risk is None:
                return Answer(None, "nobody reports risk scores")
            if learned.risk.level is None:
                return Answer(None, learned.risk.because)
            return told(learned.risk.level in rule.user_risk_score.user_risk_score, learned.risk.because)


def of_linked(rule: LinkedAppToken, learned: Learned) -> Answer:
    """Known at every request: either it shows a token of the other application or it does not."""
    if learned.linked is None:
        return Answer(Match.NO, "no valid token of another application was shown")
    return told(
        learned.linked == rule.linked_app_token.app_uid, f"a token of the application {learned.linked} was shown"
    )


def of_provider(rule: GroupAtProvider, identity: Identity) -> Answer:
    """Rules about what a provider says of the person. A login elsewhere never counts, whatever its groups are called."""
    wanted = at_provider(rule)
    if identity.idp_id != wanted:
        return Answer(Match.NO, f"the login was at {identity.idp_id}, not at {wanted}")
    match rule:
        case AzureGroup():
            group = rule.azure_ad.id
            return _member(identity, any(one.id == group for one in identity.groups), f"group with the id {group}")
        case OktaGroup():
            name = rule.okta.name
            return _member(identity, any(one.name == name for one in identity.groups), f"group named {name}")
        case WorkspaceGroup():
            return _workspace(rule, identity)
        case GithubOrganization():
            return _github(rule, identity)
        case _:
            return _context(rule, identity)


def _evaluated(rule: ExternalEvaluation, learned: Learned) -> Answer:
    value = rule.external_evaluation
    found = learned.evaluations.get((value.evaluate_url, value.keys_url))
    if found is None:
        return Answer(Match.UNKNOWN, f"{value.evaluate_url} is asked at a login")
    if found.word is Word.FAILED:
        return Answer(None, found.because)
    return told(found.word is Word.YES, found.because)


def _member(identity: Identity, holds: bool, group: str) -> Answer:
    if not holds and not identity.groups_complete:
        return Answer(None, f"the provider named no {group}, but the groups are not known in full")
    return told(holds, f"the provider named {'the' if holds else 'no'} {group}")


def _workspace(rule: WorkspaceGroup, identity: Identity) -> Answer:
    """By the address alone: whoever runs a group chooses its name, and could choose one that is an address."""
    wanted = rule.gsuite.email
    addresses = {canonical_email(one.email) for one in identity.groups if one.email is not None}
    return _member(identity, wanted in addresses, f"group with the address {wanted}")


def _github(rule: GithubOrganization, identity: Identity) -> Answer:
    """An organization is a group of its name, a team one named ``organization/team``; case does not matter there.

    Who is in a team is in its organization.
    """
    organization, team = rule.github_organization.name, rule.github_organization.team
    places = [_place(one.name) for one in identity.groups]
    wanted = canonical_email(organization)
    if team is None:
        return _member(identity, any(place[0] == wanted for place in places), f"membership in {organization}")
    holds = (wanted, canonical_email(team)) in places
    return _member(identity, holds, f"membership in the team {team} of {organization}")


def _place(group: str) -> tuple[str, str]:
    """Organization and team of a group; the team is empty for the organization itself."""
    end = min((group.find(sign) for sign in _SEPARATORS if sign in group), default=len(group))
    return canonical_email(group[:end]), canonical_email(group[end + 1 :])


def _context(rule: AuthContext, identity: Identity) -> Answer:
    wanted = rule.auth_context.ac_id
    satisfied = _texts(identity.oidc_fields.get(AUTH_CONTEXTS))
    if wanted not in satisfied and not identity.knows(AUTH_CONTEXTS, identity.oidc_fields):
        return Answer(None, f"{AUTH_CONTEXTS} is not known in full")
    said = ", ".join(satisfied) or "none"
    return told(wanted in satisfied, f"authentication contexts of the login: {said}")


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else (value,)
    return tuple(text for text in values if isinstance(text, str))
