"""Why bankrupt lots stay where they are: guard, trigger, approval, removal or pace - recomputed, never remembered.

Stage 5 asks here whether it may start for a pool, stage 7 why lots were left; the invariants ask the same again.
"""

from collections.abc import Container, Iterable

from deleverage.rulebook.book import LONG, SHORT, Book, Unit, leg_id_of, market_of
from deleverage.rulebook.collateral import awaits_price
from deleverage.rulebook.losses.rule import Bearer, Loss, ask
from deleverage.rulebook.margin import equity, gain, leg_value, price_pnl
from deleverage.rulebook.quantities import div_floor, sign
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.stages.bearers import bearer_of, behind_guards, gains_of
from deleverage.rulebook.stages.candidates import eligible
from deleverage.rulebook.trigger import Situation

Holders = dict[tuple[str, int], list[Unit]]
"""Units by the market and sign (1: long, -1: short) of their legs."""


def holders(units: Iterable[Unit]) -> Holders:
    """Return who of the units holds lots of each market and sign: one walk, instead of one for each of them."""
    found: Holders = {}
    for unit in units:
        for leg_id, leg in unit.legs.items():
            found.setdefault((market_of(leg_id), sign(leg.lots)), []).append(unit)
    return found


def bankrupts_in(book: Book, market_id: str, side: int) -> list[Unit]:
    """Return the bankrupt units that are long (side 1) or short (-1) in a market, in id order."""
    return [unit for unit in book.sorted_units() if unit.bankrupt and unit.lots_on(market_id, side)]


def lots_after_netting(book: Book, market_id: str, side: int) -> int:
    """Return the bankrupt lots of one side that netting against bankrupts of the other side would leave."""
    own, other = (
        sum(unit.lots_on(market_id, which) for unit in bankrupts_in(book, market_id, which)) for which in (side, -side)
    )
    return max(0, own - other)


def may_start(book: Book, rules: Rules, market_id: str, side: int, lots: int) -> bool:
    """Return whether the trigger lets stage 5 start for ``lots`` > 0 bankrupt lots of one market and side."""
    others = (unit for unit in book.units.values() if not unit.bankrupt)
    return rules.trigger.fires(situation(book, market_id, side, lots, others, book.fund_unit()))


def situation(book: Book, market_id: str, side: int, lots: int, others: Iterable[Unit], fund: Unit | None) -> Situation:
    """Return what a trigger sees of bankrupt lots; ``others``: the solvent, all who hold the other side among them."""
    market, inventory = book.markets[market_id], {} if fund is None else fund.legs
    legs = [found[1] for unit in others if (found := unit.leg_on(market_id, -side)) is not None]
    return Situation(
        lots,
        lots * abs(market.value_quanta),
        book.cash(market.pool_id),
        sum(abs(leg_value(leg, book.markets[market_of(leg_id)])) for leg_id, leg in inventory.items()),
        sum(price_pnl(leg, market) for leg in legs),
        book.pools[market.pool_id].paused,
    )


def approved_lots(book: Book, rules: Rules, market_id: str, side: int) -> int | None:
    """Return how many lots of a market and side stage 5 may still close by their envelope; ``None``: any."""
    if not rules.manual:
        return None
    envelope = book.envelopes.get(leg_id_of(market_id, LONG if side > 0 else SHORT))
    if envelope is None or envelope.rules_hash != rules.hash():
        return 0
    worth = div_floor(envelope.most_notional_quanta, abs(book.markets[market_id].value_quanta))
    return min(envelope.most_lots, worth) - envelope.used_lots


class Known:
    """What is known of a book as it is: who holds lots, and why those of a market and side stay, once it was asked."""

    def __init__(self, book: Book) -> None:
        """Walk the book once."""
        self.bankrupt = holders(unit for unit in book.sorted_units() if unit.bankrupt)
        self.solvent = holders(unit for unit in book.sorted_units() if not unit.bankrupt)
        self.why: dict[tuple[str, int, str], str] = {}  # by account, too, where its unit is not bankrupt

    def lots(self, market_id: str, side: int) -> int:
        """Return the lots of bankrupts on one side."""
        return sum(unit.lots_on(market_id, side) for unit in self.bankrupt.get((market_id, side), ()))


