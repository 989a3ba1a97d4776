"""Whatever loss rule a domain has, everybody can reduce to zero and withdraw: after a crash, and from random lives."""

from itertools import product

import pytest

from deleverage.rulebook import messages as m
from deleverage.rulebook.apply import apply
from deleverage.rulebook.book import Book
from deleverage.rulebook.decide import decide
from deleverage.rulebook.invariants import Invariants
from deleverage.rulebook.losses.equity import ExchangeRate, FlatToo, Payout
from deleverage.rulebook.losses.gains import VariationMarginGains, WinnersProRata
from deleverage.rulebook.losses.index import FundingIndex
from deleverage.rulebook.losses.period import Clawback
from deleverage.rulebook.losses.rule import LossRule
from deleverage.rulebook.margin import equity
from deleverage.rulebook.price import Bankruptcy, Mark, Price
from deleverage.rulebook.rules import Rules
from tests.commands import to_command, to_rules
from tests.parity.compare import plain_book
from tests.properties.stories import open_book, submit, trade
from tests.worlds import world

RULES: tuple[LossRule, ...] = (
    WinnersProRata(),
    WinnersProRata("leg"),
    VariationMarginGains(),
    FundingIndex(),
    FundingIndex("opposite"),
    Payout(),
    Payout(800),
    FlatToo(),
    ExchangeRate(),
    Clawback(),
    WinnersProRata() | Payout(50) | FlatToo(),
    Clawback() | FundingIndex(),
)


def checked(book: Book, running: Invariants, command: m.Command, rules: Rules) -> bool:
    """Submit a command under all invariants; return whether it was accepted."""
    answer = decide(book, command, rules)
    if isinstance(answer, m.Rejection):
        return False
    for fact in answer:
        running.before(fact)
        apply(book, fact)
        running.after(fact)
    running.full()
    return True


def everybody_leaves(book: Book, rules: Rules) -> None:
    """Lift halts, confirm marks and prices, settle every market, run what steps it takes, and withdraw everything.

    Only assets that are pledged for what others carried stay.
    """
    running, now = Invariants(book, rules), book.time_ns + 10**18
    for scope in sorted(book.halts) if not book.halted else ():
        assert checked(book, running, m.Resume(time_ns=now, scope=scope), rules)
    open_markets = {key: one for key, one in book.markets.items() if one.mark_price_ticks and not one.settled}
    marks = tuple(m.MarkUpdate(key, one.mark_price_ticks) for key, one in open_markets.items())
    if not book.halted:
        assert checked(book, running, m.SetMarks(time_ns=now, marks=marks, confirmed=True), rules)
    priced = {key: one.price_quanta for key, one in book.assets.items() if one.price_quanta}
    prices = tuple(m.AssetPriceUpdate(key, price) for key, price in priced.items())
    assert checked(book, running, m.SetAssetPrices(time_ns=now, prices=prices, confirmed=True), rules)
    for key, one in open_markets.items():
        settled = m.SettleMarket(time_ns=now, market_id=key, price_ticks=one.mark_price_ticks)
        assert checked(book, running, settled, rules)
    for _ in range(50):
        if not book.halted and any(unit.bankrupt or equity(book, unit) < 0 for unit in book.units.values()):
            assert checked(book, running, m.RunStep(time_ns=now), rules)
    for unit in list(book.sorted_units()):
        own = equity(book, unit)
        if own:
            assert checked(book, running, m.Withdraw(time_ns=now, unit_id=unit.unit_id, amount_quanta=own), rules)
        for asset_id, grains in () if unit.carried else list(unit.assets.items()):
            out = m.WithdrawAsset(time_ns=now, unit_id=unit.unit_id, asset_id=asset_id, amount_grains=grains)
            assert checked(book, running, out, rules)
    assert all(unit.quote == 0 and not unit.legs and not unit.bankrupt for unit in book.units.values())
    assert all(not unit.assets or unit.carried for unit in book.units.values())


@pytest.mark.parametrize(
    ("rule", "price"),
    list(product(RULES, (Mark(), Bankruptcy()))),
    ids=lambda value: value.kind if isinstance(value, LossRule | Price) else "",
)
def test_exit_when_a_loss_was_spread_by_any_rule_then_everybody_reduces_to_zero_and_withdraws(
    rule: LossRule, price: Price
) -> None:
    """al is 690 short in BTC and be 90 in ETH; bo, di and ed keep legs, cy is closed out, fl is flat from the start.

    Withdrawals sum to what there is: deposits of 5,220 less the residual's part, which stays as claims.
    """
    rules = Rules(loss_rule=rule, price=price)
    deposits = {"al": 110, "be": 70, "bo": 1_000, "cy": 1_000, "di": 1_000, "ed": 1_000, "fl": 1_040}
    book = open_book(deposits, market_ids=("BTC", "ETH"))
    trade(book, "al", "cy", 10)
    trade(book, "di", "bo", 2)
    trade(book, "be", "ed", 2, "ETH")
    trade(book, "di", "ed", 1, "ETH")
    submit(book, m.SetMarks(time_ns=1, marks=(m.MarkUpdate("BTC", 20), m.MarkUpdate("ETH", 20))))
    running = Invariants(book, rules)
    assert checked(book, running, m.RunStep(time_ns=2), rules)
    assert not any(unit.bankrupt for unit in book.units.values())
    for market_id, buyer, seller, lots in (("BTC", "bo", "di", 2), ("ETH", "ed", "di", 1)):
        held = min(book.units[buyer].lots_on(market_id, -1), book.units[seller].lots_on(market_id, 1))
        if held:
            parties = {"buyer_unit_id": buyer, "seller_unit_id": seller, "market_id": market_id}
            closing = m.Trade(time_ns=3, lots=min(lots, held), price_ticks=20, **parties)
            assert checked(book, running, closing, rules)
    for unit in list(book.sorted_units()):
        if own := equity(book, unit):
            assert checked(book, running, m.Withdraw(time_ns=4, unit_id=unit.unit_id, amount_quanta=own), rules)
    assert all(unit.quote == 0 and not unit.legs for unit in book.units.values())
    kept = sum(book.pots.values())
    assert book.net_deposits_quanta == kept - book.residual_quanta
    assert abs(kept) <= len(deposits)


@pytest.mark.parametrize("seed", range(7_000, 7_080))
def test_exit_when_a_random_life_stops_anywhere_then_everybody_can_leave(seed: int) -> None:
    """Confirmed marks and prices, settlement, steps, withdrawals: a path out of whatever the life has left."""
    rules, commands = world(seed)
    law, book = to_rules(rules), Book()
    command = next(commands)
    for _ in range(40 + seed % 120):
        answer = decide(book, to_command(command), law)
        for fact in () if isinstance(answer, m.Rejection) else answer:
            apply(book, fact)
        try:
            command = commands.send(plain_book(book))
        except StopIteration:
            break
    everybody_leaves(book, law)
