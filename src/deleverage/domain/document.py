"""One JSON document that says what a run did: the same run gives the same bytes; timings are not part of it.

Money is a decimal string of the settlement currency (``units.money``), lots are whole lots of their market, prices
decimals. ``schemas/run.json`` describes every key. Long lists are bounded, and say how many they left out:

* a ``queue`` lists everybody who was touched and the next ten in line, ``queue_rest`` counts the others;
* ``accounts`` lists everybody up to ``ACCOUNTS_SHOWN`` units, beyond that those that a forced act touched;
  ``accounts_rest`` counts and sums the others. Fills are never shortened.
"""

from deleverage import __version__
from deleverage.domain.conservation import Balance, balance
from deleverage.domain.player import Run
from deleverage.domain.records import STAGES, Owed, StageRecord, StepRecord, UnitState
from deleverage.domain.rounds import Json, RoundWriter
from deleverage.rulebook.messages import Residual
from deleverage.rulebook.plug import text_of
from deleverage.rulebook.quantities import Scale, format_units
from deleverage.scenarios.opening import sentence_of, terms_of

SCHEMA_VERSION = 1
RATE = Scale(1, 9)
ACCOUNTS_SHOWN = 1_000


def document(run: Run) -> Json:
    """Return the run as one JSON-ready document without floats."""
    return _Writer(run).document()


def residual_left(run: Run) -> bool:
    """Return whether something stays uncovered: a money residual, or a bankrupt unit with lots or a shortfall.

    Claims are no residual: a haircut was carried by whoever is owed it back, and a scenario knows no withdrawals.
    """
    book = run.domain.book
    return book.residual_quanta > 0 or any(unit.bankrupt for unit in book.units.values())


