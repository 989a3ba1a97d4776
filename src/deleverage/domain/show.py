"""Numbers of the law as people write them: exact decimals, grouped for reading, never through a float."""

from deleverage.rulebook.book import MarketTerms
from deleverage.rulebook.messages import Fill
from deleverage.rulebook.quantities import Scale, div_half_even, format_units

PRICE_DIGITS = 4
"""A price that is no whole number of ticks is shown with so many digits more, halves to even."""


def price_of(fill: Fill, terms: MarketTerms) -> str:
    """Return the display price of a fill: amount per lot as a decimal; it may be 0 or below, and is never clipped."""
    amount = fill.amount_quanta if fill.lots < 0 else -fill.amount_quanta
    finer = Scale(terms.tick.units, terms.tick.decimals + PRICE_DIGITS)
    units = div_half_even(amount * 10**PRICE_DIGITS, abs(fill.lots) * terms.quanta_per_tick_lot)
    return format_units(units, finer)


def grouped(text: str) -> str:
    """Return a plain decimal with commas between thousands."""
    sign, body = ("-", text[1:]) if text.startswith("-") else ("", text)
    whole, point, fraction = body.partition(".")
    return f"{sign}{int(whole):,}{point}{fraction}"


def money_text(quanta: int, scale: Scale) -> str:
    """Return quanta as a grouped decimal for people, exact, with at least two decimals where the currency has them."""
    text = format_units(quanta, scale)
    if scale.decimals >= 2:
        whole, _, fraction = text.partition(".")
        text = f"{whole}.{fraction:0<2}"
    return grouped(text)


def percent_text(ppb: int) -> str:
    """Return a share in ppb as a percentage, rounded to two decimals, halves to even."""
    return format_units(div_half_even(ppb, 100_000), Scale(1, 2))
