"""Looks at the service and the domain again and again: fills gauges, and throttles by what it has found.

The look at the domain takes a place in line, and a while in its thread: it is done seldom enough that it takes no more
than a fortieth of the time. What it found last is what is told in between.
"""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

from deleverage.service.desk import Desk
from deleverage.service.levels import DEFAULT, Ladder, Level, Measures
from deleverage.service.meters import Meters
from deleverage.service.questions.vitals import VitalsQuestion, VitalsView
from deleverage.service.rates import Rates
from deleverage.service.rounds.office import Office

PPB = 10**9
_LOG = logging.getLogger("deleverage.service")
LOOK_S, EVERY_S = 0.1, 2.0
REST = 40
"""How many times as long as the look at the domain took it is left alone."""


class Watch:
    """The eyes of a service. ``work`` looks until it is cancelled; ``look`` once."""

    def __init__(
        self,
        desk: Desk,
        meters: Meters,
        rates: Rates,
        office: Office | None = None,
        *,
        places: int,
        levels: tuple[Level, ...] = DEFAULT,
        mass_reads: Callable[[], int] = int,
        clients: Callable[[], int] = int,
        clock_s: Callable[[], float] = monotonic,
    ) -> None:
        """Watch a desk with so many places in line; ``mass_reads`` and ``clients`` are asked for their numbers."""
        self.ladder, self.meters = Ladder(levels), meters
        self._desk, self._rates, self._office, self._places = desk, rates, office, places
        self._mass_reads, self._clients, self._clock_s = mass_reads, clients, clock_s
        self._stress_ppb = 0

    async def work(self) -> None:
        """Look at the service every tenth of a second, at the domain as often as is fair; neither waits for the other.

        A look that fails is told to the log and done again: nothing is throttled by what was seen long ago.
        """
        await asyncio.gather(self._look_at_service_always(), self._look_at_domain_always())

    async def _look_at_service_always(self) -> None:
        while True:
            before_s = self._clock_s()
            await asyncio.sleep(LOOK_S)
            try:
                self.look(max(0.0, self._clock_s() - before_s - LOOK_S))
            except Exception:
                _LOG.exception("a look at the service failed")

    async def _look_at_domain_always(self) -> None:
        while True:
            started_s = self._clock_s()
            try:
                await self.look_at_domain()
            except Exception as error:  # a domain that has stopped, a full line: what was found before is still told
                _LOG.debug("no look at the domain: %s", error)
            await asyncio.sleep(max(EVERY_S, REST * (self._clock_s() - started_s)))

    def look(self, lag_s: float = 0.0) -> None:
        """Look at the service: line, lag, level; and put the level into force."""
        ladder, waiting = self.ladder, self._desk.waiting
        measures = Measures(100 * waiting // self._places, int(1_000 * lag_s), self._stress_ppb)
        ladder.look(measures, self._clock_s())
        self._rates.factor_percent, self._rates.shed = ladder.factor_percent, ladder.shed
        self._rates.level = ladder.level.name
        self.meters.set(
            line_commands=waiting,
            line_places=self._places,
            loop_lag_seconds=lag_s,
            throttle_level=ladder.standing.at,
            throttle_load_level=ladder.standing.by_load,
            throttle_factor_ratio=ladder.factor_percent / 100,
            mass_reads=self._mass_reads(),
            stream_clients=self._clients(),
            up=not self._desk.trouble,
        )
        self.meters.close(self._desk.trouble.partition(":")[0][:40])
        if self._office is not None:
            listed = self._office.proposals.listed().proposals
            self.meters.set(
                gate_open=self._office.gate.is_open, proposals_open=sum(one.state == "open" for one in listed)
            )

    async def look_at_domain(self) -> None:
        """Look at the domain."""
        vitals = await self._desk.ask(VitalsQuestion())
        assert isinstance(vitals, VitalsView)
        self.take(vitals)

    def take(self, vitals: VitalsView) -> None:
        """Fill gauges with what was found."""
        measured = vitals.stress_ppb != ""
        self._stress_ppb = int(vitals.stress_ppb) if measured else self.meters.last_stress_ppb
        names = ("fund_cash", "fund_fees", "fund_surplus", "residual", "claims")
        said = (vitals.cash_quanta, vitals.fees_quanta, vitals.surplus_quanta)
        quanta = (*said, vitals.residual_quanta, vitals.claims_quanta)
        self.meters.set(
            journal_epoch=int(vitals.epoch),
            journal_seq=int(vitals.seq),
            steps=int(vitals.steps),
            halted=vitals.halted,
            halted_markets=int(vitals.halted_markets),
            guarded_markets=int(vitals.guarded_markets),
            stress_ratio=self._stress_ppb / PPB,
            stress_measured=measured,
            fund_paused_pools=int(vitals.paused_pools),
            auctions=int(vitals.auctions),
            units=int(vitals.units),
            markets=int(vitals.markets),
            **{f"{name}_quanta": int(value) for name, value in zip(names, quanta, strict=True)},
        )
        self.meters.age(int(vitals.oldest_mark_time_ns))
        if measured:
            self.meters.allow(2, vitals.reduce_most_quanta)
            self.meters.allow(5, vitals.close_most_quanta)
