"""Another service is asked about somebody who has signed in (access.md 4.8): ``POST {"token": …}``, a signed answer back.

Whatever goes wrong is an answer too, one that lets nobody in. The two addresses are the operator's; what they answer is
not believed before it is proven to come from the keys at ``keys_url`` and to answer this very question.
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

import httpx

from doorward.policy.learned import Evaluation, Word
from doorward.policy.rules_elsewhere import ExternalEvaluationValue
from doorward.providers.failure import Failure, Reason
from doorward.providers.oidc.id_token import KeyUnknown, read_header, verify_signature
from doorward.providers.oidc.key_set import KeySet, read_key_set
from doorward.providers.outbound import Call, exchange
from doorward.providers.remembered import Pace, Remembered
from doorward.providers.web_address import check_web_address

KEY_SET_PACE: Final = Pace(fresh=3600, after_failure=5, between=30)
LONGEST: Final = 8.0
"""Seconds for everything: waiting for a turn, the question, and the keys."""
AT_ONCE: Final = 32
"""Questions under way; each holds a login up."""
LONGEST_ANSWER: Final = 16_384
"""Characters of the answer's token."""
_MOST_KEY_SETS: Final = 256
_ALGORITHMS: Final = ("RS256",)
_WHAT: Final = "answer"


class Evaluator:
    """Every service that policies name. One for the process; keys are kept by their address."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http
        self._keys: dict[str, Remembered[KeySet]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def ask(self, service: ExternalEvaluationValue, question: str, nonce: str, now: int) -> Evaluation:
        """What the service says to a signed ``question`` with this ``nonce``; ``now`` in Unix seconds."""
        where = service.evaluate_url
        try:
            async with asyncio.timeout(LONGEST), self._turns:
                success = await self._asked(service, question, nonce, now)
        except Failure as failure:
            return Evaluation(word=Word.FAILED, because=f"{where} gave no usable answer: {failure.detail}")
        except TimeoutError:
            return Evaluation(word=Word.FAILED, because=f"{where} gave no complete answer within {LONGEST:g} s")
        if success:
            return Evaluation(word=Word.YES, because=f"{where} said yes")
        return Evaluation(word=Word.NO, because=f"{where} said no")

    async def close(self) -> None:
        """End what is under way."""
        for keys in self._keys.values():
            await keys.close()
        self._keys.clear()

    async def _asked(self, service: ExternalEvaluationValue, question: str, nonce: str, now: int) -> bool:
        for address in (service.evaluate_url, service.keys_url):
            _usable(address)
        body = json.dumps({"token": question}).encode()
        call = Call("POST", service.evaluate_url, (("content-type", "application/json"),), body)
        reply = await exchange(self._http, call, _WHAT)
        token = reply.document.get("token")
        if reply.status != 200 or not isinstance(token, str) or len(token) > LONGEST_ANSWER:
            raise Failure(Reason.INVALID_ANSWER, f"{_WHAT}: status {reply.status}, and no token that could be read")
        return read_answer(await self._proven(token, service.keys_url, now), nonce, now)

    async def _proven(self, token: str, keys_url: str, now: int) -> Mapping[str, Any]:
        header = read_header(token, _ALGORITHMS, _WHAT)
        remembered = self._remembered(keys_url)
        keys = await remembered.get(now)
        try:
            return verify_signature(token, header, keys, _WHAT)
        except KeyUnknown:
            newer = await remembered.renew(now, keys)
            if newer is None:
                raise
            return verify_signature(token, header, newer, _WHAT)

    def _remembered(self, keys_url: str) -> Remembered[KeySet]:
        known = self._keys.get(keys_url)
        if known is None:
            if len(self._keys) >= _MOST_KEY_SETS:
                self._keys.pop(next(iter(self._keys)))
            known = self._keys[keys_url] = Remembered(partial(self._fetch, keys_url), KEY_SET_PACE)
        return known

    async def _fetch(self, keys_url: str) -> KeySet:
        reply = await exchange(self._http, Call("GET", keys_url), "key set")
        if reply.status != 200:
            raise Failure(Reason.UNAVAILABLE, f"key set: status {reply.status}")
        return read_key_set(reply.document)


def read_answer(claims: Mapping[str, Any], nonce: str, now: int) -> bool:
    """Whether proven claims say yes to the question with this nonce.

    Raises:
        Failure: INVALID_ANSWER; another question's answer, an old one, or neither yes nor no.
    """
    said, expires, success = claims.get("nonce"), claims.get("exp"), claims.get("success")
    if not isinstance(said, str) or not nonce or not hmac.compare_digest(said.encode(), nonce.encode()):
        raise Failure(Reason.INVALID_ANSWER, f"{_WHAT}: nonce is not this question's")
    if isinstance(expires, bool) or not isinstance(expires, int | float) or not now < expires:
        raise Failure(Reason.INVALID_ANSWER, f"{_WHAT}: exp is missing or over")
    if not isinstance(success, bool):
        raise Failure(Reason.INVALID_ANSWER, f"{_WHAT}: success is neither true nor false")
    return success


def _usable(address: str) -> None:
    try:
        check_web_address(address)
    except ValueError as error:
        raise Failure(Reason.CONFIGURATION, str(error)) from error
