"""Commands that are to be refused: one maker for each rejection code, None where the state does not allow it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.life.life import Life

from tests.life import wrong_collateral
from tests.life.approvals import wrong_abort, wrong_approval
from tests.life.auction import bad_bid, some_bid
from tests.life.ladder import backstops_of, bad_programme, programme_for
from tests.life.view import lots_on
from tests.life.view import market_of as leg_market

Plain = dict[str, Any]
PPB = 10**9


def wrong_command(life: "Life") -> Plain | None:
    """Return a command that is most likely refused."""
    makers = list(MAKERS.values())
    life.rng.shuffle(makers)
    # What only a halted, reduce-only, bankrupt or indebted state allows goes first, or it would hardly ever come.
    makers.sort(key=lambda maker: maker not in SELDOM)
    if life.rng.random() < 0.5:
        life.rng.shuffle(makers)
    for maker in makers:
        command = maker(life)
        if command is not None:
            return command
    return None


def unit_of(life: "Life") -> str:
    """Return some unit that is not bankrupt, or any."""
    units = life.state["units"]
    alive = [key for key, unit in units.items() if not unit["bankrupt"]]
    return life.shuffled(alive or list(units))[0]


def market_of(life: "Life") -> str:
    """Return some market."""
    return life.rng.choice(list(life.state["markets"]))


def some_trade(life: "Life", **other: Any) -> Plain | None:
    """Return a small trade between two units that may trade there, with some fields replaced."""
    market_id = other.get("market_id", market_of(life))
    known = market_id in life.state["markets"]
    units = life.units_for(market_id) if known else life.shuffled(list(life.state["units"]))
    if len(units) < 2 or market_id not in life.terms:
        return None
    price = other.get("price_ticks") or life.near(market_id)
    return life.with_sides(life.trade(market_id, units[0], units[1], 1, price) | other)


def some_order(life: "Life", **other: Any) -> Plain | None:
    """Return a small order with some fields replaced."""
    market_id = other.get("market_id", market_of(life))
    known = market_id in life.state["markets"]
    units = life.units_for(market_id) if known else life.shuffled(list(life.state["units"]))
    if not units or market_id not in life.terms:
        return None
    life.orders += 1
    fields = {
        "order_id": f"w{life.orders}",
        "unit_id": units[0],
        "market_id": market_id,
        "lots": 1,
        "price_ticks": other.get("price_ticks") or life.near(market_id),
    }
    return life.with_sides(life.at("PlaceOrder", **(fields | other)))


def bad_type(life: "Life") -> Plain | None:
    """Return a command with a field that is no integer or text."""
    wrong = life.rng.choice((1.5, True, None, "7", float("nan")))
    if life.rng.random() < 0.5:
        return life.at("Deposit", unit_id=unit_of(life), amount_quanta=wrong)
    if life.rng.random() < 0.5:
        return life.at("RunStep") | {"time_ns": wrong}
    mark = life.mark(market_of(life), 5) | {"price_ticks": wrong}
    return life.at("SetMarks", marks=[mark], confirmed=False)


def time_backwards(life: "Life") -> Plain | None:
    """Return a command from the past."""
    return life.at("RunStep") | {"time_ns": life.state["time_ns"] - life.rng.choice((1, 10**9))}


def bad_time(life: "Life") -> Plain | None:
    """Return a command from behind the end of time, or an announcement for then."""
    if life.rng.random() < 0.5:
        return life.announcement(market_of(life)) | {"effective_ns": beyond(life)}
    return life.at("RunStep") | {"time_ns": beyond(life)}


def beyond(life: "Life") -> int:
    """Return a time that there is not: the first one, or one that no machine counts to."""
    return int(life.rng.choice((1 << 63, 1 << 63, 10**40, 10**200)))


def bad_id(life: "Life") -> Plain | None:
    """Return a command with an id that may not be."""
    bad = life.rng.choice(("", "a b", "a/b", "x" * 65, "\u00e9", "a\n", "\x7f"))
    kind = life.rng.choice(("OpenAccount", "ListMarket", "PlaceOrder", "SetPool"))
    if kind == "SetPool":
        return life.at(kind, terms=life.pool_terms(bad))
    if kind == "OpenAccount":
        role = life.rng.choice(("trader", "fund", "king"))
        return life.at(kind, account_id=bad, owner_group="", role=role, backstop_capacity_lots=0)
    if kind == "ListMarket":
        return life.at(
            kind, terms=dict(life.terms[market_of(life)]) | {life.rng.choice(("market_id", "underlying")): bad or " "}
        )
    return some_order(life, order_id="" if bad == "a/b" else bad)


def duplicate_id(life: "Life") -> Plain | None:
    """Return a command that opens something for the second time."""
    state = life.state
    kind = life.rng.choice(("account", "fund", "market", "marks", "order", "isolated"))
    if kind == "account":
        return life.at(
            "OpenAccount",
            account_id=life.rng.choice(list(state["accounts"])),
            owner_group="",
            role="trader",
            backstop_capacity_lots=life.rng.choice((0, -1)),
        )
    if kind == "fund" and any(account["role"] == "fund" for account in state["accounts"].values()):
        return life.at("OpenAccount", account_id="fund2", owner_group="", role="fund", backstop_capacity_lots=0)
    if kind == "market":
        return life.at("ListMarket", terms=dict(life.terms[market_of(life)]) | {"max_lots": life.rng.choice((0, 1))})
    if kind == "order" and state["orders"]:
        return some_order(life, order_id=life.rng.choice(state["orders"])["id"])
    isolated = [unit for unit in state["units"].values() if unit["isolated"]]
    if kind == "isolated" and isolated:
        unit = life.rng.choice(isolated)
        return life.at("OpenIsolated", account_id=unit["account"], market_id=unit["isolated"], side=unit["side"])
    mark = life.mark(market_of(life), 5)
    return life.at("SetMarks", marks=[mark, dict(mark)], confirmed=True)


def unknown_market(life: "Life") -> Plain | None:
    """Return a command in a market that is not there."""
    kinds = ("AccrueFunding", "OpenIsolated", "SetMarks", "Trade", "SetLeverage", "Announce", "Halt", "Resume")
    kind = life.rng.choice((*kinds, "Regroup"))
    if kind == "SetLeverage":
        return life.at(kind, unit_id=life.rng.choice(("nobody", unit_of(life))), market_id="none", leverage_ppb=0)
    if kind == "Announce":
        return life.announcement(market_of(life), volatility_ppb=-1) | {"market_id": "none"}
    if kind in ("Halt", "Resume"):
        return life.at(kind, scope="none") | ({"reason": life.rng.choice(("", "x"))} if kind == "Halt" else {})
    if kind == "Regroup":
        return life.at(kind, market_id="none", pool_id=life.rng.choice(("nowhere", life.pool())))
    if kind == "AccrueFunding":
        return life.at(kind, market_id="none", rate_ppb=life.rng.choice((1, PPB + 1)))
    if kind == "OpenIsolated":
        account = life.rng.choice(("nobody", *life.state["accounts"]))
        return life.at(kind, account_id=account, market_id="none")
    if kind == "SetMarks":
        good = market_of(life)
        marks = [life.mark(good, life.near(good)), {"market_id": "none", "price_ticks": 1, "sources": 1}]
        return life.at(kind, marks=marks, confirmed=False)
    return life.trade("none", unit_of(life), "nobody", 0, 1)


def unknown_account(life: "Life") -> Plain | None:
    """Return an isolated unit for nobody."""
    if life.rng.random() < 0.3:
        return programme_for(life, "nobody")
    if life.rng.random() < 0.3:
        return life.at("SetNeutralMode", account_id="nobody", on=True)
    return life.at("OpenIsolated", account_id="nobody", market_id=market_of(life))


def unknown_unit(life: "Life") -> Plain | None:
    """Return a command for a unit that is not there."""
    kind = life.rng.choice(("Deposit", "Withdraw", "MoveMargin", "Trade", "PlaceOrder", "SetLeverage"))
    if kind == "SetLeverage":
        return life.at(kind, unit_id="nobody", market_id=market_of(life), leverage_ppb=life.rng.choice((0, PPB)))
    amount = life.rng.choice((0, 5))
    if kind in ("Deposit", "Withdraw"):
        return life.at(kind, unit_id="nobody", amount_quanta=amount)
    if kind == "MoveMargin":
        names = [unit_of(life), "nobody"]
        life.rng.shuffle(names)
        return life.at(kind, from_unit_id=names[0], to_unit_id=names[1], amount_quanta=amount)
    if kind == "Trade":
        return some_trade(life, seller_unit_id="nobody", lots=life.rng.choice((0, 1)))
    return some_order(life, unit_id="nobody")


def unknown_order(life: "Life") -> Plain | None:
    """Return the cancelling of an order that is not there."""
    return life.at("CancelOrder", order_id=life.rng.choice(("none", "", "o1", "o/2")))


def bad_terms(life: "Life") -> Plain | None:
    """Return the listing of a market, or a pool, with one fault in its terms."""
    if life.rng.random() < 0.3:
        return life.at("SetPool", terms=bad_pool_terms(life))
    terms: Plain = dict(life.terms[market_of(life)]) | {"market_id": "other"}
    first = dict(terms["tiers"][0])
    fault = life.rng.randrange(14)
    if fault < 4:
        size = "face_quanta_ticks" if terms["contract"] == "inverse" else "quanta_per_tick_lot"
        name = (size, "max_lots", "max_price_ticks", "max_open_interest_lots")[fault]
        return life.at("ListMarket", terms=terms | {name: life.rng.choice((0, -1, 10**40 + 1))})
    if fault == 13:
        return life.at("ListMarket", terms=terms | {"expiry_ns": life.rng.choice((-1, beyond(life)))})
    if fault > 9:
        return life.at("ListMarket", terms=terms | {"schedule": bad_schedule(life, terms["schedule"])})
    tiers: list[Plain] = {
        4: [],
        5: [first | {"from_notional_quanta": 1}],
        6: [first, dict(first)],
        7: [first | {"initial_rate_ppb": life.rng.choice((PPB + 1, first["maintenance_rate_ppb"] - 1))}],
        8: [
            first
            | {life.rng.choice(("close_out_rate_ppb", "maintenance_deduction_quanta", "initial_deduction_quanta")): -1}
        ],
        9: [first | {"maintenance_rate_ppb": first["initial_rate_ppb"], "initial_deduction_quanta": 10**35}],
    }[fault]
    return life.at("ListMarket", terms=terms | {"tiers": tiers})


def bad_schedule(life: "Life", schedule: Plain) -> Plain:
    """Return a schedule with one fault."""
    faults: tuple[Plain, ...] = (
        {"floor_ppb": 0},
        {"floor_ppb": PPB + 1},
        {"cap_ppb": PPB - 1},
        {"cap_ppb": 10**40 + 1},
        {"max_step_ppb": -1},
        {"min_notice_ns": -1},
        {"volatility": [-1, 0]},
        {"unit_share": [0, 10**40 + 1]},
    )
    return schedule | life.rng.choice(faults)


def bad_pool_terms(life: "Life") -> Plain:
    """Return the terms of a pool with one fault."""
    terms, rng = life.pool_terms(life.pool()), life.rng
    if rng.random() < 0.2:
        return terms | {"floor_quanta": rng.choice((-1, 10**40 + 1))}
    sound: Plain = {"slots": 3, "slot_ns": 5, "fall_ppb": 500, "stop_ppb": 499, "base": "average", "strict": True}
    faults: list[Plain] = [{"slots": 0}, {"slots": -1}, {"slots": 10_001}, {"slot_ns": 0}, {"slot_ns": -3}]
    faults += [{"fall_ppb": PPB + 1}, {"fall_ppb": 499}, {"stop_ppb": -1}, {"base": "median"}]
    return terms | {"drawdown": sound | rng.choice(faults)}


def bad_role(life: "Life") -> Plain | None:
    """Return an account with a role or capacity that may not be, or a programme of one that is no backstop."""
    others = [key for key in life.state["accounts"] if key not in backstops_of(life)]
    if others and life.rng.random() < 0.3:
        return programme_for(life, life.rng.choice(others))
    special = [key for key, account in life.state["accounts"].items() if account["role"] != "trader"]
    if special and life.rng.random() < 0.3:
        return life.at("SetNeutralMode", account_id=life.rng.choice(special), on=life.rng.random() < 0.5)
    role, capacity = life.rng.choice((("king", 0), ("backstop", -1), ("trader", 1), ("trader", -1), ("", 0)))
    hedge = life.rng.random() < 0.2
    role, capacity = (life.rng.choice(("fund", "backstop")), 0) if hedge else (role, capacity)
    if role == "fund" and any(account["role"] == "fund" for account in life.state["accounts"].values()):
        return None
    fields = {"owner_group": "g", "role": role, "backstop_capacity_lots": capacity, "hedge": hedge}
    return life.at("OpenAccount", account_id="newcomer", **fields)


def bad_amount(life: "Life") -> Plain | None:
    """Return a movement of no money."""
    amount = life.rng.choice((0, -1, -(10**6)))
    kind = life.rng.choice(("Deposit", "Withdraw", "DepositToFund", "RepayResidual", "MoveMargin"))
    if kind == "DepositToFund":
        kind, pool_id = life.rng.choice((kind, "WithdrawFromFund", "MovePool")), life.pool()
        if kind == "MovePool":
            return life.at(kind, from_pool_id=pool_id, to_pool_id=pool_id, amount_quanta=amount)
        return life.at(kind, amount_quanta=amount, pool_id=pool_id)
    if kind == "RepayResidual":
        return life.at(kind, amount_quanta=amount)
    if kind == "MoveMargin":
        unit = unit_of(life)
        return life.at(kind, from_unit_id=unit, to_unit_id=unit, amount_quanta=amount)
    return life.at(kind, unit_id=life.rng.choice(list(life.state["units"])), amount_quanta=amount)


def bad_lots(life: "Life") -> Plain | None:
    """Return a trade or order of no lots."""
    if life.rng.random() < 0.5:
        return some_trade(life, lots=life.rng.choice((0, -3)))
    return some_order(life, lots=0, price_ticks=life.rng.choice((0, 1)))


def bad_price(life: "Life") -> Plain | None:
    """Return a price outside the bounds."""
    market_id = market_of(life)
    price = life.rng.choice((0, -1, life.terms[market_id]["max_price_ticks"] + 1))
    kind = life.rng.randrange(4)
    if kind == 0:
        return some_trade(life, market_id=market_id, price_ticks=price)
    if kind == 3:
        return life.at("SettleMarket", market_id=market_id, price_ticks=price)
    if kind == 1:
        return some_order(life, market_id=market_id, price_ticks=price)
    marks = [{"market_id": market_id, "price_ticks": price, "sources": 0}]
    return life.at("SetMarks", marks=marks, confirmed=life.rng.random() < 0.5)


def bad_rate(life: "Life") -> Plain | None:
    """Return funding beyond the bounds."""
    return life.at("AccrueFunding", market_id=market_of(life), rate_ppb=life.rng.choice((1, -1)) * (PPB + 1))


def bad_leverage(life: "Life") -> Plain | None:
    """Return a leverage that is none."""
    leverage = life.rng.choice((0, -1, PPB - 1, PPB * PPB + 1))
    return life.at("SetLeverage", unit_id=unit_of(life), market_id=market_of(life), leverage_ppb=leverage)


def bad_estimate(life: "Life") -> Plain | None:
    """Return an announcement of what cannot be measured."""
    faults = [{"volatility_ppb": -1}, {"volatility_ppb": 10**40 + 1}, {"concentration_ppb": -1}]
    fault = life.rng.choice([*faults, {"concentration_ppb": PPB + 1}])
    return life.announcement(market_of(life), **fault)


def notice_too_short(life: "Life") -> Plain | None:
    """Return an announcement that takes effect too early."""
    command = life.announcement(market_of(life))
    notice = life.terms[command["market_id"]]["schedule"]["min_notice_ns"]
    return command | {"effective_ns": command["time_ns"] + notice - life.rng.choice((1, 1, 10**9))}


def leverage_above_maximum(life: "Life") -> Plain | None:
    """Return a leverage that no tier of a market allows."""
    market_id = market_of(life)
    least = life.terms[market_id]["tiers"][0]["initial_rate_ppb"]
    unit = life.units_for(market_id)
    if not unit or least < 2:
        return None
    if life.rng.random() < 0.3:  # Hedge mode would seldom come up.
        unit.sort(key=lambda one: not life.state["accounts"][life.state["units"][one]["account"]]["hedge"])
    leverage = PPB * PPB // (least - 1) + life.rng.choice((0, PPB))
    return life.at("SetLeverage", unit_id=unit[0], market_id=market_id, leverage_ppb=leverage)


def leverage_too_low(life: "Life") -> Plain | None:
    """Return a leverage that asks for all of a leg's notional, which its owner mostly does not have."""
    market_id = market_of(life)
    if market_id in life.settled or not (held := life.holders(market_id, life.rng.choice((1, -1)))):
        return None
    isolated = [key for key in held if life.state["units"][key]["isolated"]]
    unit_id = (isolated if isolated and life.rng.random() < 0.5 else held)[0]  # They would seldom come up.
    return life.at("SetLeverage", unit_id=unit_id, market_id=market_id, leverage_ppb=PPB)


