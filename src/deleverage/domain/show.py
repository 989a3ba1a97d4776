"""Numbers of the law as people write them: exact decimals, grouped for reading, never through a float."""

from deleverage.rulebook.book import MarketTerms
from deleverage.rulebook.messages import Fill
from deleverage.rulebook.quantities import PPB, Scale, div_half_even, format_units

PRICE_DIGITS = 4
"""A price that is no whole number of ticks is shown with so many digits more, halves to even."""


def price_of(fill: Fill, terms: MarketTerms) -> str:
    """Return the display price of a fill: amount per lot as a decimal; it may be 0 or below, and is never clipped."""
    amount = fill.amount_quanta if fill.lots < 0 else -fill.amount_quanta
    if terms.contract == "inverse":
        if amount >= 0:
            return "none"  # The bankrupt side is paid to let go: no price of an inverse contract says that.
        ticks = div_half_even(terms.face_quanta_ticks * abs(fill.lots) * 10**PRICE_DIGITS, -amount)
        return format_units(ticks, Scale(terms.tick.units, terms.tick.decimals + PRICE_DIGITS))
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
    """Return a share in ppb as a percentage, rounded to two decimals, halves to even.

    Rounding never makes nothing of something or a whole of a part: that is shown as ``<0.01`` and ``>99.99``.
    """
    hundredths = div_half_even(ppb, 100_000)
    if hundredths == 0 and ppb > 0:
        return "<0.01"
    if hundredths == 10_000 and ppb < PPB:
        return ">99.99"
    return format_units(hundredths, Scale(1, 2))


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun, grouped: ``1 lot``, ``1,000 lots``; ``many`` where an s is not enough."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
