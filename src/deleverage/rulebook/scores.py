"""The scores that venues publish, a function each, of the parts that ``ranking`` gives.

Rules of this module:

* A formula is made of *ratios*: two exact integers, each converted to binary64 (half to even), then divided. Ratios
  come before products, so that nothing within the law's bounds overflows; no other operation is rounded.
* Nobody without equity has a score. ``base`` and ``value`` are at least 1, so what divides is above 0 or bounded below.
* ROI is the leg's price PnL / its cost. Unit figures are those of the cross account, or of the one isolated leg.

Deliberately absent: ``return-leverage`` (KuCoin, October 2025: return x effective leverage in profit, / in loss, the
smaller loss first), which is ``bitmex`` in other words; ``okx``, which is ``return-mmr``; KuCoin's older form
(PnL / initial margin x opening leverage): a leg does not keep the leverage it was opened with.
"""

from collections.abc import Callable

from deleverage.rulebook.quantities import MARGIN_SCALE
from deleverage.rulebook.ranking import (
    Binary64,
    Candidate,
    Score,
    binary64,
    bitmex_score,
    profit_score,
    quotient,
    ratio,
)


def _roi(candidate: Candidate) -> Binary64:
    return ratio(candidate.pnl_quanta, candidate.base_quanta)


def _leverage(candidate: Candidate) -> Binary64:
    return ratio(candidate.value_quanta, candidate.equity_quanta)


def binance_score(candidate: Candidate, wallet_floor_quanta: int) -> Score | None:
    """Return the unit's profit percentage x its margin ratio; losers tie at 0.

    ``max(0, UPnL) / max(floor, WB) x MM / equity`` of the unit: UPnL the price PnL of all its legs, WB = equity - UPnL,
    the floor one of the currency. Binance, Aster, Aevo, HitBTC. Ambiguous: whether a cross account's figures are its
    own or the symbol's is not said (here its own); the live page of 2026 was not read.
    """
    if candidate.equity_quanta <= 0:
        return None
    wallet_quanta = candidate.equity_quanta - candidate.unit_pnl_quanta
    percent = ratio(max(0, candidate.unit_pnl_quanta), max(wallet_floor_quanta, wallet_quanta))
    return percent * ratio(candidate.unit_maintenance_scaled, candidate.equity_quanta * MARGIN_SCALE)


def return_score(candidate: Candidate) -> Score | None:
    """Return the leg's ROI alone: PnL / cost, winners and losers alike.

    KuCoin's page on cross margin. Ambiguous: other pages of the same venue multiply it by a leverage.
    """
    return _roi(candidate) if candidate.equity_quanta > 0 else None


def return_leverage_winners_score(candidate: Candidate) -> Score | None:
    """Return ROI x effective leverage of winners, 0 of losers.

    ``max(0, PnL) / base x value / equity``, equity that of the unit. Bitget (May 2025). Ambiguous: positions in
    liquidation also score 0 there; here they lie in the last tier whatever their score.
    """
    if candidate.equity_quanta <= 0:
        return None
    return ratio(max(0, candidate.pnl_quanta), candidate.base_quanta) * _leverage(candidate)


def return_mmr_score(candidate: Candidate) -> Score | None:
    """Return ROI x margin use in profit, ROI / margin use in loss; margin use is the unit's maintenance / equity.

    Profit ``PnL / base x MM / equity``, loss ``PnL / base x equity / MM``, an MM of 0 counting as the least there is
    (10^-18 quanta). Bitget (September 2025); OKX, HTX, SunX and BitYiX write the same with the inverse, the margin
    ratio. Ambiguous: the text of OKX of 2025 and that of Bitget on isolated margin are cut.
    """
    if candidate.equity_quanta <= 0:
        return None
    held, needed = candidate.equity_quanta * MARGIN_SCALE, max(1, candidate.unit_maintenance_scaled)
    return _roi(candidate) * (ratio(needed, held) if candidate.pnl_quanta >= 0 else ratio(held, needed))


