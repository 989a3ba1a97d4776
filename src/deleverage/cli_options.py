"""Options that several commands share, and how a command line refuses."""

from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import Parameter, Token


def whole(_: Any, tokens: Sequence[Token]) -> int:
    """Return a whole number written in plain digits; ``int`` would take 1_000 and digits of other scripts."""
    text = tokens[0].value
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{text!a} is not a whole number in plain digits")
    if len(text) > 18:
        raise ValueError(f"{text[:40]} has {len(text)} digits, at most 18 are allowed")
    return int(text)


Seed = Annotated[int | None, Parameter(help="The seed of the draw.", converter=whole)]
Json = Annotated[
    bool, Parameter(help="Print one JSON document on stdout, all else on stderr.", name="--json", negative="")
]

_LACKING = "What the file lacks"
Account = Annotated[str | None, Parameter(help="Whose the positions are.", group=_LACKING)]
Settle = Annotated[str | None, Parameter(help="Only positions that settle in this currency.", group=_LACKING)]
Equities = Annotated[
    list[str] | None, Parameter(help="NAME=AMOUNT, an account's equity at the marks.", group=_LACKING, negative="")
]
Marks = Annotated[list[str] | None, Parameter(help="MARKET=PRICE, a mark price.", group=_LACKING, negative="")]
Rates = Annotated[
    list[str] | None,
    Parameter(help="MARKET=RATE, maintenance as a share of the notional, for all.", group=_LACKING, negative=""),
]
ContractSizes = Annotated[
    list[str] | None, Parameter(help="MARKET=SIZE, what one contract is of the coin.", group=_LACKING, negative="")
]


def given(**options: Any) -> dict[str, Any]:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def refuse(faults: Sequence[str], json: bool) -> int:
    """Print every fault and return the exit code for bad input."""
    from deleverage.commands.output import refuse as tell

    return tell(faults, as_json=json)
