"""What resting orders hold: the largest position each leg could be in if they fill."""

from deleverage.rulebook.book import LONG, SHORT, Book, Unit


def held_lots(book: Book, unit: Unit) -> dict[str, int]:
    """Return, per leg id, the largest position the leg could be in if its open orders fill on one side; lots >= 0.

    In hedge mode an order that closes its leg holds nothing: it cannot make the leg larger.
    """
    buys: dict[str, int] = {}
    sells: dict[str, int] = {}
    for order in book.orders.values():
        if order.unit_id == unit.unit_id and not closes(order.leg_side, order.lots):
            side = buys if order.lots > 0 else sells
            side[order.leg_id] = side.get(order.leg_id, 0) + abs(order.lots)
    held = {}
    for leg_id in sorted({*unit.legs, *buys, *sells}):
        lots = unit.legs[leg_id].lots if leg_id in unit.legs else 0
        held[leg_id] = max(abs(lots + buys.get(leg_id, 0)), abs(lots - sells.get(leg_id, 0)))
    return held


def closes(leg_side: str, lots: int) -> bool:
    """Return whether a change of ``lots`` (signed) makes a leg of hedge mode smaller; in one-way mode always False."""
    return (leg_side == LONG and lots < 0) or (leg_side == SHORT and lots > 0)