def self_trade(life: "Life") -> Plain | None:
    """Return a trade of a unit with itself."""
    unit = unit_of(life)
    return some_trade(life, buyer_unit_id=unit, seller_unit_id=unit)


def no_mark(life: "Life") -> Plain | None:
    """Return a command in a market without a mark, or list such a market."""
    without = [key for key, market in life.state["markets"].items() if not market["mark"]]
    if without and life.rng.random() < 0.7:
        kind = life.rng.randrange(3)
        if kind == 0:
            return some_trade(life, market_id=without[0])
        if kind == 1:
            return some_order(life, market_id=without[0])
        return life.at("AccrueFunding", market_id=without[0], rate_ppb=5)
    if life.rng.random() < 0.4 and "new" not in life.state["markets"]:
        return life.new_market("new")
    return None


def market_settled(life: "Life") -> Plain | None:
    """Return a command in a market that is closed for good."""
    if not life.settled:
        return None
    market_id = life.rng.choice(life.settled)
    price, kind = life.rng.randint(1, life.first_price[market_id]), life.rng.randrange(12)
    if kind in (4, 11):
        return life.isolate(life.rng.choice(list(life.state["accounts"])), market_id)
    if kind == 6:
        return life.announcement(market_id)
    if kind == 7:
        return life.at("SetLeverage", unit_id=unit_of(life), market_id=market_id, leverage_ppb=PPB)
    if kind == 10:
        return life.at("Regroup", market_id=market_id, pool_id=life.pool())
    if kind > 7:
        return life.at("Resume", scope=market_id) | ({"kind": "Halt", "reason": "late"} if kind > 8 else {})
    if kind < 2:
        return (some_order if kind else some_trade)(life, market_id=market_id, price_ticks=price)
    if kind == 2:
        return life.at("SetMarks", marks=[life.mark(market_id, price)], confirmed=True)
    if kind == 3:
        return life.at("SettleMarket", market_id=market_id, price_ticks=price)
    return life.at("AccrueFunding", market_id=market_id, rate_ppb=7)


