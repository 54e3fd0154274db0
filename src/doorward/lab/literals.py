"""Demands that rules make on one visitor, and whether all of a set of them can be met at once.

Taken for granted: the door knows the visitor's address, and providers vouch for well-formed e-mail addresses. That a
country, a report or another service's word is not known is possible, and is thought of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from doorward.lab.addresses import EVERYWHERE, Span, intersection, spans_of, subtraction
from doorward.policy.model import Directory
from doorward.policy.rules import (
    AnyValidServiceToken,
    AuthMethod,
    Certificate,
    CommonName,
    Email,
    EmailDomain,
    EmailList,
    Geo,
    Ip,
    IpList,
    LoginMethod,
    Oidc,
    Rule,
    Saml,
    ServiceTokenRule,
    rule_json,
)
from doorward.policy.rules_elsewhere import (
    AuthContext,
    AzureGroup,
    GithubOrganization,
    LinkedAppToken,
    OktaGroup,
    UserRiskScore,
    WorkspaceGroup,
    at_provider,
)

AT_PROVIDER: Final = (Oidc, Saml, AzureGroup, OktaGroup, WorkspaceGroup, GithubOrganization, AuthContext)
"""They match only logins with the provider they name."""
_SETTLED: Final = (
    Email, EmailList, EmailDomain, Ip, IpList, LoginMethod, AuthMethod, ServiceTokenRule, AnyValidServiceToken,
    LinkedAppToken, Certificate, CommonName, *AT_PROVIDER,
)  # fmt: skip
"""They match or they do not, about anybody who is known. All others may have no answer."""
_RISKS: Final = frozenset({"low", "medium", "high", "unscored"})
_NONE: Final = ""


@dataclass(frozen=True, slots=True)
class Demand:
    """That a rule matches, or that it does not."""

    rule: Rule
    holds: bool
    opens: bool
    """The rule stands where a match helps to open the door, so that without an answer it counts as not matching."""
    firm: bool = True
    """False: it is enough that the contrary is not known."""
    _hash: int = field(init=False, repr=False, compare=False)
    """Demands are put into sets again and again, and a rule takes its time to hash."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash((self.rule, self.holds, self.opens, self.firm)))

    def __hash__(self) -> int:
        return self._hash

    @property
    def met_without_answer(self) -> bool:
        """What has no answer takes the value that keeps the door closed."""
        return self.holds is not self.opens

    def __str__(self) -> str:
        ((name, value),) = rule_json(self.rule).items()
        told = ", ".join(str(part) for key, part in value.items() if key != "identity_provider_id") if value else ""
        return f"{'' if self.holds else 'not '}{name} {told}".rstrip()


Term = frozenset[Demand]
"""Demands that are made together."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What visitors are possible."""

    directory: Directory
    providers: frozenset[str] | None = None
    """Ids of the identity providers that somebody can have signed in with; None: any."""


def conflict(term: Term, among: Circumstances) -> str | None:
    """Why no visitor meets all of these demands, in words; None: none of the reasons that are looked for."""
    if (opposites := _opposites(term)) is not None:
        return opposites
    about: defaultdict[str, list[Demand]] = defaultdict(list)
    for demand in term:
        if (fact := _FACTS.get(type(demand.rule))) is not None:
            about[fact].append(demand)
    for fact, demands in sorted(about.items()):
        if not _JUDGES[fact](demands, among):
            return f"no {fact} is {_listed(demands)}"
    return None


def _listed(demands: Sequence[Demand]) -> str:
    texts = sorted(map(str, demands), key=lambda text: (text.startswith("not "), text))
    shown = texts[:3] + ([f"{len(texts) - 3} more"] if len(texts) > 3 else [])
    return " and ".join(shown) + (" at once" if len(texts) > 1 else "")


def _opposites(term: Term) -> str | None:
    """The same rule, once to match and once not to."""
    contrary = {demand.rule: demand for demand in term if not demand.holds}
    wanted = [demand for demand in term if demand.holds and demand.rule in contrary]
    for demand in sorted(wanted, key=str):
        other = contrary[demand.rule]
        if not isinstance(demand.rule, _SETTLED) and (
            (demand.met_without_answer and other.met_without_answer) or not (demand.firm or other.firm)
        ):
            continue
        return f"{demand} is demanded and ruled out"
    return None


def _mailbox(demands: Sequence[Demand], among: Circumstances) -> bool:
    """Some address, with a domain, is what all of them want."""
    domains = {
        demand.rule.email_domain.domain for demand in demands if isinstance(demand.rule, EmailDomain) and demand.holds
    }
    barred = {
        demand.rule.email_domain.domain
        for demand in demands
        if isinstance(demand.rule, EmailDomain) and not demand.holds
    }
    if len(domains) > 1 or domains & barred:
        return False
    named = [demand for demand in demands if not isinstance(demand.rule, EmailDomain)]
    candidates = _left(((_addresses(demand.rule, among.directory), demand.holds) for demand in named), None)
    if candidates is None:
        return True
    found = {address.rpartition("@")[2] for address in candidates} - barred
    return bool(found & domains) if domains else bool(found)


