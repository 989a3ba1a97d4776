"""Numbers and names as a report prints them; a number that is undefined says so."""

from collections.abc import Iterable

from deleverage.lab.metrics.measure import cents

MOST_NAMED = 8


def usd(value: float | None) -> str:
    """Return a measure in USD, to the cent."""
    return cents(value) if value is None else f"{cents(value)} USD"


def percent(value: float | None) -> str:
    """Return a share in percent."""
    return "undefined" if value is None else f"{100 * value:,.2f} %"


def listed(names: Iterable[object]) -> str:
    """Return names separated by commas, the first few of many and how many more."""
    texts = [str(name) for name in names]
    more = f" and {len(texts) - MOST_NAMED} more" if len(texts) > MOST_NAMED else ""
    return ", ".join(texts[:MOST_NAMED]) + more


def waves(numbers: Iterable[int]) -> str:
    """Return waves by number, all of them: which ones it is decides what can be compared."""
    texts = [str(number) for number in numbers]
    return f"wave{'s' if len(texts) != 1 else ''} {', '.join(texts)}" if texts else "no wave"


def sentences(parts: Iterable[str]) -> str:
    """Return parts as sentences, without the last full stop."""
    return ". ".join(part[:1].upper() + part[1:] for part in parts)