def not_expired(life: "Life") -> Plain | None:
    """Return the settlement of a dated contract before its expiry."""
    soon = life.time + 10**9  # A command may come a third of a second later.
    early = [key for key in life.state["markets"] if life.terms[key]["expiry_ns"] > soon]
    if not early:
        return None
    return life.at("SettleMarket", market_id=life.rng.choice(early), price_ticks=life.near(early[0]))


def wrong_market(life: "Life") -> Plain | None:
    """Return a trade, order or leverage of an isolated unit in another market."""
    pairs = [
        (key, market)
        for key, unit in life.state["units"].items()
        for market in life.state["markets"]
        if unit["isolated"] not in ("", market)
    ]
    if not pairs:
        return None
    unit, market = life.rng.choice(pairs)
    if life.rng.random() < 0.3:
        return life.at("SetLeverage", unit_id=unit, market_id=market, leverage_ppb=PPB)
    if life.rng.random() < 0.5:
        return some_order(life, unit_id=unit, market_id=market)
    return some_trade(life, market_id=market, buyer_unit_id=unit)


def not_same_account(life: "Life") -> Plain | None:
    """Return margin moved between strangers, or from a unit to itself."""
    names = life.rng.sample(list(life.state["units"]), 2)
    if life.rng.random() < 0.3:
        names[1] = names[0]
    return life.at("MoveMargin", from_unit_id=names[0], to_unit_id=names[1], amount_quanta=10**30)


