"""The command line. Names, options and exit codes only: each command's work lies in ``deleverage.commands``.

Nothing heavy is imported here, and the commands' modules only when they are called: ``--help`` answers in a blink.
"""

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, CycloptsError, Parameter

from deleverage import __version__
from deleverage.cli_bus import bus
from deleverage.cli_journal import migrate, receipt, verify, why
from deleverage.cli_keys import keys, reads, request
from deleverage.cli_lab import lab
from deleverage.cli_options import (
    Account,
    ContractSizes,
    Equities,
    Json,
    Marks,
    Rates,
    Seed,
    Settle,
    given,
    refuse,
    whole,
)
from deleverage.cli_service import serve, shadow

_EVENT = "With --event"
Accounts = Annotated[int | None, Parameter(help="How many accounts are drawn, where a draw is made.", converter=whole)]
Count = Annotated[int | None, Parameter(help="How many worlds are drawn beside the scenarios.", converter=whole)]
Positions = Annotated[int | None, Parameter(help="The largest size that is measured.", converter=whole)]
Prices = Annotated[Path | None, Parameter(help="CSV file of reference prices.", group=_EVENT)]
Fund = Annotated[str | None, Parameter(help="The insurance fund, in USD.", group=_EVENT)]
PriceRule = Annotated[str | None, Parameter(help="bankruptcy, mark or previous-mark.", group=_EVENT)]
PopulationEquity = Annotated[
    str | None, Parameter(help="Equity of the drawn counterparties, as a factor.", group=_EVENT)
]
Switches = Annotated[
    list[str] | None, Parameter(help="NAME=SIDE, a side of one of the venue's switches; may be repeated.", negative="")
]
Engine = Annotated[
    Literal["columns", "rulebook"],
    Parameter(help="columns: fast, sums checked; rulebook: plain integers, every fact recomputed. Same results."),
]
app = App(
    name="deleverage",
    version=f"deleverage {__version__}",
    help="Auto-deleveraging, exact and verifiable: who is closed, at which price, and where every unit of money went."
    "\n\nExit codes: 0 done, 1 an invariant does not hold, 2 bad input, 3 a residual is left, 4 a divergence.",
    help_format="plaintext",
)

app.command(bus)
app.command(keys)
app.command(lab)
app.command(migrate)
app.command(reads)
app.command(receipt)
app.command(request)
app.command(serve)
app.command(shadow)
app.command(verify)
app.command(why)


@app.command
def run(
    scenario: str | None = None,
    /,
    *,
    policy: str | None = None,
    venue: str | None = None,
    switch: Switches = None,
    accounts: Accounts = None,
    seed: Seed = None,
    html: Path | None = None,
    event: Path | None = None,
    prices: Prices = None,
    fund: Fund = None,
    price_rule: PriceRule = None,
    population_equity: PopulationEquity = None,
    engine: Engine = "columns",
    journal: str | None = None,
    json: Json = False,
) -> int:
    """Play a scenario, or a real event, through the whole waterfall.

    Parameters
    ----------
    scenario
        A name from `deleverage scenarios`, or a TOML file.
    policy
        Who is deleveraged, instead of the scenario's own: a name from `deleverage policies`, or `./mine.py:Mine`, a
        policy from a Python file. Its result is checked, its code is not sandboxed.
    venue
        A preset from `deleverage venues`, or a file of one, instead of the scenario's own rules. Several, separated by
        commas: who pays under each, side by side.
    html
        Write a page with everything that happened to this file.
    event
        Folder of a real event, instead of a scenario.
    journal
        Write every command and answer to this new file, or to postgresql://USER@HOST/DATABASE?domain=NAME, for
        `deleverage verify`.
    """
    real = given(prices=prices, fund=fund, price_rule=price_rule, population_equity=population_equity)
    if event is not None:
        drawn = given(html=html, seed=seed, accounts=accounts, venue=venue, switch=switch)
        return _run_event(event, scenario, policy, json, {**real, **drawn, "engine": engine, "journal": journal})
    faults = [f"--{name.replace('_', '-')} goes with --event only" for name in real]
    if scenario is None:
        faults.append("which scenario? `deleverage scenarios` lists them; or give --event DIR")
    if scenario is None or faults:
        return refuse(faults, json)
    if switch and (venue is None or "," in venue):
        return refuse(["--switch goes with --venue and one name only"], json)
    if venue is not None and "," in venue:
        single = given(policy=policy, html=html, journal=journal)
        alone = [f"--{name} does not go with several venues" for name in single]
        if alone:
            return refuse(alone, json)
        from deleverage.commands.side_by_side import side_by_side

        names = venue.split(",")
        return side_by_side(scenario, names, accounts=accounts, seed=seed, engine=engine, as_json=json)
    from deleverage.commands.run import run as play

    chosen: dict[str, Any] = {"policy": policy, "venue": venue, "switches": switch, "engine": engine}
    return play(scenario, **chosen, accounts=accounts, seed=seed, html=html, journal=journal, as_json=json)


@app.command
def scenarios(name: str | None = None, /, *, json: Json = False) -> int:
    """List the bundled scenarios; with a name, print its text.

    Parameters
    ----------
    name
        One of them.
    """
    from deleverage.commands.catalogue import scenarios as show

    return show(name, as_json=json)


@app.command
def venues(name: str | None = None, /, *, json: Json = False) -> int:
    """List the presets of venues; with a name: rule, formula, worked numbers, what is assumed and unknown, source.

    Parameters
    ----------
    name
        One of them, or a TOML file of one's own.
    """
    from deleverage.commands.venues import venues as show

    return show(name, as_json=json)


