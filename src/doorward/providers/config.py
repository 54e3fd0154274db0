"""Checks the ``config`` object of an identity provider for its type, for ``doorward check`` and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from doorward.providers.oidc.config import OidcConfig
from doorward.providers.saml.config import SamlConfig
from doorward.providers.vendors.config import VendorConfig, misplaced
from doorward.providers.vendors.openid import OPENID, OpenIdVendor, generic
from doorward.providers.vendors.plain import PLAIN, PlainVendor


class OneTimePinConfig(BaseModel):
    """``config`` of type ``onetimepin``. The API shows a read-only ``redirect_url``; it is accepted and not used."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    redirect_url: str | None = None


_MODELS: Final[Mapping[str, type[BaseModel]]] = {"oidc": OidcConfig, "saml": SamlConfig, "onetimepin": OneTimePinConfig}
_VENDORS: Final[Mapping[str, OpenIdVendor | PlainVendor]] = {**OPENID, **PLAIN}
_WORDS: Final = {
    "missing": "this field is required",
    "extra_forbidden": "there is no such field; check the spelling",
}


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """One mistake. ``path`` leads to the field inside ``config``; empty: the object as a whole."""

    path: tuple[str | int, ...]
    message: str


def config_problems(idp_type: str, config: Mapping[str, Any]) -> tuple[ConfigProblem, ...]:
    """Every mistake in ``config``; none: it can be used. Messages never repeat a secret.

    Raises:
        KeyError: ``idp_type`` is not a type that exists here.
    """
    if idp_type in _VENDORS:
        return _vendor_problems(_VENDORS[idp_type], config)
    return _problems(_MODELS[idp_type], config)


def _vendor_problems(vendor: OpenIdVendor | PlainVendor, config: Mapping[str, Any]) -> tuple[ConfigProblem, ...]:
    found = misplaced(config, vendor.fields, vendor.needed)
    problems = [ConfigProblem((name,), message) for name, message in found.items()]
    problems += [
        problem for problem in _problems(VendorConfig, config) if problem.path[:1] not in {p.path for p in problems}
    ]
    if problems or isinstance(vendor, PlainVendor):
        return tuple(problems)
    try:
        generic(vendor, VendorConfig.model_validate(config))
    except ValueError as error:
        return (ConfigProblem((), str(error)),)
    return ()


def _problems(model: type[BaseModel], config: Mapping[str, Any]) -> tuple[ConfigProblem, ...]:
    try:
        model.model_validate(config)
    except ValidationError as error:
        return tuple(
            ConfigProblem(problem["loc"], _WORDS.get(problem["type"], problem["msg"].removeprefix("Value error, ")))
            for problem in error.errors(include_url=False, include_context=False, include_input=False)
        )
    return ()