def domain_halted(life: "Life") -> Plain | None:
    """Return what a halted domain refuses."""
    if not life.is_halted():
        return None
    kind = life.rng.randrange(6)
    if kind == 0:
        return life.at("RunStep")
    if kind == 5 and life.state["halted"]:
        market_id = market_of(life)
        mark = life.state["markets"][market_id]["mark"]
        return life.at("SettleMarket", market_id=market_id, price_ticks=mark - 1) if mark > 1 else None
    if kind == 1:
        return life.at("AccrueFunding", market_id=market_of(life), rate_ppb=1_000_000)
    if kind == 4:
        return life.announcement(market_of(life))
    if kind == 5:
        return life.at("WithdrawFromFund", amount_quanta=1, pool_id=life.pool())
    return some_trade(life) if kind == 2 else some_order(life)


def market_halted(life: "Life") -> Plain | None:
    """Return what a halted market refuses."""
    halted = [key for key in life.state["halts"] if key]
    if not halted:
        return None
    market_id, kind = life.rng.choice(halted), life.rng.randrange(3)
    if kind == 0:
        return life.at("AccrueFunding", market_id=market_id, rate_ppb=7)
    return (some_trade if kind == 1 else some_order)(life, market_id=market_id)


def already_halted(life: "Life") -> Plain | None:
    """Return a halt of what an operator has halted."""
    halted = list(life.state["halts"])
    return life.at("Halt", scope=life.rng.choice(halted), reason="again") if halted else None


