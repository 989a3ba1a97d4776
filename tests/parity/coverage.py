"""What the random worlds have to reach: command x answer x contract x margin mode, and stage x contract x margin mode.

``EXPECTED`` lists every command with every answer that the law can give it, and on what the answer may hang: the
contract of the market (c), the margin mode of the unit (m). A cell that cannot be reached is named with its reason, and
must not be reached: a reason that is wrong is found out.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from deleverage.rulebook.book import market_of
from deleverage.rulebook.messages import (
    AuctionEnded,
    AuctionOpened,
    CollateralSold,
    Deleveraged,
    EnvelopeEnded,
    Fact,
    FundPaid,
    Netted,
    OrdersCancelled,
    Reduced,
    ResidualNamed,
    Socialised,
    StepEnded,
    TakenOver,
)
from deleverage.rulebook.stages.candidates import NEUTRAL_TIER

Plain = dict[str, Any]
Cell = tuple[str, str, str, str]
"""Command or stage, answer or act, contract, margin mode; "-" where the answer does not hang on it."""

LEAST = 20
CONTRACTS = ("linear", "quanto", "inverse")
MODES = ("cross", "isolated", "hedged cross", "hedged isolated")
OK = "accepted"

_ANY = "BAD_TYPE:, TIME_BACKWARDS:, BAD_TIME:, "
_LEAVING = "UNKNOWN_UNIT:, BAD_AMOUNT:m, UNIT_BANKRUPT:m, MARK_GUARDED:m, INSUFFICIENT_EQUITY:m, "
_TRADING = "UNKNOWN_MARKET:, UNKNOWN_UNIT:c, WRONG_SIDE:cm, BAD_LOTS:cm, BAD_PRICE:cm, NO_MARK:cm, MARKET_SETTLED:cm, "
_TRADING += (
    "MARKET_EXPIRED:cm, WRONG_MARKET:cm, DOMAIN_HALTED:cm, MARKET_HALTED:cm, UNIT_BANKRUPT:cm, MARKET_REDUCE_ONLY:cm, "
)
_TRADING += "MARKET_PAUSED:cm, PRICE_OUT_OF_BAND:cm, "
_TRADING += "MORE_THAN_HELD:cm, LOTS_ABOVE_MAXIMUM:cm, BELOW_INITIAL_MARGIN:cm, accepted:cm"

_OWNED = "UNKNOWN_ASSET:, UNKNOWN_UNIT:, BAD_AMOUNT:, ISOLATED_UNIT:, UNIT_BANKRUPT:, ASSETS_PLEDGED:, "

EXPECTED = {
    "ListMarket": _ANY + "BAD_ID:, DUPLICATE_ID:, BAD_TERMS:c, accepted:c",
    "OpenAccount": _ANY + "BAD_ID:, DUPLICATE_ID:, BAD_ROLE:, accepted:",
    "OpenIsolated": _ANY
    + "DUPLICATE_ID:, UNKNOWN_MARKET:, UNKNOWN_ACCOUNT:, WRONG_SIDE:, MARKET_SETTLED:c, accepted:c",
    "Deposit": _ANY + "UNKNOWN_UNIT:, BAD_AMOUNT:m, UNIT_BANKRUPT:m, RESIDUAL_OUTSTANDING:m, accepted:m",
    "DepositToFund": _ANY + "UNKNOWN_POOL:, BAD_AMOUNT:, accepted:",
    "WithdrawFromFund": _ANY
    + "UNKNOWN_POOL:, BAD_AMOUNT:, DOMAIN_HALTED:, UNIT_BANKRUPT:, MARK_GUARDED:, POOL_FLOOR:, "
    "NEGATIVE_EQUITY:, RESIDUAL_OUTSTANDING:, accepted:",
    "SetPool": _ANY + "BAD_ID:, BAD_TERMS:, accepted:",
    "Regroup": _ANY
    + "UNKNOWN_MARKET:, UNKNOWN_POOL:, MARKET_SETTLED:c, SAME_POOL:c, MARKET_INDEBTED:c, MARK_GUARDED:c, accepted:c",
    "MovePool": _ANY + "UNKNOWN_POOL:, BAD_AMOUNT:, SAME_POOL:, POOL_FLOOR:, accepted:",
    "Withdraw": _ANY + _LEAVING + "NEGATIVE_EQUITY:m, accepted:m",
    "MoveMargin": _ANY + _LEAVING + "NOT_SAME_ACCOUNT:m, accepted:m",
    "RepayResidual": _ANY + "BAD_AMOUNT:, NO_RESIDUAL:, accepted:",
    "Trade": _ANY + _TRADING + ", SELF_TRADE:cm, OPEN_INTEREST_ABOVE_MAXIMUM:cm, BELOW_ZERO:cm, BELOW_MAINTENANCE:cm, "
    "MARK_GUARDED:cm",
    "PlaceOrder": _ANY + _TRADING + ", BAD_ID:, DUPLICATE_ID:",
    "SetProgramme": _ANY + "UNKNOWN_ACCOUNT:, BAD_ROLE:, BAD_PROGRAMME:, accepted:",
    "SetNeutralMode": _ANY + "UNKNOWN_ACCOUNT:, BAD_ROLE:, accepted:",
    "CancelOrder": _ANY + "UNKNOWN_ORDER:, accepted:",
    "SetMarks": _ANY + "DUPLICATE_ID:, UNKNOWN_MARKET:, BAD_PRICE:, MARKET_SETTLED:, DOMAIN_HALTED:, accepted:c",
    "AccrueFunding": _ANY + "UNKNOWN_MARKET:, BAD_RATE:c, NO_MARK:c, MARKET_SETTLED:c, DOMAIN_HALTED:c, "
    "MARKET_HALTED:c, accepted:c",
    "SettleMarket": _ANY + "UNKNOWN_MARKET:, BAD_PRICE:c, MARKET_SETTLED:c, NOT_EXPIRED:c, DOMAIN_HALTED:c, accepted:c",
    "ClosePeriod": _ANY + "NEGATIVE_EQUITY:, accepted:",
    "SetLeverage": _ANY + "UNKNOWN_MARKET:, UNKNOWN_UNIT:c, BAD_LEVERAGE:cm, MARKET_SETTLED:cm, WRONG_MARKET:cm, "
    "UNIT_BANKRUPT:cm, LEVERAGE_ABOVE_MAXIMUM:cm, BELOW_INITIAL_MARGIN:cm, accepted:cm",
    "AnnounceRequirements": _ANY + "UNKNOWN_MARKET:, BAD_ESTIMATE:c, MARKET_SETTLED:c, DOMAIN_HALTED:c, "
    "NOTICE_TOO_SHORT:c, accepted:c",
    "Bid": _ANY + "UNKNOWN_MARKET:, UNKNOWN_UNIT:, WRONG_SIDE:, BAD_LOTS:, BAD_RATE:, SELF_TRADE:, NO_MARK:, "
    "MARKET_SETTLED:, MARKET_EXPIRED:, WRONG_MARKET:, DOMAIN_HALTED:, MARKET_HALTED:, UNIT_BANKRUPT:, NO_AUCTION:cm, "
    "MORE_THAN_HELD:, MORE_THAN_NEEDED:, DISCOUNT_TOO_SMALL:c, LOTS_ABOVE_MAXIMUM:, BELOW_INITIAL_MARGIN:, "
    "MARK_GUARDED:, accepted:cm",
    "RunStep": _ANY + "DOMAIN_HALTED:, accepted:",
    "Halt": _ANY + "UNKNOWN_MARKET:, BAD_REASON:, MARKET_SETTLED:, ALREADY_HALTED:, accepted:",
    "Resume": _ANY + "UNKNOWN_MARKET:, MARKET_SETTLED:, NOT_HALTED:, RESIDUAL_OUTSTANDING:, accepted:",
    "ApproveEnvelope": _ANY + "UNKNOWN_MARKET:, WRONG_SIDE:, BAD_AMOUNT:, BAD_LOTS:, BAD_EXPIRY:, MARKET_SETTLED:, "
    "NOT_MANUAL:, WRONG_RULES:, NOTHING_TO_APPROVE:, accepted:",
    "AbortEnvelope": _ANY + "UNKNOWN_MARKET:, UNKNOWN_ENVELOPE:, BAD_REASON:, accepted:",
    "ListAsset": _ANY + "BAD_ID:, DUPLICATE_ID:, BAD_TERMS:, accepted:",
    "SetAssetPrices": _ANY + "DUPLICATE_ID:, UNKNOWN_ASSET:, BAD_PRICE:, accepted:",
    "DepositAsset": _ANY + _OWNED + "NO_MARK:, accepted:m",
    "WithdrawAsset": _ANY
    + _OWNED
    + "MORE_THAN_HELD:, MARK_GUARDED:, INSUFFICIENT_EQUITY:m, NEGATIVE_EQUITY:, accepted:m",
    "Convert": _ANY + _OWNED + "BAD_PRICE:, SELF_TRADE:, NO_MARK:, DOMAIN_HALTED:, OUT_OF_BAND:, MORE_THAN_HELD:, "
    "BELOW_INITIAL_MARGIN:m, BELOW_ZERO:, MARK_GUARDED:, accepted:m",
    "stage 0": "sell:m, take:m",
    "stage 1": "cancel:cm, net:cm",
    "stage 2": "reduce:cm, sold all:, share:, tiers:, target:, slice:, empty_book:, band:, depth:, throttle:, equity:, "
    "one lot:",
    "stage 3": "take over:cm, edge paid:, no_backstop:, distressed:, cool_down:, capacity:, position:, window:, edge:, "
    "margin:, auctioned:cm, ended bankrupt:, ended flat:, ended healthy:, ended expired:",
    "stage 4": "pay:cm",
    "stage 5": "bankrupt:cm, candidate:cm, neutral:c, one lot:",
    "stage 6": "cut:cm",
    "stage 7": "lots:cm, money:m",
    "envelope": "expired:, used:, needless:",
}

EXPECTED["taking effect"] = ", ".join(f"{kind}:" for kind in EXPECTED if kind[0].isupper())
"""Announced requirements take effect with any command that is accepted."""

_HANGS_ON = {
    (kind, answer): hangs_on
    for kind, text in EXPECTED.items()
    for answer, hangs_on in (item.split(":") for item in text.split(", "))
}


def expected() -> Iterator[Cell]:
    """Yield every cell, the impossible ones too."""
    for (kind, answer), hangs_on in _HANGS_ON.items():
        for contract in CONTRACTS if "c" in hangs_on else ("-",):
            for mode in MODES if "m" in hangs_on else ("-",):
                yield kind, answer, contract, mode


def impossible(cell: Cell) -> str:
    """Return why a cell cannot be reached, empty if it can."""
    kind, answer, _, mode = cell
    if answer == "WRONG_MARKET" and mode.endswith("cross"):
        return "a cross unit trades in every market"
    if kind in ("DepositAsset", "WithdrawAsset", "Convert") or (kind, answer) == ("stage 0", "sell"):
        return "an isolated unit holds no collateral" if mode.endswith("isolated") else ""
    if (kind, answer) == ("stage 0", "take") and mode != "cross":
        return "collateral is bought by cross units of backstops and the fund, who are in one-way mode"
    if answer == "MORE_THAN_HELD" and kind != "Bid" and not mode.startswith("hedged"):
        return "a leg of one-way mode flips"
    if (kind, answer) == ("stage 1", "net") and mode != "hedged cross":
        return "only a cross unit in hedge mode has opposite legs"
    return ""


def cells_of(command: Plain, answer: str, before: Plain) -> Iterator[Cell]:
    """Yield the cells of a command and its answer; ``before`` is the state in which it was given."""
    kind = command["kind"]
    hangs_on = _HANGS_ON.get((kind, answer))
    if hangs_on is None:
        yield kind, answer, "?", "?"
        return
    contracts = list(_contracts(command, before)) if "c" in hangs_on else ["-"]
    modes = list(_modes(command, answer, before)) if "m" in hangs_on else ["-"]
    yield from {(kind, answer, contract, mode) for contract in contracts for mode in modes}


def _contracts(command: Plain, before: Plain) -> Iterator[str]:
    names = [mark["market_id"] for mark in command.get("marks", ())]
    if "market_id" in command:
        names.append(command["market_id"])
    if "terms" in command:
        yield command["terms"]["contract"]
    for name in names:
        if name in before.get("markets", {}):
            yield before["markets"][name]["contract"]


def _modes(command: Plain, answer: str, before: Plain) -> Iterator[str]:
    """Yield the modes of the units that a command names; of two, only of those that the answer can be about."""
    for name in ("unit_id", "buyer_unit_id", "seller_unit_id", "from_unit_id", "bidder_unit_id", "taker_unit_id"):
        unit = before["units"].get(command.get(name))
        if unit is not None:
            mode = mode_of(before, unit)
            if not impossible((command["kind"], answer, "-", mode)):
                yield mode


def mode_of(state: Plain, unit: Plain) -> str:
    """Return the margin mode of a unit."""
    hedged = "hedged " if state["accounts"][unit["account"]]["hedge"] else ""
    return hedged + ("isolated" if unit["isolated"] else "cross")


def stage_cells(facts: Iterable[Fact], before: Plain) -> Counter[Cell]:
    """Return what the stages of a step did to which contracts and modes; ``before`` is the state before the step."""
    cells: Counter[Cell] = Counter()

    def note(stage: int, act: str, unit_id: str, leg_id: str) -> None:
        contract = before["markets"][market_of(leg_id)]["contract"] if leg_id else "-"
        cells[f"stage {stage}", act, contract, mode_of(before, before["units"][unit_id])] += 1

    orders = {order["id"]: order for order in before["orders"]}
    for fact in facts:
        if isinstance(fact, OrdersCancelled):
            for change in fact.orders:
                note(1, "cancel", orders[change.order_id]["unit"], orders[change.order_id]["market"])
        elif isinstance(fact, CollateralSold):
            for sale in fact.assets:
                note(0, "sell" if sale.part == "seller" else "take", sale.unit_id, "")
        elif isinstance(fact, FundPaid):
            for debt in fact.debts:
                if debt.paid_quanta and debt.leg_id:
                    note(4, "pay", debt.unit_id, debt.leg_id)
        elif isinstance(fact, Socialised):
            for haircut in fact.haircuts:
                for leg_id, _ in haircut.legs:
                    note(6, "cut", haircut.unit_id, leg_id)
        elif isinstance(fact, ResidualNamed):
            for residual in fact.residuals:
                for leg_id, _ in residual.lots:
                    note(7, "lots", residual.unit_id, leg_id)
                if residual.named_quanta:
                    note(7, "money", residual.unit_id, "")
        cells.update(("stage 2", sale.why or "sold all", "-", "-") for sale in getattr(fact, "sales", ()))
        if isinstance(fact, Deleveraged):
            neutral = [closing.market_id for closing in fact.closings if closing.tier == NEUTRAL_TIER]
            cells.update(("stage 5", "neutral", before["markets"][key]["contract"], "-") for key in neutral)
        if isinstance(fact, EnvelopeEnded):
            cells["envelope", fact.why, "-", "-"] += 1
        if isinstance(fact, StepEnded):
            cells.update(("stage 2", sale.why, "-", "-") for sale in fact.unsold)
            cells.update(("stage 3", passed.why, "-", "-") for passed in fact.passed)
            beyond = [one.stage for one in fact.throttles if one.done_quanta > one.most_quanta]
            cells.update((f"stage {stage}", "one lot", "-", "-") for stage in beyond)
        elif isinstance(fact, AuctionOpened):
            for leg_id in before["units"][fact.unit_id]["legs"]:
                note(3, "auctioned", fact.unit_id, leg_id)
        elif isinstance(fact, AuctionEnded):
            cells["stage 3", f"ended {fact.why}", "-", "-"] += 1
        elif isinstance(fact, TakenOver) and fact.edge_quanta:
            cells["stage 3", "edge paid", "-", "-"] += 1
        if isinstance(fact, Netted | Reduced | TakenOver | Deleveraged):
            for fill in fact.fills:
                if (type(fact), fill.part) in _ACTS:
                    note(*_ACTS[type(fact), fill.part], fill.unit_id, fill.leg_id)
    return cells


_ACTS: dict[tuple[type[Fact], str], tuple[int, str]] = {
    (Netted, "netted"): (1, "net"),
    (Reduced, "liquidated"): (2, "reduce"),
    (TakenOver, "bankrupt"): (3, "take over"),
    (Deleveraged, "bankrupt"): (5, "bankrupt"),
    (Deleveraged, "candidate"): (5, "candidate"),
}


def report(seen: Counter[Cell]) -> tuple[list[str], list[str]]:
    """Return the lines of the report and its faults: cells seen too seldom, and cells that should not be there."""
    cells = list(expected())
    possible = [cell for cell in cells if not impossible(cell)]
    faults = [f"{' / '.join(cell)}: seen {seen[cell]} times, needed {LEAST}" for cell in possible if seen[cell] < LEAST]
    faults += [
        f"{' / '.join(cell)}: cannot be, but was seen {seen[cell]} times" for cell in sorted(set(seen) - set(possible))
    ]
    reasons = Counter(impossible(cell) for cell in cells if impossible(cell))
    lines = [f"{len(possible)} cells, the rarest seen {min(seen[cell] for cell in possible)} times"]
    lines += [f"  {count:>4} cannot be: {reason}" for reason, count in sorted(reasons.items())]
    return lines, faults