class _Writer:
    """Writes one document; knows the scales."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.scenario = run.scenario
        self.terms = {terms.market_id: terms for terms in run.scenario.markets}
        self.grains = {key: asset.terms.grain for key, asset in run.domain.book.assets.items()}

    def money(self, quanta: int) -> str:
        return format_units(quanta, self.scenario.money)

    def document(self) -> Json:
        run, scenario = self.run, self.scenario
        rules, rounds = scenario.rules, RoundWriter(self.terms, scenario.money)
        return {
            "schema_version": SCHEMA_VERSION,
            "kind": "run",
            "program": f"deleverage {__version__}",
            "scenario": {
                "name": scenario.name,
                "title": scenario.title,
                "lesson": scenario.lesson,
                "accounts": str(len(run.before)),
                "drawn_accounts": str(scenario.drawn_accounts),
                "seed": None if scenario.seed is None else str(scenario.seed),
                "note": scenario.note,
                "venue": scenario.venue or None,
            },
            "policy": rules.policy.name,
            "price_rule": text_of(rules.price),
            "loss_rule": text_of(rules.loss_rule),
            "rules_hash": rules.hash(),
            "units": self._units(),
            "summary": self._summary(),
            "stages": [self._stage(step, line) for step in run.steps for line in step.stages],
            "steps": [self._step(step) for step in run.steps],
            "rounds": [rounds.round_entry(step, item) for step in run.steps for item in step.rounds],
            "fund": self._fund(),
            "residuals": [self._residual(step, item) for step in run.steps for item in step.residuals],
            "refused": [
                {
                    "frame": item.frame,
                    "command": type(item.command).__name__,
                    "code": item.rejection.code.name,
                    "sentence": sentence_of(item.rejection, scenario.money, terms_of(run.domain.book, item.command)),
                }
                for item in run.refused
            ],
            **self._accounts(),
            "conservation": self._conservation(balance(run.domain.book)),
            "digest": run.domain.digest(),
        }

    def _units(self) -> Json:
        scenario = self.scenario
        return {
            "money": scenario.currency,
            "quantum": format_units(1, scenario.money),
            "markets": {
                market_id: {
                    "tick": format_units(1, terms.tick),
                    "lot": format_units(1, terms.lot),
                    "contract": terms.contract,
                    "money_per_tick_lot": self.money(terms.quanta_per_tick_lot),
                    "face": format_units(
                        terms.face_quanta_ticks,
                        Scale(terms.tick.units, scenario.money.decimals + terms.tick.decimals),
                    ),
                }
                for market_id, terms in sorted(self.terms.items())
            },
            "assets": {asset_id: format_units(1, grain) for asset_id, grain in sorted(self.grains.items())},
        }

    def _summary(self) -> Json:
        run = self.run
        rounds = [item for step in run.steps for item in step.rounds]
        pools = [pool for item in rounds for pool in item.fact.pools]
        book = run.domain.book
        return {
            "steps": len(run.steps),
            "rounds": len(rounds),
            "deleveraged_units": str(len({closing.unit_id for item in rounds for closing in item.fact.closings})),
            "closed_lots": str(sum(pool.closed_lots for pool in pools)),
            "netted_lots": str(sum(pool.netted_lots for pool in pools)),
            "fund_paid": self.money(self._taken(4)),
            "collected": self.money(sum(pool.collected_quanta for pool in pools)),
            "socialised": self.money(self._taken(6)),
            "residual": self.money(book.residual_quanta),
            "residual_lots": str(
                sum(abs(leg.lots) for u in book.units.values() if u.bankrupt for leg in u.legs.values())
            ),
            "claims": self.money(sum(book.claims.values())),
            "halted": book.halted,
        }

    def _taken(self, stage: int) -> int:
        return sum(line.taken_quanta for step in self.run.steps for line in step.stages if line.stage == stage)

    def _owed(self, owed: Owed) -> Json:
        return {"units": str(owed.units), "lots": str(owed.lots), "money": self.money(owed.shortfall_quanta)}

    def _stage(self, step: StepRecord, line: StageRecord) -> Json:
        return {
            "frame": step.frame,
            "step": step.step,
            "round": line.round,
            "stage": line.stage,
            "name": STAGES[line.stage],
            "taken": {"lots": str(line.taken_lots), "money": self.money(line.taken_quanta)},
            "told": "; ".join(line.told),
            "left": self._owed(line.left),
            "next": line.next,
        }

    def _step(self, step: StepRecord) -> Json:
        return {
            "frame": step.frame,
            "label": step.label,
            "step": step.step,
            "time_ns": str(step.time_ns),
            "marks": {name: format_units(ticks, self.terms[name].tick) for name, ticks in step.marks.items()},
            "factors": {name: format_units(ppb, RATE) for name, ppb in step.factors_ppb.items()},
            "guarded": list(step.guarded),
            "spared": [
                {"unit": one.unit_id, "market": one.market_id, "until_ns": str(one.until_ns)} for one in step.spared
            ],
            "news": list(step.news),
            "on_offer": list(step.on_offer),
            "throttles": [
                {
                    "stage": one.stage,
                    "stress_ppb": str(one.stress_ppb),
                    "most": self.money(one.most_quanta),
                    "done": self.money(one.done_quanta),
                    "binds": one.binds,
                }
                for one in step.throttles
            ],
            "stopped": step.stopped,
        }

    # -- the ends -----------------------------------------------------------------------------------------------------

    def _fund(self) -> Json:
        path = [
            {
                "frame": s.frame,
                "step": s.step,
                "before": self.money(s.fund_before_quanta),
                "after": self.money(s.fund_after_quanta),
            }
            for s in self.run.steps
        ]
        now = self.run.domain.book.fund_quanta()
        return {"start": self.money(self.run.fund_before_quanta), "path": path, "end": self.money(now)}

    def _residual(self, step: StepRecord, item: Residual) -> Json:
        return {
            "step": step.step,
            "unit": item.unit_id,
            "lots": {market_id: str(lots) for market_id, lots in item.lots},
            "money": self.money(item.shortfall_quanta),
            "reason": item.reason,
        }

    def _accounts(self) -> Json:
        before = {state.unit_id: state for state in self.run.before}
        after = {state.unit_id: state for state in self.run.after}
        ids = sorted({*before, *after})
        everybody = len(ids) <= ACCOUNTS_SHOWN
        shown = [unit_id for unit_id in ids if everybody or unit_id in self.run.touched]
        rest = [unit_id for unit_id in ids if not everybody and unit_id not in self.run.touched]
        return {
            "accounts": [
                {"unit": unit_id, "before": self._state(before.get(unit_id)), "after": self._state(after.get(unit_id))}
                for unit_id in shown
            ],
            "accounts_rest": {
                "units": str(len(rest)),
                "equity_before": self.money(sum(before[i].equity_quanta for i in rest if i in before)),
                "equity_after": self.money(sum(after[i].equity_quanta for i in rest if i in after)),
            },
        }

    def _state(self, state: UnitState | None) -> Json | None:
        if state is None:
            return None
        return {
            "role": state.role,
            "cash": self.money(state.cash_quanta),
            "equity": self.money(state.equity_quanta),
            "lots": {market_id: str(lots) for market_id, lots in state.lots},
            "assets": {asset_id: format_units(grains, self.grains[asset_id]) for asset_id, grains in state.assets},
        }

    def _conservation(self, found: Balance) -> Json:
        return {
            "state": "exact" if found.exact else "broken",
            "sum": self.money(found.difference_quanta),
            "formula": "quotes + pots - residual - net deposits = 0; lots per market = 0; assets held - deposited = 0",
            "quotes": self.money(found.quotes_quanta),
            "equity": self.money(found.equity_quanta),
            "pots": {pot: self.money(amount) for pot, amount in found.pots},
            "residual": self.money(found.residual_quanta),
            "net_deposits": self.money(found.net_deposits_quanta),
            "lots": {market_id: str(lots) for market_id, lots in found.lots},
            "assets": {asset_id: str(grains) for asset_id, grains in found.assets},
        }