def bad_reason(life: "Life") -> Plain | None:
    """Return a halt for no reason that can be written down."""
    scope = life.rng.choice(("", market_of(life), *life.settled[:1]))
    return life.at("Halt", scope=scope, reason=life.rng.choice(("", "x" * 201, "caf\u00e9", "two\nlines", "\x7f")))


def not_halted(life: "Life") -> Plain | None:
    """Return a resumption of what was never halted."""
    if life.rng.random() < 0.5:
        return life.at("Resume", scope=market_of(life))
    return None if life.is_halted() else life.at("Resume")


def unit_bankrupt(life: "Life") -> Plain | None:
    """Return a command that names a bankrupt unit, or resumes in spite of it."""
    bankrupts = [key for key, unit in life.state["units"].items() if unit["bankrupt"]]
    if not bankrupts:
        return None
    key = life.rng.choice(bankrupts)
    unit = life.state["units"][key]
    kind = life.rng.randrange(8)
    if kind == 7:
        return life.at("WithdrawFromFund", amount_quanta=10**30, pool_id=life.pool())
    if kind == 0:
        return life.at("Deposit", unit_id=key, amount_quanta=10)
    if kind >= 6:
        market = unit["isolated"] or market_of(life)
        return life.at("SetLeverage", unit_id=key, market_id=market, leverage_ppb=PPB * PPB)
    if kind == 1:
        return life.at("Withdraw", unit_id=key, amount_quanta=10**30)
    if kind == 2:
        return life.at("Resume")
    market = next(map(leg_market, unit["legs"]), market_of(life))
    if kind == 3:
        return some_order(life, unit_id=key, market_id=market)
    siblings = [k for k, u in life.state["units"].items() if u["account"] == unit["account"] and k != key]
    if kind == 4 and siblings:
        names = [key, siblings[0]]
        life.rng.shuffle(names)
        return life.at("MoveMargin", from_unit_id=names[0], to_unit_id=names[1], amount_quanta=10**30)
    return some_trade(life, market_id=market, seller_unit_id=key)


def no_auction(life: "Life") -> Plain | None:
    """Return a bid that is refused, mostly because nobody is on offer."""
    return bad_bid(life) if life.rng.random() < 0.4 else some_bid(life)


def discount_too_small(life: "Life") -> Plain | None:
    """Return a bid that asks for all there is."""
    found = some_bid(life)
    return found and found | {"least_discount_ppb": PPB}


def market_reduce_only(life: "Life") -> Plain | None:
    """Return a trade or order that a reduce-only market refuses."""
    locked = [key for key, market in life.state["markets"].items() if market["reduce_only"]]
    if not locked or life.is_halted():
        return None
    if life.rng.random() < 0.5:
        return some_order(life, market_id=locked[0])
    return some_trade(life, market_id=locked[0])


def market_paused(life: "Life") -> Plain | None:
    """Return a trade or order in a market that the breaker has paused."""
    paused = [key for key, market in life.state["markets"].items() if life.time < market["paused_until"]]
    if not paused:
        return None
    return (some_order if life.rng.random() < 0.5 else some_trade)(life, market_id=life.rng.choice(paused))


