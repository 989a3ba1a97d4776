"""A venue embeds the law: open a domain, trade, ask what a crash would do, then let it happen."""

from deleverage.domain import Domain
from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.messages import Deposit, ListMarket, MarkUpdate, OpenAccount, RunStep, SetMarks, Trade
from deleverage.rulebook.rules import Rules

tiers = (Tier(0, maintenance_rate_ppb=5_000_000, initial_rate_ppb=10_000_000),)
terms = MarketTerms("BTC", 1, tiers, max_lots=10**6, max_price_ticks=10**6, max_open_interest_lots=10**6)
domain = Domain.open(Rules())
domain.submit([ListMarket(time_ns=0, terms=terms), SetMarks(time_ns=0, marks=(MarkUpdate("BTC", 100),))])
for name, money in (("al", 200), ("bo", 500)):
    domain.submit([OpenAccount(time_ns=0, account_id=name), Deposit(time_ns=0, unit_id=name, amount_quanta=money)])
domain.submit([Trade(time_ns=1, market_id="BTC", buyer_unit_id="al", seller_unit_id="bo", lots=10, price_ticks=100)])

crash, step = SetMarks(time_ns=2, marks=(MarkUpdate("BTC", 70),)), RunStep(time_ns=2)
fork = domain.what_if([crash, step]).fork  # tried on a copy: al has 200 and loses 300
print("what if:", {name: unit.quote for name, unit in fork.book.units.items()})
domain.submit([crash])
print("queue:", [(place.unit_id, place.rank, place.score, place.lights) for place in domain.queue("BTC", "short")])
(facts,) = domain.submit([step])  # for each command its facts, or the Rejection that changed nothing
print("facts:", [type(fact).__name__ for fact in facts] if isinstance(facts, tuple) else facts)
print("as tried:", domain.digest() == fork.digest())
