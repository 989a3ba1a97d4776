"""The INV checks: what must hold whatever the rules say, callable after every fact.

    check = Invariants(book, rules)
    check.before(fact); apply(book, fact); check.after(fact)      # cheap: only what the fact touched
    check.full()                                                   # the whole book, from nothing

State checks keep running sums of their own and look only at the units a fact names (and at every market and pot); a
number changed behind the back of ``apply`` is found when its unit is touched, or by the next full check. Transition
checks (``transitions``) may walk the whole book where a stage did. A broken invariant is our bug, never the user's:
it raises ``InvariantBroken``, the caller stops the domain and keeps the evidence. INVARIANTS.md lists every id.
"""

from collections.abc import Iterable

from deleverage.rulebook import messages as m
from deleverage.rulebook.book import LONG, Book, Unit, market_of, side_of
from deleverage.rulebook.checks.pools import check_pools
from deleverage.rulebook.checks.view import InvariantBroken as InvariantBroken
from deleverage.rulebook.checks.view import View, require
from deleverage.rulebook.margin import equity
from deleverage.rulebook.quantities import END_NS
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.transitions import check, look


def touched_units(fact: m.Fact) -> list[str]:
    """Return the ids of the units whose money or lots a fact names, sorted."""
    names: set[str] = set()
    if isinstance(fact, m.Movement):
        names |= {fill.unit_id for fill in fact.fills} | {payment.unit_id for payment in fact.payments}
        names |= {fill.unit_id for fill in fact.assets} if isinstance(fact, m.Conversion) else set()
    elif isinstance(fact, m.MoneyIn):
        names |= {payment.unit_id for payment in (*fact.to_units, *fact.claims_repaid)}
    elif isinstance(fact, m.MoneyOut | m.AssetIn | m.AssetOut):
        names.add(fact.unit_id)
    elif isinstance(fact, m.MarginMoved):
        names |= {fact.from_unit_id, fact.to_unit_id}
    elif isinstance(fact, m.UnitOpened | m.LeverageSet):
        names.add(fact.unit_id)
    elif isinstance(fact, m.AccountOpened):
        names.add(fact.account.account_id)
    return sorted(names)