def price_out_of_band(life: "Life") -> Plain | None:
    """Return a trade or order at a price just beyond the band, or in a closing trade far beyond it."""
    band, market_id = life.rules["trade_band_ppb"], market_of(life)
    mark = life.state["markets"][market_id]["mark"]
    if not band or not mark:
        return None
    sign = life.rng.choice((1, -1))
    price = mark + sign * (mark * band // PPB + life.rng.choice((0, 1, 1, mark // 2)))
    price = max(1, min(price, life.terms[market_id]["max_price_ticks"]))
    longs, shorts = life.holders(market_id, 1), life.holders(market_id, -1)
    if longs and shorts and life.rng.random() < 0.3:
        return life.trade(market_id, shorts[0], longs[0], 1, price, closing=True)
    return (some_order if life.rng.random() < 0.5 else some_trade)(life, market_id=market_id, price_ticks=price)


def lots_above_maximum(life: "Life") -> Plain | None:
    """Return a trade or order larger than a leg may be."""
    market_id = market_of(life)
    lots = life.terms[market_id]["max_lots"] + life.rng.choice((1, 1, 10))
    if life.rng.random() < 0.5:
        return some_trade(life, market_id=market_id, lots=lots)
    return some_order(life, market_id=market_id, lots=lots * life.rng.choice((1, -1)))


def open_interest_above_maximum(life: "Life") -> Plain | None:
    """Return a trade that would need more open interest than there may be."""
    market_id = market_of(life)
    terms = life.terms[market_id]
    longs = sum(lots_on(unit, market_id, 1) for unit in life.state["units"].values())
    lots = terms["max_open_interest_lots"] - longs + 1
    if not 1 <= lots <= terms["max_lots"]:
        return None
    return some_trade(life, market_id=market_id, lots=lots)


def below_initial_margin(life: "Life") -> Plain | None:
    """Return a trade or order that a unit cannot carry."""
    market_id = market_of(life)
    terms = life.terms[market_id]
    lots = max(1, min(terms["max_lots"] // 2, terms["max_open_interest_lots"] // 2))
    if life.rng.random() < 0.5:
        return some_trade(life, market_id=market_id, lots=lots)
    return some_order(life, market_id=market_id, lots=lots)


def below_maintenance(life: "Life") -> Plain | None:
    """Return a reducing trade at a price so bad for one side that its margin would leave through it."""
    market_id = market_of(life)
    longs, shorts = life.holders(market_id, 1), life.holders(market_id, -1)
    if not longs or not shorts:
        return None
    key, other, side = life.rng.choice(((longs[0], shorts[0], 1), (shorts[0], longs[0], -1)))
    unit, value = life.state["units"][key], life.lot_value(market_id)
    most = min(lots_on(unit, market_id, side), lots_on(life.state["units"][other], market_id, -side))
    lots = max(1, most // 2)
    left = life.maintenance(unit) - lots * value * life.terms[market_id]["tiers"][0]["maintenance_rate_ppb"] // PPB
    loss = life.equity(unit) - max(0, left) // 2
    # What a lot has to lose so that the unit keeps half of what it needs, as a price.
    move = side * loss / (lots * value)
    factor = 1 / max(1e-9, 1 + move) if life.terms[market_id]["contract"] == "inverse" else max(0.0, 1 - move)
    price = round(life.state["markets"][market_id]["mark"] * min(1e9, factor))
    price = max(1, min(price, life.terms[market_id]["max_price_ticks"]))
    buyer, seller = (other, key) if side > 0 else (key, other)
    return life.trade(market_id, buyer, seller, lots, price, closing=True)


def below_zero(life: "Life") -> Plain | None:
    """Return a trade that reduces a leg at a price its owner cannot bear."""
    market_id = market_of(life)
    longs, shorts = life.holders(market_id, 1), life.holders(market_id, -1)
    if not longs or not shorts:
        return None
    units = life.state["units"]
    lots = min(lots_on(units[longs[0]], market_id, 1), lots_on(units[shorts[0]], market_id, -1))
    price = life.rng.choice((1, life.state["markets"][market_id]["mark"] * 5))
    price = min(price, life.terms[market_id]["max_price_ticks"])
    return life.trade(market_id, shorts[0], longs[0], lots, price, closing=True)


def insufficient_equity(life: "Life") -> Plain | None:
    """Return a withdrawal or a move of more than is free."""
    unit = unit_of(life)
    account = life.state["units"][unit]["account"]
    siblings = [k for k, u in life.state["units"].items() if u["account"] == account and k != unit]
    amount = max(1, life.free(life.state["units"][unit]) + life.rng.choice((2, 10**6)))
    if siblings and life.rng.random() < 0.5:
        return life.at("MoveMargin", from_unit_id=unit, to_unit_id=siblings[0], amount_quanta=amount)
    return life.at("Withdraw", unit_id=unit, amount_quanta=amount)


def negative_equity(life: "Life") -> Plain | None:
    """Return a withdrawal, or the end of a period, while somebody is below zero."""
    if all(life.equity(unit) >= 0 for unit in life.state["units"].values()):
        return None
    if life.rng.random() < 0.2:
        return life.at("ClosePeriod")
    full = [key for key in life.state["pools"] if life.cash(key) > life.state["pools"][key]["floor"]]
    if full and life.rng.random() < 0.5:
        return life.at("WithdrawFromFund", amount_quanta=1, pool_id=life.rng.choice(full))
    rich = [k for k, u in life.state["units"].items() if life.free(u) > 1 and not u["bankrupt"]]
    if not rich:
        return None
    return life.at("Withdraw", unit_id=life.shuffled(rich)[0], amount_quanta=1)


def residual_outstanding(life: "Life") -> Plain | None:
    """Return a resumption or a deposit before the residual is repaid, or while a shortfall waits."""
    if life.rng.random() < 0.3:
        scope = life.rng.choice(("", *life.state["halts"]))
        return life.at("Resume", scope=scope) if life.state["residual"] else None
    if not life.state["residual"] and not life.state["waiting"]:
        return None
    return life.at("Deposit", unit_id=unit_of(life), amount_quanta=7)


def mark_guarded(life: "Life") -> Plain | None:
    """Return money that wants to leave a unit while the mark of one of its legs is guarded."""
    guarded = [key for key, market in life.state["markets"].items() if market["guard"]]
    held = [(key, side) for key in guarded for side in (1, -1) if life.holders(key, side)]
    if not held:
        return None
    market_id, side = life.rng.choice(held)
    units = life.state["units"]
    holders = life.holders(market_id, side)
    if life.rng.random() < 0.5:
        holders.sort(key=lambda one: not units[one]["side"])  # An isolated leg of hedge mode is seldom met.
    key = holders[0]
    account, kind = units[key]["account"], life.rng.choice((0, 0, 1, 1, 1, 2, 2, 2, 3, 3))
    other_pools = [name for name in life.state["pools"] if name != life.state["markets"][market_id]["pool"]]
    if kind == 3 and other_pools:
        return life.at("Regroup", market_id=market_id, pool_id=life.rng.choice(other_pools))
    siblings = [k for k, u in units.items() if u["account"] == account and k != key]
    if kind == 0 and siblings:
        return life.at("MoveMargin", from_unit_id=key, to_unit_id=siblings[0], amount_quanta=1)
    others = life.holders(market_id, -side)
    if kind in (1, 2) and others:
        buyer, seller = (others[0], key) if side > 0 else (key, others[0])
        price = life.state["markets"][market_id]["mark"] - side
        return life.trade(market_id, buyer, seller, 1, max(1, price), closing=True)
    return life.at("Withdraw", unit_id=key, amount_quanta=1)


def wrong_side(life: "Life") -> Plain | None:
    """Return a trade, order or isolated unit that names a side its account does not have, or none where it must."""
    state, kind = life.state, life.rng.randrange(3)
    if kind == 0:
        account = life.rng.choice(list(state["accounts"]))
        side = "" if state["accounts"][account]["hedge"] else life.rng.choice(("long", "short"))
        command = life.isolate(account, market_of(life)) | {"side": life.rng.choice((side, "both"))}
        taken = "/".join(filter(None, (account, command["market_id"], command["side"]))) in state["units"]
        return None if taken else command
    made = some_order(life) if kind == 1 else some_trade(life)
    if made is None:
        return None
    name = life.rng.choice(["leg_side"] if kind == 1 else ["buyer_side", "seller_side"])
    return made | {name: life.rng.choice(("", "Long", "both")) if made[name] else "long"}


def more_than_held(life: "Life") -> Plain | None:
    """Return a trade or order that closes more of a leg than there is."""
    market_id = market_of(life)
    hedgers = [key for key in life.units_for(market_id) if life.hedged(life.state["units"][key])]
    others = [key for key in life.units_for(market_id) if key not in hedgers[:1]]
    if not hedgers or not others:
        return None
    side = life.rng.choice((1, -1))
    unit = life.state["units"][hedgers[0]]
    if unit["side"]:
        side = 1 if unit["side"] == "long" else -1
    name, lots = "long" if side > 0 else "short", lots_on(unit, market_id, side) + life.rng.choice((1, 1, 3))
    if life.rng.random() < 0.5:
        order = some_order(life, unit_id=hedgers[0], market_id=market_id, lots=-side * lots)
        return order and order | {"leg_side": name}
    buyer, seller = (others[0], hedgers[0]) if side > 0 else (hedgers[0], others[0])
    trade = life.trade(market_id, buyer, seller, lots, life.near(market_id))
    return trade | {"seller_side" if side > 0 else "buyer_side": name}


def unknown_pool(life: "Life") -> Plain | None:
    """Return a command for a pool that is not there."""
    kind, amount = (
        life.rng.choice(("DepositToFund", "WithdrawFromFund", "MovePool", "Regroup")),
        life.rng.choice((0, 5)),
    )
    if kind == "Regroup":
        return life.at(kind, market_id=market_of(life), pool_id="nowhere")
    if kind == "MovePool":
        names = [life.pool(), "nowhere"]
        life.rng.shuffle(names)
        return life.at(kind, from_pool_id=names[0], to_pool_id=names[1], amount_quanta=amount)
    return life.at(kind, amount_quanta=amount, pool_id=life.rng.choice(("nowhere", "")))


def same_pool(life: "Life") -> Plain | None:
    """Return a market moved into its own pool, or money from a pool into itself."""
    if life.rng.random() < 0.5:
        market_id = market_of(life)
        return life.at("Regroup", market_id=market_id, pool_id=life.state["markets"][market_id]["pool"])
    pool_id = life.pool()
    return life.at("MovePool", from_pool_id=pool_id, to_pool_id=pool_id, amount_quanta=10**30)


def market_indebted(life: "Life") -> Plain | None:
    """Return a market moved away from the pool that should pay for a loss in it."""
    debtors = [unit for unit in life.state["units"].values() if unit["bankrupt"] or life.equity(unit) < 0]
    held = [leg_market(leg_id) for unit in debtors for leg_id in unit["legs"]]
    for market_id in held:
        others = [key for key in life.state["pools"] if key != life.state["markets"][market_id]["pool"]]
        if others:
            return life.at("Regroup", market_id=market_id, pool_id=life.rng.choice(others))
    return None


def pool_floor(life: "Life") -> Plain | None:
    """Return more money out of a pool than it has above its floor."""
    pool_id = life.pool()
    amount = max(1, life.cash(pool_id) - life.state["pools"][pool_id]["floor"] + 1)
    others = [key for key in life.state["pools"] if key != pool_id]
    if others and life.rng.random() < 0.5:
        return life.at("MovePool", from_pool_id=pool_id, to_pool_id=life.rng.choice(others), amount_quanta=amount)
    return life.at("WithdrawFromFund", amount_quanta=amount, pool_id=pool_id)


def no_residual(life: "Life") -> Plain | None:
    """Return a repayment of more than is owed."""
    owed = life.state["residual"] + sum(life.state["claims"].values())
    return life.at("RepayResidual", amount_quanta=owed + life.rng.choice((1, 10)))


MAKERS: dict[str, Callable[["Life"], Plain | None]] = {
    "BAD_TYPE": bad_type,
    "TIME_BACKWARDS": time_backwards,
    "BAD_TIME": bad_time,
    "BAD_ID": bad_id,
    "DUPLICATE_ID": duplicate_id,
    "UNKNOWN_MARKET": unknown_market,
    "UNKNOWN_ACCOUNT": unknown_account,
    "UNKNOWN_UNIT": unknown_unit,
    "UNKNOWN_ORDER": unknown_order,
    "UNKNOWN_POOL": unknown_pool,
    "UNKNOWN_ENVELOPE": wrong_abort,
    "WRONG_SIDE": wrong_side,
    "BAD_TERMS": bad_terms,
    "BAD_ROLE": bad_role,
    "BAD_PROGRAMME": bad_programme,
    "BAD_AMOUNT": bad_amount,
    "BAD_LOTS": bad_lots,
    "BAD_PRICE": bad_price,
    "BAD_RATE": bad_rate,
    "BAD_LEVERAGE": bad_leverage,
    "BAD_ESTIMATE": bad_estimate,
    "BAD_REASON": bad_reason,
    "BAD_EXPIRY": wrong_approval,
    "SELF_TRADE": self_trade,
    "NO_MARK": no_mark,
    "MARKET_SETTLED": market_settled,
    "NOT_EXPIRED": not_expired,
    "WRONG_MARKET": wrong_market,
    "NOT_SAME_ACCOUNT": not_same_account,
    "SAME_POOL": same_pool,
    "DOMAIN_HALTED": domain_halted,
    "MARKET_HALTED": market_halted,
    "ALREADY_HALTED": already_halted,
    "NOT_HALTED": not_halted,
    "UNIT_BANKRUPT": unit_bankrupt,
    "NO_AUCTION": no_auction,
    "MARKET_INDEBTED": market_indebted,
    "MARKET_REDUCE_ONLY": market_reduce_only,
    "MARKET_PAUSED": market_paused,
    "PRICE_OUT_OF_BAND": price_out_of_band,
    "MORE_THAN_HELD": more_than_held,
    "DISCOUNT_TOO_SMALL": discount_too_small,
    "LOTS_ABOVE_MAXIMUM": lots_above_maximum,
    "OPEN_INTEREST_ABOVE_MAXIMUM": open_interest_above_maximum,
    "LEVERAGE_ABOVE_MAXIMUM": leverage_above_maximum,
    "BELOW_INITIAL_MARGIN": below_initial_margin,
    "BELOW_ZERO": below_zero,
    "BELOW_MAINTENANCE": below_maintenance,
    "INSUFFICIENT_EQUITY": insufficient_equity,
    "POOL_FLOOR": pool_floor,
    "NEGATIVE_EQUITY": negative_equity,
    "MARK_GUARDED": mark_guarded,
    "RESIDUAL_OUTSTANDING": residual_outstanding,
    "NO_RESIDUAL": no_residual,
    "NOTICE_TOO_SHORT": notice_too_short,
    "NOT_MANUAL": wrong_approval,
    "WRONG_RULES": wrong_approval,
    "NOTHING_TO_APPROVE": wrong_approval,
}

MAKERS |= wrong_collateral.MAKERS
SELDOM = (
    mark_guarded,
    *wrong_collateral.SELDOM,
    domain_halted,
    market_halted,
    already_halted,
    unit_bankrupt,
    market_reduce_only,
    market_indebted,
    negative_equity,
    residual_outstanding,
    no_mark,
)
