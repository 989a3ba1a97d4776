"""``deleverage lab``: events of the past and of a seed, policies side by side, and audits. Names and options only."""

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from deleverage.cli_options import Account, ContractSizes, Equities, Json, Marks, Seed, Settle, given, whole

lab = App(
    name="lab",
    help="Real events measured and audited, and every published policy on the same winners. Money is binary64 "
    "inside, whole units where somebody pays.",
    help_format="plaintext",
)

Policies = Annotated[
    str | None,
    Parameter(help="Names, name:parameter=value, controller+name, or files ./mine.py:Mine, by commas; left out, all."),
]
Metrics = Annotated[str | None, Parameter(help="Groups or names of measures, separated by commas; left out, all.")]


@lab.command
def compare(
    event: Path,
    /,
    *,
    policies: Policies = None,
    metrics: Metrics = None,
    reference: str | None = None,
    seed: Seed = None,
    json: Json = False,
) -> int:
    """Put policies side by side on an event's waves: over- and under-collection apart, fairness, ranks, hedges, regret.

    Parameters
    ----------
    event
        A folder or file of an event: tables of waves, fills with accounts, or a venue's JSON.
    reference
        The policy that fairness regret is measured against, named as in --policies; left out, min-max.
    """
    from deleverage.commands.lab_compare import compare as side_by_side

    return side_by_side(event, policies=policies, metrics=metrics, seed=seed, reference=reference, as_json=json)


Columns = Annotated[
    list[str] | None,
    Parameter(
        help="ROLE=NAME, which column is what: id, gain, cap, equity, leverage (or notional), score, lots, owner, "
        "arrived, least_equity; may be repeated.",
        name="--column",
        negative="",
    ),
]
Parameters = Annotated[
    list[str] | None, Parameter(help="NAME=VALUE, a parameter of the policy.", name="--param", negative="")
]


@lab.command
def allocate(
    winners: Path,
    /,
    *,
    policy: str,
    budget: str,
    unit: str = "0.01",
    column: Columns = None,
    param: Parameters = None,
    out: Path | None = None,
    json: Json = False,
) -> int:
    """Split a budget over the winners of a CSV file by one policy; in whole units, exact.

    Parameters
    ----------
    winners
        A CSV file with an id and a gain per row; --column says which columns these are.
    policy
        A name from `deleverage lab policies`.
    budget
        What has to be covered, a decimal; a multiple of the unit.
    unit
        The smallest amount of money. Gains are rounded down to it, and what was cut is printed.
    out
        Write the shares to this CSV file: id,amount.
    """
    from deleverage.commands.lab_allocate import allocate as split

    chosen: dict[str, Any] = {
        "policy": policy,
        "budget": budget,
        "unit": unit,
        "columns": column or (),
        "parameters": param or (),
    }
    return split(winners, **chosen, out=out, as_json=json)


Reduce = Annotated[
    list[str] | None,
    Parameter(
        help="COIN=SIZE, what has to be closed: above 0 of longs, below 0 of shorts; may be repeated. Left out, what "
        "accounts without equity hold, against the other side.",
        negative="",
    ),
]
Betas = Annotated[
    list[str] | None, Parameter(help="COIN=BETA, how far a coin follows the factor; left out, 1.", negative="")
]
Scenarios = Annotated[int | None, Parameter(help="How many price moves are drawn; left out, 200.", converter=whole)]


@lab.command
def cross(
    book: Path,
    /,
    *,
    reduce: Reduce = None,
    beta: Betas = None,
    scenarios: Scenarios = None,
    seed: Seed = None,
    factor: str | None = None,
    own: str | None = None,
    account: Account = None,
    settle: Settle = None,
    equity: Equities = None,
    mark: Marks = None,
    contract_size: ContractSizes = None,
    out: Path | None = None,
    json: Json = False,
) -> int:
    """Close lots of accounts that hold several coins: each rule's shortfall beside the least one, whole lots.

    Parameters
    ----------
    book
        A CSV, Parquet or .json file as `deleverage queue` reads it: own columns, clearinghouseState, ccxt ...
    factor
        The scale of the move that all coins follow; left out, 0.05.
    own
        The scale of each coin's own move; left out, 0.02.
    out
        Write the lots to this CSV file: unit, coin, side, held, and a column a rule.
    """
    from deleverage.commands.lab_cross import cross as close
    from deleverage.commands.lab_cross_input import Asked
    from deleverage.commands.queue_input import Lacking

    typed = {"reduce": reduce, "beta": beta, "scenarios": scenarios, "seed": seed, "factor": factor, "own": own}
    lacks = {"equity": equity, "mark": mark, "contract_size": contract_size}
    lacking = Lacking(account, settle, **{name: pairs or () for name, pairs in lacks.items()})
    return close(book, Asked(**given(**typed)), lacking=lacking, out=out, as_json=json)


@lab.command
def policies(name: str | None = None, /, *, json: Json = False) -> int:
    """List the published policies: rule, numeraire, information set, source, known failures.

    Parameters
    ----------
    name
        One of them, or another name of one.
    """
    from deleverage.commands.lab_policies import policies as show

    return show(name, as_json=json)


@lab.command
def audit(event: Path, /, *, only: str | None = None, json: Json = False) -> int:
    """What is wrong with an event's own data: findings with their proof, and the headlines without them.

    Exit code 0 whatever is found: findings are the result.

    Parameters
    ----------
    event
        A folder of wave tables, a table of fills (CSV, Parquet), or Hyperliquid's JSON.
    only
        Codes of findings, separated by commas; left out, all of them.
    """
    from deleverage.commands.lab_audit import audit as show

    return show(event, only=only, as_json=json)


@lab.command
def regret(
    event: Path,
    /,
    *,
    reference: str | None = None,
    fund_rate: str | None = None,
    fund_penalty: str | None = None,
    fund_start: str | None = None,
    fund_fee_share: str | None = None,
    json: Json = False,
) -> int:
    """Regret of policies as published, a fund's size and course, and every published figure beside what is found.

    Parameters
    ----------
    event
        A folder of wave tables, a table of fills (CSV, Parquet), or Hyperliquid's JSON.
    reference
        The policy that fairness is measured against; left out, the min-max one.
    fund_rate
        What keeping a dollar in a fund costs, r; left out, 0.05.
    fund_penalty
        What lacking a dollar costs, k; left out, 0.5. The fund's size is the quantile 1 - r / k of the waves' deficits.
    fund_start
        What is in the fund before the first wave, USD; left out, that size.
    fund_fee_share
        The share of a wave's notional that comes into the fund after it; left out, none.
    """
    from deleverage.commands.lab_regret import regret as show

    fund = {"rate": fund_rate, "penalty": fund_penalty, "start": fund_start, "fee-share": fund_fee_share}
    return show(event, reference=reference, fund=fund, as_json=json)


@lab.command
def report(
    event: Path,
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"], help="The folder to write to.")],
    policies: Policies = None,
    seed: Seed = None,
    json: Json = False,
) -> int:
    """Write pages about an event that need no network: waterfall, waves, policies, who paid, audit, checklist, sources.

    Parameters
    ----------
    event
        A folder of wave tables, a table of fills (CSV, Parquet), or Hyperliquid's JSON.
    """
    from deleverage.commands.lab_report import report as write

    return write(event, out, policies=policies, seed=seed, as_json=json)