def _addresses(rule: Rule, directory: Directory) -> frozenset[str]:
    if isinstance(rule, Email):
        return frozenset({rule.email.email})
    assert isinstance(rule, EmailList)  # noqa: S101 - the judge is asked about nothing else
    return directory.lists[rule.email_list.id].emails


def _login(demands: Sequence[Demand], among: Circumstances) -> bool:
    """Some provider is the one they want. What else a provider says is not looked at here."""
    wanted = (
        (frozenset({_provider_of(demand.rule)}), demand.holds)
        for demand in demands
        if demand.holds or isinstance(demand.rule, LoginMethod)
    )
    left = _left(wanted, among.providers)
    return left is None or bool(left)


def _provider_of(rule: Rule) -> str:
    match rule:
        case LoginMethod():
            return rule.login_method.id
        case Oidc():
            return rule.oidc.identity_provider_id
        case Saml():
            return rule.saml.identity_provider_id
        case _:
            return at_provider(rule)  # type: ignore[arg-type]  # the judge is asked about nothing else


def _place(demands: Sequence[Demand], among: Circumstances) -> bool:
    left: Sequence[Span] = EVERYWHERE
    for demand in demands:
        combine = intersection if demand.holds else subtraction
        left = combine(left, _spans(demand.rule, among.directory))
    return bool(left)


def _spans(rule: Rule, directory: Directory) -> Sequence[Span]:
    if isinstance(rule, Ip):
        return spans_of((rule.ip.ip,))
    assert isinstance(rule, IpList)  # noqa: S101 - the judge is asked about nothing else
    return spans_of(directory.lists[rule.ip_list.id].networks)


def _country(demands: Sequence[Demand], _: Circumstances) -> bool:
    if all(demand.met_without_answer for demand in demands):
        return True
    left = _left(((frozenset({_code(demand.rule)}), demand.holds) for demand in demands), None)
    return left is None or bool(left)


def _code(rule: Rule) -> str:
    assert isinstance(rule, Geo)  # noqa: S101 - the judge is asked about nothing else
    return rule.geo.country_code


def _risk(demands: Sequence[Demand], _: Circumstances) -> bool:
    if all(demand.met_without_answer for demand in demands):
        return True
    return bool(_left(((_levels(demand.rule), demand.holds) for demand in demands), _RISKS))


def _levels(rule: Rule) -> frozenset[str]:
    assert isinstance(rule, UserRiskScore)  # noqa: S101 - the judge is asked about nothing else
    return frozenset(rule.user_risk_score.user_risk_score)


def _program(demands: Sequence[Demand], _: Circumstances) -> bool:
    """Some token, or none, is what all of them want. To show any is not to show none."""
    wanted = (
        (frozenset({demand.rule.service_token.token_id}), demand.holds)
        if isinstance(demand.rule, ServiceTokenRule)
        else (frozenset({_NONE}), not demand.holds)
        for demand in demands
    )
    left = _left(wanted, None)
    return left is None or bool(left)


def _left(wanted: Iterable[tuple[frozenset[str], bool]], universe: frozenset[str] | None) -> frozenset[str] | None:
    """The values that are in every set that holds and in none that does not; None: more than can be listed."""
    left, barred = universe, frozenset[str]()
    for values, holds in wanted:
        if not holds:
            barred |= values
        else:
            left = values if left is None else left & values
    return None if left is None else left - barred


def _certificate(demands: Sequence[Demand], _: Circumstances) -> bool:
    """Some common name, or none, is what all of them want. To show any certificate is not to show none."""
    wanted = (
        (frozenset({demand.rule.common_name.common_name}), demand.holds)
        if isinstance(demand.rule, CommonName)
        else (frozenset({_NONE}), not demand.holds)
        for demand in demands
    )
    left = _left(wanted, None)
    return left is None or bool(left)


def _linked(demands: Sequence[Demand], _: Circumstances) -> bool:
    left = _left(((frozenset({_other(demand.rule)}), demand.holds) for demand in demands), None)
    return left is None or bool(left)


def _other(rule: Rule) -> str:
    assert isinstance(rule, LinkedAppToken)  # noqa: S101 - the judge is asked about nothing else
    return rule.linked_app_token.app_uid


_Judge = Callable[[Sequence[Demand], Circumstances], bool]
_KINDS: Final[Sequence[tuple[str, _Judge, tuple[type[Any], ...]]]] = (
    ("e-mail address", _mailbox, (Email, EmailList, EmailDomain)),
    ("identity provider", _login, (LoginMethod, *AT_PROVIDER)),
    ("address", _place, (Ip, IpList)),
    ("country", _country, (Geo,)),
    ("risk score", _risk, (UserRiskScore,)),
    ("service token", _program, (ServiceTokenRule, AnyValidServiceToken)),
    ("client certificate", _certificate, (Certificate, CommonName)),
    ("token of another application", _linked, (LinkedAppToken,)),
)
_JUDGES: Final[Mapping[str, _Judge]] = {fact: judge for fact, judge, _ in _KINDS}
_FACTS: Final[Mapping[type[Any], str]] = {rule: fact for fact, _, rules in _KINDS for rule in rules}
"""The fact about a visitor that a rule asks for."""