class Invariants:
    """Running checks of one book; quanta and lots."""

    def __init__(self, book: Book, rules: Rules) -> None:
        """Start from a book that is taken as it is and checked in full."""
        self.book = book
        self.rules = rules
        self._seq, self._time_ns = book.seq, book.time_ns
        self._quotes = {unit_id: unit.quote for unit_id, unit in book.units.items()}
        self._lots = {unit_id: _lots(unit) for unit_id, unit in book.units.items()}
        self._quote_sum = sum(self._quotes.values())
        self._lots_sum = dict.fromkeys(book.markets, 0)
        self._grains = {unit_id: dict(unit.assets) for unit_id, unit in book.units.items()}
        self._grains_sum = _sum_of(self._grains.values())
        for lots in self._lots.values():
            _add(self._lots_sum, lots, 1)
        self._results_before = _results_before(book)
        self._view = View(book, rules, rules.hash())
        self.full()

    # -- per fact -----------------------------------------------------------------------------------------------------

    def before(self, fact: m.Fact) -> None:
        """Take down what the fact is about to touch, and check what must hold before a forced act."""
        look(self._view, fact, touched_units(fact))

    def after(self, fact: m.Fact) -> None:
        """Check the state the fact left and the transition it made; the state checks cost what it touched."""
        require("INV-15", fact.seq == self._seq + 1 == self.book.seq, f"fact {fact.seq} after {self._seq}")
        follows = self._time_ns <= fact.time_ns < END_NS
        require("INV-15", follows, f"time {fact.time_ns} ns after {self._time_ns} ns")
        self._seq, self._time_ns = fact.seq, fact.time_ns
        ids = touched_units(fact)
        for unit_id in ids:
            unit = self.book.units[unit_id]
            self._quote_sum += unit.quote - self._quotes.get(unit_id, 0)
            self._quotes[unit_id] = unit.quote
            _add(self._lots_sum, self._lots.get(unit_id, {}), -1)
            self._lots[unit_id] = _lots(unit)
            _add(self._lots_sum, self._lots[unit_id], 1)
            _add(self._grains_sum, self._grains.get(unit_id, {}), -1)
            self._grains[unit_id] = dict(unit.assets)
            _add(self._grains_sum, unit.assets, 1)
            _check_ledger(unit)
            _check_holdings(unit)
        if isinstance(fact, m.PeriodClosed):
            self._results_before = _results_before(self.book)
        elif isinstance(fact, m.Conversion):
            self._results_before += _paid_for_assets(fact)
        self._check_sums(self._quote_sum, self._lots_sum)
        self._check_grains(self._grains_sum)
        check(self._view, fact)

    # -- the whole book -----------------------------------------------------------------------------------------------

    def full(self) -> None:
        """Check every state invariant from nothing, and that the running sums agree with it."""
        quote_sum, lots_sum = 0, dict.fromkeys(self.book.markets, 0)
        long_lots = dict.fromkeys(self.book.markets, 0)
        equity_sum = 0
        for unit in self.book.units.values():
            quote_sum += unit.quote
            equity_sum += equity(self.book, unit)
            _add(lots_sum, _lots(unit), 1)
            for leg_id, leg in unit.legs.items():
                long_lots[market_of(leg_id)] += max(0, leg.lots)
                within = leg.lots > 0 if side_of(leg_id) == LONG else leg.lots < 0 if side_of(leg_id) else leg.lots != 0
                require("INV-2", within, f"{unit.unit_id} holds {leg.lots} lots on {leg_id}")
            _check_ledger(unit)
            _check_holdings(unit)
        self._check_sums(quote_sum, lots_sum)
        self._check_grains(_sum_of(unit.assets for unit in self.book.units.values()))
        for market_id, market in self.book.markets.items():
            found = market.open_interest_lots
            require(
                "INV-2",
                found == long_lots[market_id],
                f"{market_id}: open interest {found}, {long_lots[market_id]} long",
            )
        require("INV-4", equity_sum == quote_sum, f"equity sums to {equity_sum}, cash to {quote_sum} quanta")
        found, expected = _results_before(self.book), self._results_before
        require("INV-3", found == expected, f"results before the period sum to {found}, they were {expected} quanta")
        require("INV-1", quote_sum == self._quote_sum, f"cash is {quote_sum}, the facts left {self._quote_sum} quanta")

    def _check_sums(self, quote_sum: int, lots_sum: dict[str, int]) -> None:
        book = self.book
        found = quote_sum + sum(book.pots.values()) - book.residual_quanta
        expected = book.net_deposits_quanta
        require(
            "INV-1", found == expected, f"units, pots and residual hold {found}, net deposits are {expected} quanta"
        )
        require("INV-1", expected >= 0, f"net deposits are {expected} quanta")
        require("INV-1", book.residual_quanta >= 0, f"the residual is {book.residual_quanta} quanta")
        for market_id, lots in lots_sum.items():
            require("INV-2", lots == 0, f"{market_id}: longs and shorts differ by {lots} lots")
        check_pools(book)
        for pot, amount in book.pots.items():
            require("INV-5", amount >= 0 or pot == "rounding", f"pot {pot} holds {amount} quanta")

    def _check_grains(self, grains_sum: dict[str, int]) -> None:
        """Check that units hold what came in of each asset: its own clause, no price and no money in it."""
        for asset_id in sorted(self.book.assets.keys() | grains_sum.keys()):
            asset, held = self.book.assets.get(asset_id), grains_sum.get(asset_id, 0)
            expected = asset.net_deposits_grains if asset is not None else 0
            require("INV-1", held == expected, f"units hold {held} grains of {asset_id}, net deposits are {expected}")


def _sum_of(holdings: Iterable[dict[str, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for held in holdings:
        _add(sums, held, 1)
    return sums


def _lots(unit: Unit) -> dict[str, int]:
    lots: dict[str, int] = {}
    for leg_id, leg in unit.legs.items():
        market_id = market_of(leg_id)
        lots[market_id] = lots.get(market_id, 0) + leg.lots
    return lots


def _add(sums: dict[str, int], lots: dict[str, int], sign: int) -> None:
    for market_id, count in lots.items():
        sums[market_id] = sums.get(market_id, 0) + sign * count


def _results_before(book: Book) -> int:
    return sum(unit.result_before for unit in book.units.values())


def _paid_for_assets(fact: m.Conversion) -> int:
    """Return the quanta that sellers got and no unit paid: the pool's money."""
    repaid = sum(seller.repaid_quanta for seller in fact.sellers) if isinstance(fact, m.CollateralSold) else 0
    return sum(payment.amount_quanta for payment in fact.payments) + repaid


def _check_ledger(unit: Unit) -> None:
    memos = sum(leg.entry_funding - leg.cost for leg in unit.legs.values())
    ledger = unit.deposits + unit.realised + unit.transfers + memos
    require("INV-3", unit.quote == ledger, f"{unit.unit_id}: quote {unit.quote}, the ledger says {ledger} quanta")


def _check_holdings(unit: Unit) -> None:
    least = min(unit.assets.values(), default=1)
    require("INV-1", least > 0 and unit.carried >= 0, f"{unit.unit_id} holds {least} grains, carried {unit.carried}")
    pledged = unit.carried == 0 or bool(unit.assets)
    require("INV-1", pledged, f"{unit.unit_id} owes {unit.carried} quanta out of assets that it does not have")
    plain = not (unit.assets and unit.isolated_market_id)
    require("INV-1", plain, f"isolated {unit.unit_id} holds {sorted(unit.assets)}")
