"""What the policies say about somebody who has just signed in, or still is: everything they ask for is gathered first.

Gather what is known, evaluate, ask the services that the outcome still depends on, evaluate again.
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from doorward.applications import Application
from doorward.identity import Identity
from doorward.login.verdict import login_verdict
from doorward.login.visit import Visit
from doorward.policy.learned import NOTHING_LEARNED, Evaluation, Learned, Word
from doorward.policy.questions import asks_for_evaluations, asks_for_reports, open_questions
from doorward.policy.rules_elsewhere import ExternalEvaluationValue
from doorward.policy.verdict import Verdict
from doorward.reports import learned
from doorward.services import Services
from doorward.sessions import Session
from doorward.sessions.question import question_claims
from doorward.tokens.jwt import mint_question

MOST_QUESTIONS: Final = 8
"""Services that one login may ask; a policy that names more gets no answer from the others."""

log = structlog.get_logger(__name__)


async def personal_verdict(visit: Visit, services: Services, session: Session, application: Application) -> Verdict:
    """The verdict about this session. What other services answered is kept for as long as it lasts."""
    known = await reported(visit, services, session.identity, application)
    answers: dict[tuple[str, str], Evaluation] = {}
    while True:
        evidence = visit.evidence(session.identity).model_copy(
            update={"learned": known.model_copy(update={"evaluations": answers})}
        )
        verdict = login_verdict(application, evidence, visit.snapshot)
        questions = open_questions(verdict)
        if not questions:
            break
        room = max(0, MOST_QUESTIONS - len(answers))
        said = await asyncio.gather(*(_ask(visit, services, session, question) for question in questions[:room]))
        said += [_UNASKED] * (len(questions) - len(said))
        answers |= {(one.evaluate_url, one.keys_url): word for one, word in zip(questions, said, strict=True)}
    await services.store.evaluations.keep(session.nonce, answers, visit.now)
    return verdict


async def standing_verdict(visit: Visit, services: Services, session: Session, application: Application) -> Verdict:
    """The same a moment later. No service is asked again: what they said since the rules changed is what counts."""
    known = await reported(visit, services, session.identity, application)
    if asks_for_evaluations(application.policies, visit.snapshot.directory):
        # A second earlier: the mark is the second after the change, and what was said in that of the change may be new.
        answers = await services.store.evaluations.of(session.nonce, since=application.not_before - 1)
        known = known.model_copy(update={"evaluations": answers})
    evidence = visit.evidence(session.identity).model_copy(update={"learned": known})
    return login_verdict(application, evidence, visit.snapshot)


async def reported(visit: Visit, services: Services, identity: Identity, application: Application) -> Learned:
    """What is reported about a person, if the application's policies ask for it."""
    if not asks_for_reports(application.policies, visit.snapshot.directory):
        return NOTHING_LEARNED
    held = await services.store.reports.about(identity.email)
    return learned(held, visit.snapshot.report_sources, visit.now)


_UNASKED: Final = Evaluation(word=Word.FAILED, because=f"more than {MOST_QUESTIONS} services would have to be asked")


async def _ask(visit: Visit, services: Services, session: Session, service: ExternalEvaluationValue) -> Evaluation:
    nonce = services.token()
    claims = question_claims(session, visit.organization, service.evaluate_url, visit.now, nonce)
    try:
        question = mint_question(claims, visit.snapshot.keys.current(visit.now))
    except ValueError as error:
        return Evaluation(word=Word.FAILED, because=f"{service.evaluate_url} was not asked: {error}")
    said = await services.providers.evaluator.ask(service, question, nonce, visit.now)
    if said.word is Word.FAILED:
        log.warning("external_evaluation_failed", request_id=visit.id, reason=said.because)
    return said