@app.command
def policies(name: str | None = None, /, *, json: Json = False) -> int:
    """List the deleveraging policies: rule, formula, who uses it, what it assumes.

    Parameters
    ----------
    name
        One of them.
    """
    from deleverage.commands.catalogue import policies as show

    return show(name, as_json=json)


@app.command
def queue(
    book: Path,
    /,
    *,
    market: str | None = None,
    side: str | None = None,
    ranking: str | None = None,
    venue: str | None = None,
    switch: Switches = None,
    indicator: str | None = None,
    direction: str | None = None,
    account: Account = None,
    settle: Settle = None,
    equity: Equities = None,
    mark: Marks = None,
    maintenance: Rates = None,
    contract_size: ContractSizes = None,
    json: Json = False,
) -> int:
    """Rank a book of positions: score, rank, percentile, lights, size ahead.

    Parameters
    ----------
    book
        A CSV, Parquet or .json file with account (or id), market, size (long +, short -), entry, mark, and equity or
        collateral; or JSON positions of ccxt, Binance, Bybit, OKX or Hyperliquid; or live:EXCHANGE.
    market
        Only this market.
    side
        Only this side's positions: long or short.
    ranking
        bitmex, hyperliquid ...: what `deleverage policies` lists as queue-..., with its formula; left out, bitmex.
    venue
        Rank as this venue does: a name from `deleverage venues`, or a file.
    indicator
        Show each place on this venue's scale: binance, bybit, okx, gate, bitget ...; left out, the --venue's own.
    direction
        rising (a larger value is closed sooner) or falling, for a scale whose venue does not say it.
    """
    faults = ["--ranking or --venue, not both"] if ranking is not None and venue is not None else []
    faults += ["--switch goes with --venue"] if switch and venue is None else []
    if faults:
        return refuse(faults, json)
    from deleverage.commands.queue import queue as rank
    from deleverage.commands.queue_input import Lacking

    pairs = {"equity": equity, "mark": mark, "maintenance": maintenance, "contract_size": contract_size}
    lacking = Lacking(account, settle, **{name: given or () for name, given in pairs.items()})
    chosen: dict[str, Any] = {"ranking": ranking, "venue": venue, "switches": switch}
    chosen |= {"indicator": indicator, "direction": direction, "lacking": lacking}
    return rank(book, market=market, side=side, **chosen, as_json=json)


@app.command
def markers(records: Path, /, *, venue: str | None = None, json: Json = False) -> int:
    """Print what a venue has done to positions by itself: deleveraging, liquidation, takeover, in one form.

    Parameters
    ----------
    records
        A .json or .jsonl file of a venue's orders, fills, positions or events, as its API gives them, or ccxt.
    venue
        Read only records of this venue: binance, bybit, okx, hyperliquid, deribit ...; left out, told by their keys.
    """
    from deleverage.commands.markers import markers as show

    return show(records, venue=venue, as_json=json)


@app.command
def vectors(
    *,
    out: Path | None = None,
    seed: Seed = None,
    count: Count = None,
    check: Path | None = None,
    json: Json = False,
) -> int:
    """Write golden vectors for ports of the law to other languages, or check one.

    Parameters
    ----------
    out
        The folder to write to; left out, ./vectors.
    check
        Play this vector through the rulebook: PASS, or the first divergence with both values and exit code 4.
    """
    from deleverage.commands import vectors as golden

    drawn = given(out=out, seed=seed, count=count)
    if check is None:
        return golden.write(**drawn, as_json=json)
    if drawn:
        return refuse([f"--{name} does not go with --check" for name in drawn], json)
    return golden.check_file(check, as_json=json)


@app.command
def bench(*, quick: bool = False, largest: Positions = None, write: Path | None = None, json: Json = False) -> int:
    """Measure the engine against memory, pandas, plain Python and a C++ engine: ratios of one run, on this machine.

    Parameters
    ----------
    quick
        Only 10,000 and 100,000 positions: under a minute.
    largest
        No size above so many positions, of 10,000 to 10,000,000.
    write
        Write the page of figures to this file, too.
    """
    from deleverage.commands.bench import bench as measure

    return measure(quick=quick, largest=largest, write=write, as_json=json)


def _run_event(event: Path, scenario: str | None, policy: str | None, json: bool, options: dict[str, Any]) -> int:
    faults = []
    if scenario is not None:
        faults.append(f"a scenario ({scenario!a}) or --event, not both")
    for name in given(policy=policy, venue=options.pop("venue", None), switch=options.pop("switch", None)):
        faults.append(f"--{name} does not go with --event")
    if faults:
        return refuse(faults, json)
    from deleverage.commands import event as real

    return real.run(event, options.pop("prices", None), as_json=json, **options)


def call(arguments: Sequence[str]) -> int:
    """Return the exit code of a command line; nothing a user types ends in a traceback."""
    try:
        result = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return refuse([_one_line(str(error))], "--json" in arguments)
    except BrokenPipeError:
        raise
    except Exception as error:
        from deleverage.commands.output import defect

        return defect(error, as_json="--json" in arguments)
    return result if isinstance(result, int) else 0


def _one_line(text: str) -> str:
    return " ".join(text.split())


def main() -> None:
    """Run the command line and leave with its exit code; a closed pipe is no error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a character is no error
    try:
        code = call(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough (`deleverage run crash | head`); keep Python from complaining at exit.
        sys.stdout = None
        code = 0
    except KeyboardInterrupt:
        code = 130  # what a shell expects of a command that was stopped by hand
    sys.exit(code)
