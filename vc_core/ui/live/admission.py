"""Who may sing live: single-use tickets that tie a socket to the page's session, and limits of sessions at once."""

import os
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from vc_core.errors import UserError
from vc_core.ui.live.converting import Choice
from vc_core.ui.live.session import LiveSession
from vc_core.ui.server.sessions import is_shared

TICKET_SECONDS = 60.0
"""How long a ticket is valid: in this time, users permit the microphone."""
MAX_TICKETS = 1000
MAX_SINGERS = max(2, 2 * (os.cpu_count() or 1))
"""At once on this server; an instant voice takes about a third of a core."""


@dataclass(frozen=True)
class Ticket:
    """What a session asked for by an event of the page; its socket can't ask for anything else."""

    session: str
    language: str
    choice: Choice
    expires: float


def limit_seconds() -> float:
    """Of one session: ten minutes on a shared page."""
    return 10 * 60 if is_shared() else 12 * 3600


class LiveSessions:
    """Tickets, running sessions and finished recordings of this server, by the hash of the page's session."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tickets: OrderedDict[str, Ticket] = OrderedDict()
        self._running: dict[str, LiveSession] = {}
        self._recordings: OrderedDict[str, Path] = OrderedDict()

    def issue(self, session: str, language: str, choice: Choice) -> str:
        """A new ticket, or a `UserError` if the session could not start now."""
        with self._lock:
            self._check_limits(session)
            ticket = secrets.token_urlsafe(32)
            self._tickets[ticket] = Ticket(session, language, choice, time.monotonic() + TICKET_SECONDS)
            while len(self._tickets) > MAX_TICKETS:
                self._tickets.popitem(last=False)
            return ticket

    def redeem(self, ticket: str) -> Ticket | None:
        """Each ticket once."""
        with self._lock:
            found = self._tickets.pop(ticket, None)
        return found if found and time.monotonic() < found.expires else None

    def admit(self, ticket: Ticket, session: LiveSession) -> None:
        """Take one of the places, until `release`."""
        with self._lock:
            self._check_limits(ticket.session)
            self._running[ticket.session] = session

    def release(self, ticket: Ticket) -> None:
        with self._lock:
            self._running.pop(ticket.session, None)

    def list_sessions(self) -> list[LiveSession]:
        """Those that sing now."""
        with self._lock:
            return list(self._running.values())

    def is_singing(self, session: str) -> bool:
        return session in self._running

    def change(self, session: str, choice: Choice) -> None:
        """Change voice and key of a session that sings."""
        with self._lock:
            if running := self._running.get(session):
                running.choice = choice

    def add_recording(self, session: str, path: Path) -> None:
        with self._lock:
            self._recordings[session] = path
            while len(self._recordings) > MAX_TICKETS:
                self._recordings.popitem(last=False)

    def take_recording(self, session: str) -> Path | None:
        with self._lock:
            return self._recordings.pop(session, None)

    def _check_limits(self, session: str) -> None:
        if session in self._running:
            raise UserError("You are singing live already. Stop there first.")
        if len(self._running) >= MAX_SINGERS:
            raise UserError(
                "The server is busy: {count} people are singing live. Try again later.", count=len(self._running)
            )


@cache
def get_live_sessions() -> LiveSessions:
    """Those of this server."""
    return LiveSessions()
