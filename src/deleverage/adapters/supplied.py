"""What a file lacks and the user supplies, by name: ``--equity al=100``, ``--mark BTC=65000``. Never guessed.

An amount or price that the file states is not replaced: it would contradict the rest of the file. Only a maintenance
rate is: it stands for a margin table that the user knows better.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from deleverage.adapters.decimals import is_beyond_use, plain
from deleverage.adapters.holding import Holding, Source
from deleverage.scenarios.faults import Fault, nearest


@dataclass(frozen=True, slots=True)
class Supplied:
    """Names -> plain decimals. Equity by margin unit; mark, maintenance rate and contract size by market."""

    account: str = ""
    settle: str = ""
    equity: dict[str, str] = field(default_factory=dict)
    mark: dict[str, str] = field(default_factory=dict)
    maintenance: dict[str, str] = field(default_factory=dict)
    contract_size: dict[str, str] = field(default_factory=dict)


def pairs(option: str, given: Sequence[str], faults: list[Fault], *, may_be: Callable[[str], bool]) -> dict[str, str]:
    """Return the pairs of an option that is written ``NAME=NUMBER``; ``may_be`` says which numbers may stand there."""
    found: dict[str, str] = {}
    for text in given:
        name, sign, number = text.rpartition("=")
        value = plain(number)
        if not (sign and name):
            faults.append(Fault("", f"--{option} {text!a} is not NAME=NUMBER"))
        elif value is None or is_beyond_use(value) or not may_be(value):
            faults.append(Fault("", f"--{option} {name}: {number[:40]!a} is no number that it may have"))
        elif name in found:
            faults.append(Fault("", f"--{option} {name} is given twice"))
        else:
            found[name] = value
    return found


def complete(holdings: list[Holding], supplied: Supplied, source: Source, *, is_own: bool) -> list[Holding]:
    """Return positions with all that is needed to rank them; what is missing is asked for, once per name.

    Of our own shape (``is_own``) each line has said already that it lacks an account or, without any option, an equity.
    """
    named = [item if item.account else replace(item, account=supplied.account) for item in holdings]
    if not is_own and not all(item.account for item in named):
        source.fault("the positions do not say whose they are: --account NAME")
    _check_names(named, supplied, source)
    asked: set[str] = set()
    done = []
    for item in named:
        mark = supplied.mark.get(item.market) if item.mark is None else item.mark
        if mark is None and f"mark {item.market}" not in asked:
            asked.add(f"mark {item.market}")
            item.fault("mark", f"is missing: --mark {item.market}=PRICE")
        stated = item.equity is not None or item.collateral is not None
        equity = item.equity if stated else supplied.equity.get(item.unit)
        asks = not is_own or bool(supplied.equity)
        if asks and not stated and equity is None and item.unit not in asked:
            asked.add(item.unit)
            item.fault("equity", f"is not in the file: --equity {item.unit or 'NAME'}=AMOUNT, at the marks")
        done.append(replace(item, mark=mark, equity=equity))
    return done


def _check_names(holdings: list[Holding], supplied: Supplied, source: Source) -> None:
    """Note options that name nobody, or what the file states."""
    units = {item.unit for item in holdings}
    markets = {item.market for item in holdings}
    stated = {
        "equity": {item.unit for item in holdings if item.equity or item.collateral},
        "mark": {item.market for item in holdings if item.mark},
    }
    for option in ("equity", "mark", "maintenance", "contract_size"):
        known = units if option == "equity" else markets
        for name in getattr(supplied, option):
            if name not in known:
                words = f"nothing in the file is named {name!a}, {nearest(name, known)}"
                source.fault(f"--{option.replace('_', '-')}: {words}")
            elif name in stated.get(option, ()):
                source.fault(f"--{option} {name}: the file states it already")


def only_settled_in(holdings: list[Holding], settle: str, source: Source) -> list[Holding]:
    """Return the positions that settle in one currency: money of two currencies cannot be added."""
    found = sorted({item.settle for item in holdings if item.settle})
    if settle and settle not in found:
        source.fault(f"--settle: no position says that it settles in {settle!a}, {nearest(settle, found)}")
    elif settle:
        return [item for item in holdings if item.settle == settle]
    elif len(found) > 1:
        source.fault(f"positions settle in {', '.join(found)}: choose one with --settle, and the equity in it")
    return holdings
