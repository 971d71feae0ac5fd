"""The admission worker, but for receipts."""

from dataclasses import replace

from bench.unreceipted import without_receipt
from domain.queue.commands import EnterQueue
from workers import admission
from workers.boot import serve
from workers.handlers import HANDLERS

_USUAL = HANDLERS[EnterQueue]
HANDLERS[EnterQueue] = replace(_USUAL, handler=without_receipt(_USUAL.handler))
serve({"queue": admission})