def why_lots_stay(book: Book, rules: Rules, guarded: Container[str], unit: Unit, known: Known | None = None) -> str:
    """Return why a bankrupt unit keeps lots, by the book as it is: the first reason that is true for one of its legs.

    ``guard``: a leg's mark is guarded; ``trigger``: stage 5 may not start for what netting would leave of its pool;
    ``approval``: no envelope holds a lot; ``removal``: the preset takes candidates out of its pool; else ``pace``.
    Who asks about many units keeps what is ``known``: a market and side is looked at once.
    """
    known, found = known or Known(book), {"pace"}
    for leg_id, leg in unit.legs.items():
        key = (market_of(leg_id), sign(leg.lots), "" if unit.bankrupt else unit.account_id)
        if key[0] in guarded:
            return "guard"
        if key not in known.why:
            known.why[key] = _why_here(book, rules, known, *key)
        found.add(known.why[key])
    return next(why for why in ("trigger", "approval", "removal", "pace") if why in found)


def _why_here(book: Book, rules: Rules, known: Known, market_id: str, side: int, account_id: str) -> str:
    """Return the first reason that is true for a market and side; ``account_id``: whose units are asked last, too."""
    others = known.solvent.get((market_id, -side), [])
    if (lots := known.lots(market_id, side) - known.lots(market_id, -side)) > 0:
        if not rules.trigger.fires(situation(book, market_id, side, lots, others, book.fund_unit())):
            return "trigger"
        if approved_lots(book, rules, market_id, side) == 0:
            return "approval"
    accounts = frozenset({account_id, *(one.account_id for one in known.bankrupt.get((market_id, side), ()))})
    return "removal" if rules.removed and eligible(book, rules, market_id, side, accounts, others).removed else "pace"


def why_money_waits(book: Book, rules: Rules, guarded: Container[str], guarded_assets: Container[str]) -> str:
    """Return why a shortfall without lots may not be named while others hold lots; empty: nobody stands in the way.

    A money residual halts the domain, and from a halt everybody must be able to leave: so it is named last, when no
    other unit lies below zero or is bankrupt with lots, and no gain at a guarded mark could still carry it.
    """
    for unit in book.sorted_units():
        if awaits_price(book, unit, guarded_assets):
            return "guard"
        if unit.legs and (unit.bankrupt or equity(book, unit) < 0):
            return why_lots_stay(book, rules, guarded, unit)
        for leg_id, leg in unit.sorted_legs():
            market_id = market_of(leg_id)
            if market_id in guarded and gain(leg, book.markets[market_id]) > 0:
                return "guard"
    return ""


def rules_could_take(rules: Rules, debt_quanta: int, found: tuple[Bearer, ...]) -> bool:
    """Return whether one of the loss rules would let one of these units bear something of the flat bankrupts' debt.

    Their pools are not known any more, so rules that are asked pool by pool cannot.
    """
    loss = Loss(debt_quanta, "", "", found)
    asked = (rule for rule in rules.loss_rule.in_order() if debt_quanta and not rule.per_pool)
    return any(share.cap for rule in asked for share in ask(rule, loss))


def guard_hides_money(book: Book, rules: Rules, debt_quanta: int, guarded: Container[str]) -> bool:
    """Return whether a loss rule would take from a unit that is wholly behind guarded marks, were they accepted."""
    hidden = [unit for unit in book.sorted_units() if not unit.bankrupt and behind_guards(unit, guarded)]
    found = tuple(bearer_of(book, unit, gains_of(book, unit, ()), 0, (), "") for unit in hidden)
    return rules_could_take(rules, debt_quanta, found)
