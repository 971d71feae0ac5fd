"""Of every command there is: one as short and one as long as it can be, with ids that are the same every time."""

from base64 import b64encode
from datetime import UTC, datetime
from uuid import UUID

from domain.command import Command
from domain.distribution.order import OrderDetails, OrderItem
from domain.distribution.state import Scope
from domain.draw import commands as draws
from domain.draw.config import DrawConfig
from domain.experiences import commands as experiences
from domain.experiences.config import ExperienceConfig, SequenceConfig
from domain.guest import NewGuest
from domain.organizations import commands as organizations
from domain.organizations.config import OrganizationConfig
from domain.organizations.state import KeyKind, Mode
from domain.people import commands as people
from domain.queue import commands as queues
from domain.queue.config import QueueConfig
from tests.support.rounds import ROUNDS


def own(number: int) -> UUID:
    """An id."""
    return UUID(f"01900000-0000-7000-8000-{number:012x}")


TENANT, QUEUE, PERSON, ENTRY, GRANT, SESSION, EXPERIENCE, SEQUENCE, KEY = map(own, range(1, 10))
DRAW = own(10)
NOON = datetime(2026, 11, 21, 12, 0, 0, 250_000, tzinfo=UTC)
LATER = datetime(2026, 11, 22, 12, tzinfo=UTC)
MUCH_LATER = datetime(2026, 12, 22, 12, tzinfo=UTC)
GUEST = NewGuest(session_id=SESSION, refresh_hash="5e" * 32)
IMPRINT = organizations.Imprint(hash="a5" * 32, prefix="dr_sk_live_", last4="wxyz")
QUEUE_CONFIG = QueueConfig(name="Main door", admit_rate=60)
LONG_QUEUE_CONFIG = QueueConfig(
    name="Côté jardin", open_at=NOON, close_at=LATER, entry_open_at=NOON, time_zone="Europe/Vienna", supports_guest=False,
    admission_expiration_seconds=60, completion_grace_seconds=0, on_expiry="requeue", requeue_limit=10, max_validations=1,
    max_quantity_per_consumer=1000, admit_rate=600_000, batch_interval_seconds=300, admit_burst=1, capacity=1,
    max_admissions=2, max_active_grants=3, max_completions_per_consumer=100, service_close_at=LATER,
    idle_timeout_seconds=60, position_display_mode="qualitative", metadata={"stage": "east"},
)  # fmt: skip
DRAW_CONFIG = DrawConfig(name="Raffle", draw_at=LATER, winner_count=10)
LONG_DRAW_CONFIG = DrawConfig(
    name="Grande tombola", open_at=NOON, close_at=LATER, draw_at=LATER, winner_count=1_000_000, capacity=100_000_000,
    claim_close_at=MUCH_LATER, time_zone="Europe/Vienna", supports_guest=False, admission_expiration_seconds=60,
    completion_grace_seconds=0, on_expiry="requeue", requeue_limit=10, max_validations=1, max_quantity_per_consumer=1000,
    continue_selecting_until_completed=False, alternate_count=0, replaces_draw_id=QUEUE, max_tickets_per_entry=1000,
    max_people_per_entry=100, tickets_by="entrant", entries_by="organization", randomness="beacon", metadata={"stage": "east"},
)  # fmt: skip
ORGANIZATION_CONFIG = OrganizationConfig(name="Harbour Hall", slug="harbour", currency_code="EUR")
EXPERIENCE_CONFIG = ExperienceConfig(name="Opening night")
LONG_EXPERIENCE_CONFIG = ExperienceConfig(
    name="Opening night", slug="opening", description="All of it.", open_at=NOON, close_at=LATER, metadata={"a": "b"}
)
SEQUENCE_CONFIG = SequenceConfig(name="Default")
LONG_SEQUENCE_CONFIG = SequenceConfig(name="Members", color="#00ff7f", priority=7, show_when_gated=True)
FIRST_KEY = organizations.FirstKey(name="First", kind=KeyKind.SECRET, mode=Mode.LIVE, imprint=IMPRINT)
CHANGES = {"name": "Side door", "capacity": None, "metadata": {"stage": None}}

