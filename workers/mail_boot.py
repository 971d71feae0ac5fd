"""What the process that delivers mail does before the first ring."""

from __future__ import annotations

from functools import partial

from runtime import metrics
from runtime.broker import broker_at, install
from runtime.logging import configure
from runtime.preflight import check
from runtime.settings import Settings, settings
from store import database, preflight
from workers.boot import Shutdown
from workers.delivery import Delivery, actor
from workers.smtp import Relay


def serve_mail() -> None:
    """Make this process a deliverer: dramatiq imports the module that calls it and finds the actor."""
    chosen = settings()
    configure(chosen.log_level)
    check(chosen, partial(preflight.of_role, chosen.database_url, database.WORKER))
    install(broker_at(chosen.bell_url, Shutdown()))
    actor(delivery(chosen))
    metrics.serve(chosen.metrics_port, chosen.host)


def delivery(chosen: Settings) -> Delivery:
    """The delivery of these settings; SystemExit when they name no receiver."""
    if chosen.smtp_url is None:
        raise SystemExit("There is nowhere to send mail: set SMTP_URL, or leave this process out.")
    engine = database.engine(chosen.database_url, database.WORKER, pool=chosen.worker_threads + 2)
    sender = chosen.mail_from or f"no-reply@{chosen.domain}"
    return Delivery(engine, Relay(chosen.smtp_url), sender, chosen.operator_email)
