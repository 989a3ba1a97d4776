"""A venue embeds the law: open a domain, trade, ask what a crash would do, then let it happen."""

from deleverage.domain import Domain, Plan
from deleverage.rulebook.book import MarketTerms, Tier
from deleverage.rulebook.messages import Deposit, ListMarket, MarkUpdate, OpenAccount, RunStep, SetMarks, Trade
from deleverage.rulebook.rules import Rules

tiers = (Tier(0, maintenance_rate_ppb=5_000_000, initial_rate_ppb=10_000_000),)
terms = MarketTerms(
    "BTC", quanta_per_tick_lot=1, tiers=tiers, max_lots=10**6, max_price_ticks=10**6, max_open_interest_lots=10**6
)

domain = Domain.open(Rules())
domain.submit([ListMarket(time_ns=0, terms=terms), SetMarks(time_ns=0, marks=(MarkUpdate("BTC", 100),))])
for name, money in (("al", 200), ("bo", 500)):
    domain.submit([OpenAccount(time_ns=0, account_id=name), Deposit(time_ns=0, unit_id=name, amount_quanta=money)])
domain.submit([Trade(time_ns=1, market_id="BTC", buyer_unit_id="al", seller_unit_id="bo", lots=10, price_ticks=100)])

crash, step = SetMarks(time_ns=2, marks=(MarkUpdate("BTC", 70),)), RunStep(time_ns=2)
fork = domain.what_if([crash, step]).fork  # tried on a copy: al has 200 and loses 300
print("what if:", {name: unit.quote for name, unit in fork.book.units.items()})

domain.submit([crash])
plan = domain.plan(time_ns=2)  # still nothing written
assert isinstance(plan, Plan)  # else a Rejection: the step would be refused, and why
print("plan:", [type(fact).__name__ for fact in plan.facts])
print("queue:", [(place.unit_id, place.rank, place.score, place.lights) for place in domain.queue("BTC", "short")])

(facts,) = domain.submit([step])
print("as planned:", facts == plan.facts, "- as tried:", domain.digest() == fork.digest())
