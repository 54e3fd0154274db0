"""What other services said about a login (access.md 4.8), for as long as it lasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, bindparam, delete, exists, select, text

from doorward.policy.learned import Evaluation, Word
from doorward.store.database import Database
from doorward.store.schema import evaluations, sessions

_KEEP = text(
    "INSERT INTO evaluations (session_nonce, evaluate_url, keys_url, word, because, at) "
    "VALUES (:session_nonce, :evaluate_url, :keys_url, :word, :because, :at) "
    "ON CONFLICT (session_nonce, evaluate_url, keys_url) DO UPDATE SET word = excluded.word, "
    "because = excluded.because, at = excluded.at"
)
_OF = select(evaluations).where(
    evaluations.c.session_nonce == bindparam("session"), evaluations.c.at >= bindparam("since")
)
_PRUNE = delete(evaluations).where(~exists().where(sessions.c.nonce == evaluations.c.session_nonce))

Answers = Mapping[tuple[str, str], Evaluation]
"""By ``evaluate_url`` and ``keys_url``."""
_LONGEST: Final = 500
"""Characters of an explanation."""


class Evaluations:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, session_nonce: str, answers: Answers, now: int) -> None:
        """Remember what was just said; earlier words of the same services are replaced."""
        rows = [
            {
                "session_nonce": session_nonce, "evaluate_url": evaluate_url, "keys_url": keys_url,
                "word": found.word.value, "because": found.because[:_LONGEST], "at": now,
            }
            for (evaluate_url, keys_url), found in answers.items()
        ]  # fmt: skip
        if not rows:
            return

        def keep(connection: Connection) -> None:
            connection.execute(_KEEP, rows)

        await self._database.write(keep)

    async def of(self, session_nonce: str, since: int = 0) -> Answers:
        """What was said about this login at or after ``since`` (Unix seconds)."""
        values = {"session": session_nonce, "since": since}
        rows = await self._database.read(lambda connection: connection.execute(_OF, values).all())
        return {(row.evaluate_url, row.keys_url): Evaluation(word=Word(row.word), because=row.because) for row in rows}


def prune(connection: Connection) -> None:
    """Drop what was said about logins that are gone (prune those first)."""
    connection.execute(_PRUNE)