def bluefin_score(candidate: Candidate) -> Score | None:
    """Return a winner's ROI over the larger of maintenance rate and margin ratio; losers tie at 0.

    ``(max(0, PnL) / base) / max(MMR, MR)``: MMR the leg's maintenance / its value (below it a position is liquidated),
    MR the unit's equity / the notional of its legs. Bluefin. Ambiguous: its pages define MR for isolated positions
    only; a cross unit's is our reading. They take the oracle price, here it is the mark.
    """
    if candidate.equity_quanta <= 0:
        return None
    rate = ratio(candidate.maintenance_scaled, candidate.value_quanta * MARGIN_SCALE)
    margin_ratio = ratio(candidate.equity_quanta, candidate.unit_value_quanta)
    return quotient(ratio(max(0, candidate.pnl_quanta), candidate.base_quanta), max(rate, margin_ratio))


def hyperliquid_score(candidate: Candidate) -> Score | None:
    """Return the price relative in the position's favor x effective leverage: mark / entry of longs.

    ``larger / smaller x value / equity`` in profit, ``smaller / larger x value / equity`` in loss, of value and base:
    of a linear long that is mark / entry, of a short entry / mark. Hyperliquid. Ambiguous: it publishes the long form
    only, that of shorts is our reading. Near 1 everywhere, so leverage decides.
    """
    if candidate.equity_quanta <= 0:
        return None
    smaller, larger = sorted((candidate.value_quanta, candidate.base_quanta))
    relative = ratio(larger, smaller) if candidate.pnl_quanta >= 0 else ratio(smaller, larger)
    return relative * _leverage(candidate)


def pnl_leverage_score(candidate: Candidate) -> Score | None:
    """Return PnL in money x effective leverage: ``PnL x value / equity``, negative in loss.

    Gate (2022), FLOX (``upnl_x_leverage``). Ambiguous: Gate takes the leverage that was set, and the largest where none
    was; here it is the effective one.
    """
    if candidate.equity_quanta <= 0:
        return None
    return binary64(candidate.pnl_quanta) * _leverage(candidate)


def pnl_ratio_score(candidate: Candidate) -> Score | None:
    """Return PnL / equity of the unit.

    FLOX (``pnl_ratio``), a simulator; no venue. Ambiguous: there equity is the position's own.
    """
    return ratio(candidate.pnl_quanta, candidate.equity_quanta) if candidate.equity_quanta > 0 else None


def size_score(candidate: Candidate) -> Score | None:
    """Return the leg's lots, a whole number: the largest position first, whatever its profit.

    FLOX (``position_size``); FTX chose its counterparties so, but shared among them (``top-by-size``). Ambiguous:
    nothing.
    """
    return candidate.lots if candidate.equity_quanta > 0 else None


def ethereal_score(candidate: Candidate) -> Score | None:
    """Return three keys: leverage (the text of the score), then PnL, both largest first, then the smallest balance.

    ``value / equity``, the leg's PnL, and the unit's equity less the price PnL of its legs. Ethereal. Ambiguous: its
    fourth key, the newest, is no state of the book (ties go by id), and its worked example does not fit its words.
    """
    if candidate.equity_quanta <= 0:
        return None
    return _leverage(candidate), candidate.pnl_quanta, candidate.unit_pnl_quanta - candidate.equity_quanta


SCORES: dict[str, Callable[[Candidate], Score | None]] = {
    "bitmex": bitmex_score,
    "profit": profit_score,
    "return": return_score,
    "return-leverage-winners": return_leverage_winners_score,
    "return-mmr": return_mmr_score,
    "bluefin": bluefin_score,
    "hyperliquid": hyperliquid_score,
    "pnl-leverage": pnl_leverage_score,
    "pnl-ratio": pnl_ratio_score,
    "size": size_score,
    "ethereal": ethereal_score,
}
FLOORED: dict[str, Callable[[Candidate, int], Score | None]] = {"binance": binance_score}
"""Scores that divide by a wallet balance, and so need a floor under it."""
NEED_MAINTENANCE = frozenset({"binance", "return-mmr", "bluefin"})
"""Rankings that say little about a book without a margin table."""
RANKINGS = (*SCORES, *FLOORED, "rotation", "lexicographic")
"""The names of all orders that a queue may have; the last two know no score."""
