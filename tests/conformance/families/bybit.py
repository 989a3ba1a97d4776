"""Bybit: when deleveraging starts, who pays of a loss, and two bankruptcy prices; what a fill does to a fund."""

from fractions import Fraction

from deleverage.rulebook.messages import Deleveraged, PoolsSwitched, WithdrawFromFund
from deleverage.rulebook.pools import COMMON
from deleverage.venues.formulas import prices, triggers
from tests.conformance.books import World, of
from tests.conformance.cases import Values
from tests.conformance.family import Answer, Shown, family
from tests.conformance.oracles import bybit as oracle

PRESET = "bybit"
MARK, QUIET_S = 100, 120


class Played:
    """A loss in one market of a pool, played under the preset: what the pool paid, and what was asked of users."""

    def __init__(self, world: World, loss: Fraction) -> None:
        world.market("m")
        world.holds("al", -loss - MARK, m=1)
        world.marks(m=MARK)
        before = world.domain.book.cash(COMMON)
        facts = world.step()
        pool = world.domain.book.pools[COMMON]
        base = pool.base(world.time_ns)
        closed = of(Deleveraged, facts)
        self.triggered = any(fact.closings for fact in closed)
        self.fell = any(switch.paused for fact in of(PoolsSwitched, facts) for switch in fact.switches)
        self.closed_worth = Fraction(sum(part.collected_quanta for fact in closed for part in fact.pools), world.unit)
        self.paid = Fraction(before - world.domain.book.cash(COMMON), world.unit)
        self.largest = Fraction(base.total_quanta, base.samples * world.unit) if base else Fraction(0)
        self.spared = Fraction(pool.spared_quanta(world.time_ns), world.unit)

    @property
    def mode(self) -> str | None:
        """Which condition has fired: the pool has fallen, or it is empty."""
        if not self.triggered:
            return None
        return triggers.DRAWDOWN if self.fell else triggers.EMPTY


def _play(balances: list[Fraction], loss: Fraction, switches: dict[str, str] | None = None) -> Played:
    """Bring a pool to balances one after the other, a while apart, and let it meet a loss."""
    world = World(PRESET, Fraction(1), Fraction(1, 100), 9, switches)
    held = Fraction(0)
    for balance in balances:
        world.fund(balance - held)
        world.later(QUIET_S)
        held = balance
    return Played(world, loss)


def fall(values: Values) -> Answer:
    """Return what a symbol's loss does to a pool at its largest balance."""
    largest, loss, limit = (
        Fraction(values[name]) for name in ("pool_max_balance_8h", "symbol_loss", "insurancePnlRatio")
    )
    ratio = triggers.pnl_ratio(-loss, Fraction(0), largest)
    fired = triggers.fired(largest - loss, Fraction(values["adlTriggerThreshold"]), ratio, limit)
    played = _play([largest], loss)
    formula = {
        "triggered": fired is not None,
        "mode": fired,
        "closed_against_users_worth": triggers.worth_closed(ratio, limit, largest),
        "bankruptcy_price_basis_ratio": limit,
    }
    return Answer(
        {
            "pnlRatio": ratio,
            "triggered": played.triggered,
            "mode": played.mode,
            "closed_against_users_worth": played.closed_worth,
            "pnlRatio_after": -played.paid / played.largest,
            "bankruptcy_price_basis_ratio": (played.spared - played.largest) / played.largest,
        },
        PRESET,
        formula=formula,
    )


def boundary(values: Values) -> Answer:
    """Return the same for a symbol that has first gained; the other side of the switch is played as well."""
    start, largest, peak, loss = (
        Fraction(values[name])
        for name in ("pool_initial_balance", "pool_max_balance_8h", "symbol_pnl_peak_8h", "symbol_subsequent_loss")
    )
    limit, threshold = Fraction(values["insurancePnlRatio"]), Fraction(values["adlTriggerThreshold"])
    ratio = triggers.pnl_ratio(peak - loss, peak, largest)
    fired = {side: triggers.fired(largest - loss, threshold, ratio, limit, side) for side in ("inclusive", "strict")}
    played = {side: _play([start, largest], loss, {"boundary": side}) for side in fired}
    assert fired["strict"] == played["strict"].mode, "the strict side of the switch"
    found = played["inclusive"]
    note = (
        ""
        if fired["strict"]
        else "the source contradicts itself: at equality its example fires (tested), its rule does not"
    )
    basis = (found.spared - found.largest) / found.largest
    return Answer(
        {"pnlRatio": ratio, "triggered": found.triggered, "mode": found.mode, "bankruptcy_price_basis_ratio": basis},
        PRESET,
        note,
        {
            "triggered": fired["inclusive"] is not None,
            "mode": fired["inclusive"],
            "bankruptcy_price_basis_ratio": limit,
        },
    )


def empty(values: Values) -> Answer:
    """Return what starts at a pool that has come down to a balance without any fall that counts."""
    start, now = Fraction(values["pool_initial_balance"]), Fraction(values["pool_balance_now"])
    world = World(PRESET, Fraction(1), Fraction(1, 100), 9)
    world.fund(start)
    if start > now:
        world.submit(WithdrawFromFund(time_ns=world.time_ns, amount_quanta=world.money(start - now)))
    played = Played(world, Fraction(1, 2))
    fired = triggers.fired(now, Fraction(0), Fraction(0), Fraction(-1))
    found = {"triggered": played.triggered, "mode": played.mode}
    return Answer(found, PRESET, formula={"triggered": fired is not None, "mode": fired})


