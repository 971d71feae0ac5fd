"""Which repository keeps which state: one line for each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from domain.distribution.order import Completion
from domain.draw.state import Counting, Draw, DrawCompletion, LoggedStep, Passed, Recorded
from domain.draw.state import Entry as DrawEntry
from domain.experiences.state import Experience
from domain.experiences.state import Sequence as Path
from domain.mail import OutboxMail
from domain.organizations.state import ApiKey, Organization
from domain.people.state import Consumer, Profile, Session, Visit
from domain.queue.state import Entry, Queue, Requeued
from domain.sequence import SequenceFacts
from domain.tenant import TenantFacts
from store.repositories.base import Repository, Tenancy
from store.repositories.completions import Completions, DrawCompletions
from store.repositories.draw_entries import DrawEntries
from store.repositories.draw_ranks import CountingEntries, PassedGroups, Steps
from store.repositories.draw_record import Record
from store.repositories.draws import Draws
from store.repositories.entries import Entries
from store.repositories.experiences import Experiences, Paths
from store.repositories.organizations import Keys, Organizations
from store.repositories.outbox import Mails
from store.repositories.people import Consumers, Profiles, Sessions, Visits
from store.repositories.queues import Queues
from store.repositories.requeues import Requeues
from store.repositories.sequences import Sequences
from store.repositories.tenants import Tenants


class Drawing:
    """The repositories of draws."""

    def __init__(self, scope: Tenancy) -> None:
        self.draws = Draws(scope)
        self.draw_entries = DrawEntries(scope)
        self.passed = PassedGroups(scope)
        self.counting = CountingEntries(scope)
        self.steps = Steps(scope)
        self.draw_completions = DrawCompletions(scope)
        self.record = Record(scope)

    def _of_draws(self) -> dict[type, Repository[Any, Any]]:
        return {
            Draw: self.draws,
            DrawEntry: self.draw_entries,
            Passed: self.passed,
            Counting: self.counting,
            LoggedStep: self.steps,
            DrawCompletion: self.draw_completions,
            Recorded: self.record,
        }


class Repositories(Drawing):
    """The repositories of one drain. Rows that others refer to are written first."""

    def __init__(self, scope: Tenancy) -> None:
        super().__init__(scope)
        self.scope = scope
        self.tenants = Tenants(scope)
        self.organizations = Organizations(scope)
        self.keys = Keys(scope)
        self.sequences = Sequences(scope)
        self.experiences = Experiences(scope)
        self.paths = Paths(scope)
        self.consumers = Consumers(scope)
        self.profiles = Profiles(scope)
        self.sessions = Sessions(scope)
        self.visits = Visits(scope)
        self.queues = Queues(scope)
        self.entries = Entries(scope)
        self.requeues = Requeues(scope)
        self.completions = Completions(scope)
        self.mails = Mails(scope)
        self._of: dict[type, Repository[Any, Any]] = {
            TenantFacts: self.tenants,
            Organization: self.organizations,
            ApiKey: self.keys,
            SequenceFacts: self.sequences,
            Experience: self.experiences,
            Path: self.paths,
            Consumer: self.consumers,
            Profile: self.profiles,
            Session: self.sessions,
            Visit: self.visits,
            Queue: self.queues,
            Entry: self.entries,
            Requeued: self.requeues,
            Completion: self.completions,
            **self._of_draws(),
            OutboxMail: self.mails,
        }

    def repository_of(self, kind: type) -> Repository[Any, Any]:
        """The repository that keeps states of this class."""
        return self._of[kind]

    def in_use(self) -> Iterable[Repository[Any, Any]]:
        """All repositories, in the order in which their rows are written."""
        return self._of.values()