EXAMPLES: tuple[Command, ...] = (
    organizations.CreateOrganization(live_tenant_id=own(20), test_tenant_id=own(21), config=ORGANIZATION_CONFIG),
    organizations.CreateOrganization(
        live_tenant_id=own(20), test_tenant_id=own(21), config=ORGANIZATION_CONFIG, keys=(FIRST_KEY,)
    ),
    organizations.UpdateOrganization(changes={}),
    organizations.UpdateOrganization(changes=CHANGES, replace=True, if_version=3),
    organizations.CreateKey(tenant_id=TENANT, name="Shop", kind=KeyKind.PUBLISHABLE, mode=Mode.TEST, imprint=IMPRINT),
    organizations.CreateKey(
        tenant_id=TENANT, name="Shop", kind=KeyKind.SECRET, mode=Mode.LIVE, scopes=(), expires_at=LATER, imprint=IMPRINT
    ),
    organizations.RotateKey(tenant_id=TENANT, key_id=KEY, imprint=IMPRINT),
    organizations.RotateKey(tenant_id=TENANT, key_id=KEY, imprint=IMPRINT, overlap_seconds=0),
    organizations.NoteKeyUse(tenant_id=TENANT, uses=()),
    organizations.NoteKeyUse(tenant_id=TENANT, uses=(organizations.KeyUse(key_id=KEY, at=NOON),)),
    organizations.RevokeKey(tenant_id=TENANT, key_id=KEY),
    experiences.CreateExperience(tenant_id=TENANT, config=EXPERIENCE_CONFIG),
    experiences.CreateExperience(tenant_id=TENANT, config=LONG_EXPERIENCE_CONFIG, sequences=(LONG_SEQUENCE_CONFIG,)),
    experiences.CreateExperience(
        tenant_id=TENANT, config=ExperienceConfig(name="Night"), sequences=(SequenceConfig(name="Door"),),
        distributions=(
            experiences.Nested(
                sequence=0, type="queue", settings=QUEUE_CONFIG.model_dump(mode="json", by_alias=True)
            ),
        ),
    ),
    experiences.DuplicateExperience(tenant_id=TENANT, experience_id=EXPERIENCE),
    experiences.DuplicateExperience(tenant_id=TENANT, experience_id=EXPERIENCE, name="Again", shift_seconds=-60),
    experiences.UpdateExperience(tenant_id=TENANT, experience_id=EXPERIENCE, changes={}),
    experiences.UpdateExperience(
        tenant_id=TENANT, experience_id=EXPERIENCE, changes=CHANGES, replace=True, if_version=3
    ),
    experiences.PublishExperience(tenant_id=TENANT, experience_id=EXPERIENCE),
    experiences.UnpublishExperience(tenant_id=TENANT, experience_id=EXPERIENCE),
    experiences.ArchiveExperience(tenant_id=TENANT, experience_id=EXPERIENCE),
    experiences.ArchiveExperience(tenant_id=TENANT, experience_id=EXPERIENCE, if_version=3),
    experiences.CreateSequence(tenant_id=TENANT, experience_id=EXPERIENCE, config=SEQUENCE_CONFIG),
    experiences.CreateSequence(tenant_id=TENANT, experience_id=EXPERIENCE, config=LONG_SEQUENCE_CONFIG),
    experiences.UpdateSequence(tenant_id=TENANT, sequence_id=SEQUENCE, changes={}),
    experiences.UpdateSequence(tenant_id=TENANT, sequence_id=SEQUENCE, changes=CHANGES, replace=True, if_version=3),
    experiences.ArchiveSequence(tenant_id=TENANT, sequence_id=SEQUENCE),
    experiences.ArchiveSequence(tenant_id=TENANT, sequence_id=SEQUENCE, if_version=3),
    people.StartGuestSession(consumer_id=PERSON, guest=GUEST),
    people.RefreshSession(consumer_id=PERSON, session_id=SESSION, presented_hash="aa", next_hash="bb"),
    people.EndSession(consumer_id=PERSON, session_id=SESSION),
    people.EndSession(consumer_id=PERSON, session_id=SESSION, all_devices=True),
    people.SignAccessToken(consumer_id=PERSON, session_id=SESSION),
    people.SignAccessToken(consumer_id=PERSON, session_id=SESSION, refresh_hash="aa"),
    people.UpdateProfile(consumer_id=PERSON, session_id=SESSION, changes={"fullName": "Ada", "timeZone": None}),
    people.EraseConsumer(consumer_id=PERSON, session_id=SESSION),
    people.EnterExperience(consumer_id=PERSON, session_id=SESSION, experience_id=EXPERIENCE),
    people.LeaveExperience(consumer_id=PERSON, session_id=SESSION, experience_id=EXPERIENCE),
    queues.CreateQueue(queue_id=QUEUE, sequence_id=SEQUENCE, config=QUEUE_CONFIG),
    queues.CreateQueue(queue_id=QUEUE, sequence_id=SEQUENCE, config=LONG_QUEUE_CONFIG),
    queues.UpdateQueue(queue_id=QUEUE, changes={}),
    queues.UpdateQueue(queue_id=QUEUE, changes=CHANGES, replace=True, if_version=3),
    queues.ArchiveQueue(queue_id=QUEUE),
    queues.ArchiveQueue(queue_id=QUEUE, if_version=3),
    queues.PauseQueue(queue_id=QUEUE),
    queues.PauseQueue(queue_id=QUEUE, scope=Scope.ALL, reason="rain", resume_at=LATER),
    queues.ResumeQueue(queue_id=QUEUE),
    queues.ResumeQueue(queue_id=QUEUE, shift_schedule=True, extend_grants_seconds=60),
    queues.KillQueue(queue_id=QUEUE, reason="fire"),
    queues.KillQueue(queue_id=QUEUE, reason="fire", revoke_grants=True),
    queues.KnockQueue(queue_id=QUEUE),
    queues.KnockQueue(queue_id=QUEUE, after_slice=True),
    queues.EnterQueue(queue_id=QUEUE, consumer_id=PERSON),
    queues.EnterQueue(
        queue_id=QUEUE, consumer_id=PERSON, is_guest=False, quantity=3, guest=GUEST, session_id=SESSION
    ),
    queues.LeaveQueue(queue_id=QUEUE, consumer_id=PERSON),
    queues.LeaveQueue(queue_id=QUEUE, consumer_id=PERSON, entry_id=ENTRY, session_id=SESSION),
    queues.AdmitEntry(queue_id=QUEUE, consumer_id=PERSON),
    queues.AdmitEntry(queue_id=QUEUE, consumer_id=PERSON, note="press"),
    queues.DenyEntry(queue_id=QUEUE, consumer_id=PERSON, reason="BOT_DETECTED"),
    queues.DenyEntry(queue_id=QUEUE, consumer_id=PERSON, reason="BOT_DETECTED", note="too fast"),
    queues.ValidateGrant(queue_id=QUEUE, entry_id=ENTRY, grant_id=GRANT),
    queues.ValidateGrant(queue_id=QUEUE, entry_id=ENTRY, grant_id=GRANT, consumer_id=PERSON),
    queues.CompleteGrant(queue_id=QUEUE, order_id="order-1", consumer_id=PERSON),
    queues.CompleteGrant(queue_id=QUEUE, order_id="order-1", entry_id=ENTRY, grant_id=GRANT),
    queues.CompleteGrant(
        queue_id=QUEUE, order_id="order-1", entry_id=ENTRY, grant_id=GRANT,
        order=OrderDetails(
            order_amount="12.50", currency_code="EUR", metadata={"till": "3"},
            items=(OrderItem(product_id=own(31), variant_id=own(32), quantity=2), OrderItem(product_id=own(33))),
        ),
    ),
    queues.NotePresence(queue_id=QUEUE, entry_ids=()),
    queues.NotePresence(queue_id=QUEUE, entry_ids=(ENTRY, own(30)), listened=True),
    queues.SignGrant(queue_id=QUEUE, entry_id=ENTRY, grant_id=GRANT),
    draws.CreateDraw(draw_id=DRAW, sequence_id=SEQUENCE, config=DRAW_CONFIG),
    draws.CreateDraw(draw_id=DRAW, sequence_id=SEQUENCE, config=LONG_DRAW_CONFIG),
    draws.UpdateDraw(draw_id=DRAW, changes={}),
    draws.UpdateDraw(draw_id=DRAW, changes=CHANGES, replace=True, if_version=3),
    draws.ArchiveDraw(draw_id=DRAW),
    draws.ArchiveDraw(draw_id=DRAW, if_version=3),
    draws.PauseDraw(draw_id=DRAW),
    draws.PauseDraw(draw_id=DRAW, scope=Scope.ALL, reason="rain", resume_at=LATER),
    draws.ResumeDraw(draw_id=DRAW),
    draws.ResumeDraw(draw_id=DRAW, shift_schedule=True),
    draws.KillDraw(draw_id=DRAW, reason="fire"),
    draws.KillDraw(draw_id=DRAW, reason="fire", revoke_grants=True),
    draws.GiveBeacon(draw_id=DRAW, round=42, signature=ROUNDS[42]),
    draws.KnockDraw(draw_id=DRAW),
    draws.KnockDraw(draw_id=DRAW, after_slice=True),
    draws.EnterDraw(draw_id=DRAW, consumer_id=PERSON),
    draws.EnterDraw(
        draw_id=DRAW, consumer_id=PERSON, is_guest=False, quantity=3, tickets=1000, people=100,
        duplicate_key=b64encode(bytes(range(32))), guest=GUEST, session_id=SESSION, by_organization=True,
    ),
    draws.EnterDraw(draw_id=DRAW, consumer_id=PERSON, preferences=("stalls", "balcony")),
    draws.LeaveDraw(draw_id=DRAW, consumer_id=PERSON),
    draws.LeaveDraw(draw_id=DRAW, consumer_id=PERSON, entry_id=ENTRY, session_id=SESSION),
    draws.DenyEntrant(draw_id=DRAW, consumer_id=PERSON, reason="BOT_DETECTED"),
    draws.DenyEntrant(draw_id=DRAW, consumer_id=PERSON, reason="BOT_DETECTED", note="too fast"),
    draws.ValidateWin(draw_id=DRAW, entry_id=ENTRY, grant_id=GRANT),
    draws.ValidateWin(draw_id=DRAW, entry_id=ENTRY, grant_id=GRANT, consumer_id=PERSON),
    draws.CompleteWin(draw_id=DRAW, order_id="order-1", consumer_id=PERSON),
    draws.CompleteWin(draw_id=DRAW, order_id="order-1", entry_id=ENTRY, grant_id=GRANT),
    draws.CompleteWin(
        draw_id=DRAW, order_id="order-1", entry_id=ENTRY, grant_id=GRANT,
        order=OrderDetails(order_amount="12.50", currency_code="EUR", items=(OrderItem(product_id=own(33)),)),
    ),
    draws.SignWin(draw_id=DRAW, entry_id=ENTRY, grant_id=GRANT),
)  # fmt: skip
