"""``deleverage queue BOOK``: rank a book of positions that the user brings."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from deleverage.adapters.position_book import market_id_of
from deleverage.adapters.positions import PositionBook
from deleverage.adapters.tables import TableFault
from deleverage.commands.output import DONE, head, print_json, refuse
from deleverage.commands.presets import ranking_preset
from deleverage.commands.queue_input import Lacking, Shown, chosen_scale, lacks_maintenance, read_book
from deleverage.domain.domain import BANKRUPT_SIGN
from deleverage.domain.show import grouped, percent_text
from deleverage.rulebook.margin import equity
from deleverage.rulebook.places import Place
from deleverage.rulebook.quantities import Scale, format_units
from deleverage.rulebook.rules import Rules
from deleverage.rulebook.scores import FLOORED
from deleverage.rulebook.selection import POLICIES, Queue
from deleverage.rulebook.stages.candidates import queue_of
from deleverage.scenarios.faults import ScenarioError, nearest
from deleverage.venues.model import law_of

RANKINGS = {name.removeprefix("queue-"): policy for name, policy in POLICIES.items() if name.startswith("queue-")}
"""Queues by their ranking; ``deleverage policies`` lists them."""

ROWS = 1_000
"""So many places of a queue are printed; the others are counted. The JSON document has all."""


def queue(
    path: Path,
    *,
    market: str | None,
    side: str | None,
    ranking: str | None,
    venue: str | None = None,
    switches: list[str] | None = None,
    indicator: str | None = None,
    direction: str | None = None,
    lacking: Lacking | None = None,
    as_json: bool,
) -> int:
    """Print score, rank, percentile, lights and size ahead of every position; ``side`` is the side that is ranked.

    The order is that of a ``ranking`` (bitmex if neither is named), or of a ``venue``'s preset with its ``switches``.
    """
    name = (ranking or "bitmex").removeprefix("queue-")
    faults: list[object] = []
    if name not in RANKINGS:
        faults.append(f"ranking {name!a} is unknown, {nearest(name, RANKINGS)}")
    shown = Shown()
    try:
        preset = None if venue is None else ranking_preset(venue, switches or [])
        shown = chosen_scale(indicator, venue, direction, faults)
    except ScenarioError as refusal:
        faults += refusal.faults
    if side is not None and side not in BANKRUPT_SIGN:
        faults.append(f"side {side!a} is unknown, {nearest(side, BANKRUPT_SIGN)}")
    supplied = (lacking or Lacking()).supplied(faults)
    try:
        positions = read_book(path, supplied)
    except TableFault as refusal:
        return refuse([*faults, *refusal.faults], as_json=as_json)
    ids = {name: market_id for market_id, name in positions.shown.items()}
    if market is not None and market not in ids:
        faults.append(f"market {market!a} is unknown, {nearest(market, ids)}")
    if faults:
        return refuse(faults, as_json=as_json)
    rules = _rules(name, positions.money) if preset is None else law_of(preset, positions.money)
    if lacks := lacks_maintenance(positions, rules):
        return refuse(lacks, as_json=as_json)
    shown = replace(shown, ranks=isinstance(rules.policy, Queue))
    queues = [
        _queue(positions, name, ranked, queue_of(positions.book, rules, ids[name], BANKRUPT_SIGN[ranked]), shown)
        for name in ([market] if market else sorted(ids))
        for ranked in ([side] if side else BANKRUPT_SIGN)
    ]
    queues = [item for item in queues if item["positions"]]
    if not queues:
        return refuse([f"nobody is {side} in {market or 'any market'} of this book"], as_json=as_json)
    scale = None if shown.indicator is None else shown.indicator.name
    if as_json:
        order = rules.policy.name.removeprefix("queue-")
        label = None if preset is None else preset.label
        keys = {"ranking": order, "venue": label, "indicator": scale, "shape": positions.shape}
        print_json({**head("queue"), **keys, "quantum": format_units(1, positions.money), "queues": queues})
    else:
        first = "rank 1 is closed first" if shown.ranks else f"closed by {rules.policy.name}, in no order"
        _print(queues, scale or "", first)
    return DONE


def _rules(ranking: str, money: Scale) -> Rules:
    """Return rules with a ranking; where it has a floor under a wallet balance, that is one of the currency."""
    floored = ranking in FLOORED
    return Rules(policy=Queue(ranking, wallet_floor_quanta=10**money.decimals) if floored else RANKINGS[ranking])


def _queue(positions: PositionBook, name: str, side: str, places: list[Place], shown: Shown) -> dict[str, Any]:
    """Return one queue; sizes are decimals of the market's own unit."""
    book = positions.book
    market = book.markets[market_id_of(name)]
    return {
        "market": name,
        "side": side,
        "mark": format_units(market.mark_price_ticks, market.terms.tick),
        "size": format_units(sum(place.lots for place in places), market.terms.lot),
        "positions": [
            {
                "rank": place.rank,
                "account": place.unit_id,
                "tier": place.tier,
                "score": place.score or None,
                "size": format_units(place.lots, market.terms.lot),
                "size_ahead": format_units(place.lots_ahead, market.terms.lot),
                "percentile_ppb": str(place.percentile_ppb),
                "lights": place.lights,
                "risk_ppb": None if (risk := shown.risk_ppb(place, len(places))) is None else str(risk),
                "indicator": shown.value(place, len(places)),
                "equity": format_units(equity(book, book.units[place.unit_id]), positions.money),
            }
            for place in places
        ],
    }


def _print(queues: list[dict[str, Any]], indicator: str, order: str) -> None:
    """Print the queues; ``order`` says what a rank means."""
    from deleverage.commands.run_text import lights_text
    from deleverage.commands.text_table import TextTable

    scale = (indicator,) if indicator else ()
    names = ("rank", "lights", "account", "score", "size", "size ahead", "percentile", "equity", *scale)
    for item in queues:
        size, mark = grouped(item["size"]), grouped(item["mark"])
        title = f"{item['side']}s in {item['market']} at {mark}, {size} in all; {order}"
        table = TextTable(title, names, left=("lights", "account"))
        for row in item["positions"][:ROWS]:
            table.add(
                f"{row['rank']:,}",
                lights_text(row["lights"]),
                row["account"],
                row["score"] or "-",
                grouped(row["size"]),
                grouped(row["size_ahead"]),
                percent_text(int(row["percentile_ppb"])) + " %",
                grouped(row["equity"]),
                *([row["indicator"] or "-"] if indicator else []),
            )
        print("\n".join(table.lines()))
        if len(item["positions"]) > ROWS:
            print(f"and {len(item['positions']) - ROWS:,} more in line, all in --json")
        print()
