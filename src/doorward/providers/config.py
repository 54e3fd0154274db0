"""Checks the ``config`` object of an identity provider for its type, for ``doorward check`` and the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from doorward.providers.oidc.config import OidcConfig


class OneTimePinConfig(BaseModel):
    """``config`` of type ``onetimepin``. The API shows a read-only ``redirect_url``; it is accepted and not used."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    redirect_url: str | None = None


_MODELS: Final[Mapping[str, type[BaseModel]]] = {"oidc": OidcConfig, "onetimepin": OneTimePinConfig}
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
    try:
        _MODELS[idp_type].model_validate(config)
    except ValidationError as error:
        return tuple(
            ConfigProblem(problem["loc"], _WORDS.get(problem["type"], problem["msg"].removeprefix("Value error, ")))
            for problem in error.errors(include_url=False, include_context=False, include_input=False)
        )
    return ()