def all_or_nothing(values: Values) -> Answer:
    """Return what the fund pays of a loss under the former rule, and what is left to users."""
    fund, loss = Fraction(values["insurance_fund_btc"]), Fraction(values["single_contract_loss_btc"])
    world = World(PRESET, Fraction(1), Fraction(1, 100), 9, {"fund-use": "all-or-nothing"})
    world.fund(fund)
    played = Played(world, loss)
    return Answer({"fund_pays_btc": played.paid, "adl_takes_over_loss_btc": played.closed_worth}, PRESET)


def inverse(values: Values) -> Answer:
    """Return the bankruptcy price of an inverse position, raw and on the grid."""
    raw = prices.inverse_bankruptcy(values["side"], Fraction(values["entry"]), Fraction(values["leverage"]))
    rounded = prices.rounded_from_trader(values["side"], raw, Fraction(values["tick"]))
    return Answer({"bankruptcy_price_raw": Shown(raw), "bankruptcy_price": rounded})


def linear(values: Values) -> Answer:
    """Return the bankruptcy price of a linear position, at which it is closed under the preset."""
    entry, leverage, quantity = (Fraction(values[name]) for name in ("entry", "leverage", "qty"))
    side = 1 if values["side"] == "long" else -1
    world = World(PRESET, quantity, Fraction(1, 100), 20)
    world.market("m")
    margin = Fraction(int(entry * quantity / leverage * 10**20), 10**20)
    world.account("al", margin)
    world.enter("al", "m", side * quantity, entry)
    found = prices.linear_bankruptcy(values["side"], entry, leverage)
    world.marks(m=max(Fraction(1, 100), Fraction(int(found / 2))) if side > 0 else Fraction(int(found) * 2))
    (fact,) = of(Deleveraged, world.step())
    (fill,) = [fill for fill in fact.fills if fill.unit_id == "al"]
    # The margin is a whole number of quanta, so the fill is at the formula's price but for what was cut off there.
    assert abs(Fraction(abs(fill.amount_quanta), world.unit) / quantity - found) < Fraction(1, 10**15)
    return Answer({"bankruptcy_price": found}, PRESET)


def flow(values: Values) -> Answer:
    """Return whether a fill brings the fund something."""
    gain = prices.fund_flow(values["side"], Fraction(values["bankruptcy_price"]), Fraction(values["fill"]))
    words = {1: "increases", 0: "stays", -1: "decreases"}
    return Answer({"fund": words[(gain > 0) - (gain < 0)]})


def flow_per_unit(values: Values) -> Answer:
    """Return what a fund gains per unit."""
    gain = prices.fund_flow(values["side"], Fraction(values["bankruptcy_price"]), Fraction(values["avg_fill"]))
    return Answer({"fund_per_unit": gain})


_STILL = frozenset({"insurancePnlRatio", "adlStopRatio", "adlTriggerThreshold"})
_FALL = "pnlRatio triggered mode bankruptcy_price_basis_ratio closed_against_users_worth pnlRatio_after"


def _peaks(values: Values) -> bool:
    """Keep pools that have risen, and losses that leave something in them."""
    start, largest = values["pool_initial_balance"], values["pool_max_balance_8h"]
    return bool(0 < start < largest and values["symbol_subsequent_loss"] < largest)


_GRID = "the law rounds no price: amounts are law"
_SALE = "what a sale brings above the bankruptcy price stays with the account here"

FAMILIES = (
    family(
        "fall of a pool",
        "trigger",
        "pool_max_balance_8h symbol_loss",
        _FALL,
        fall,
        oracle.fall,
        still=_STILL,
        legal=lambda values: bool(values["symbol_loss"] < values["pool_max_balance_8h"]),
    ),
    family(
        "boundary of a fall",
        "trigger",
        "symbol_pnl_peak_8h symbol_subsequent_loss",
        _FALL,
        boundary,
        oracle.boundary,
        still=_STILL,
        legal=_peaks,
    ),
    family(
        "empty pool",
        "trigger",
        "pool_balance_now all_pnlRatio_above",
        "triggered mode",
        empty,
        oracle.empty,
        legal=lambda values: bool(values["pool_balance_now"] <= values["pool_initial_balance"]),
    ),
    family(
        "all or nothing",
        "waterfall",
        "insurance_fund_btc single_contract_loss_btc",
        "fund_pays_btc adl_takes_over_loss_btc",
        all_or_nothing,
        oracle.all_or_nothing,
    ),
    family(
        "inverse bankruptcy price",
        "price",
        "entry leverage tick",
        "bankruptcy_price_raw bankruptcy_price",
        inverse,
        oracle.inverse,
        why=_GRID,
    ),
    family(
        "linear bankruptcy price",
        "price",
        "entry leverage qty",
        "bankruptcy_price",
        linear,
        oracle.linear,
        lacks=frozenset({"tick"}),
        legal=lambda values: bool(values["leverage"] > 1 and values["qty"] > 0),
    ),
    family(
        "sign of a fund's flow",
        "waterfall",
        "liquidation_price bankruptcy_price fill",
        "fund",
        flow,
        oracle.flow,
        why=_SALE,
    ),
    family(
        "fund's flow per unit",
        "waterfall",
        "avg_fill bankruptcy_price",
        "fund_per_unit",
        flow_per_unit,
        oracle.flow_per_unit,
        why=_SALE,
    ),
)
