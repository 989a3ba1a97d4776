"""A ticket for the handshake of a stream."""

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from deleverage.service.routes.commands import Who
from deleverage.service.tickets import LASTS_S, Tickets


class TicketView(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket, and how long it lasts."""

    ticket: str
    lasts_s: str


@post("/v1/tickets", status_code=200, summary="Get a ticket for the handshake of a stream, good once")
async def ticket(tickets: NamedDependency[SkipValidation[Tickets]], principal: Who) -> TicketView:
    """Return a new ticket for whoever signed the request."""
    return TicketView(ticket=tickets.issue(principal), lasts_s=str(LASTS_S))
