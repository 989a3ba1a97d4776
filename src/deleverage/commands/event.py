"""``deleverage run --event DIR``: a real event moved through the waterfall.

Exit codes: 0 done, 1 an invariant broke (our bug), 2 bad input, 3 a residual was left.
"""

from functools import partial
from pathlib import Path

from deleverage.adapters.tables import TableFault
from deleverage.adapters.waves import QUANTUM, load_event
from deleverage.commands.output import DONE, RESIDUAL_LEFT, broken, print_json, progress, refuse, write_page
from deleverage.commands.recorded import Folder
from deleverage.domain import Domain
from deleverage.domain.engines import COLUMNS
from deleverage.journal.address import shown
from deleverage.journal.faults import JournalFault
from deleverage.journal.local import Money
from deleverage.lab.event import PUBLISHED_ACCOUNTS, EventFault, Options, play_event
from deleverage.lab.event_document import event_document, event_text
from deleverage.rulebook.invariants import InvariantBroken
from deleverage.rulebook.quantities import BadQuantity, Scale, parse_units
from deleverage.rulebook.rules import ConfigError, Rules


def run(
    event_dir: Path,
    prices: Path | None = None,
    *,
    as_json: bool = False,
    seed: int = Options().seed,
    fund: str = "0",
    price_rule: str = Options().price_rule,
    population_equity: str = "1",
    accounts: int = PUBLISHED_ACCOUNTS,
    html: Path | None = None,
    engine: str = COLUMNS,
    journal: str | None = None,
) -> int:
    """Play the event below ``event_dir`` and print it; ``fund`` is USD, ``population_equity`` a factor, both decimals.

    Without ``prices`` the file ``<name of the folder>_coins.csv`` in or beside the folder is taken. ``journal`` is a
    new folder, or an address, that gets a journal for each wave: each is a domain of its own. Returns the exit code.
    With ``as_json`` stdout holds one JSON document and nothing else.
    """
    try:
        options = _options(seed, fund, price_rule, population_equity, accounts)
        event = load_event(Path(event_dir), None if prices is None else Path(prices))
        remembered = None if journal is None else Folder(journal, event_dir.name, engine, Money("USD", QUANTUM))
        with progress() as show:
            result = play_event(event, options, show, remembered or partial(_opened, engine))
        if remembered is not None:
            remembered.close()
    except JournalFault as fault:
        return refuse([f"--journal {shown(str(journal))}: {fault}"], as_json=as_json)
    except (TableFault, ConfigError, EventFault) as refusal:
        return refuse(refusal.faults, as_json=as_json)
    except InvariantBroken as failure:
        return broken(failure, f"event {event_dir}, {accounts} accounts, seed {seed}", as_json=as_json)
    document = event_document(result)
    if html is not None and (fault_of_page := write_page(document, Path(html))):
        return refuse([fault_of_page], as_json=as_json)
    if as_json:
        print_json(document)
    else:
        print(event_text(result))
    left = result.total("residual_quanta") or result.total("residual_lots")
    return RESIDUAL_LEFT if left else DONE


def _opened(engine: str, wave: int, rules: Rules) -> Domain:
    return Domain.open(rules, engine)


def _options(seed: int, fund: str, price_rule: str, population_equity: str, accounts: int) -> Options:
    """Return the options, or raise EventFault with everything that is wrong with them."""
    faults: list[str] = []
    fund_quanta = _parse("--fund", fund, QUANTUM, faults)
    equity_ppb = _parse("--population-equity", population_equity, Scale(1, 9), faults)
    if accounts < 1:
        faults.append(f"--accounts is {accounts}, allowed are 1 and more")
    if faults:
        raise EventFault(faults)
    return Options(
        seed=seed,
        accounts=accounts,
        price_rule=price_rule,
        fund_quanta=fund_quanta,
        population_equity_ppb=equity_ppb,
    )


def _parse(name: str, text: str, scale: Scale, faults: list[str]) -> int:
    try:
        units = parse_units(str(text), scale)
    except BadQuantity as refusal:
        faults.append(f"{name}: {refusal}")
        return 0
    if units < 0:
        faults.append(f"{name} is {text}, allowed are 0 and more")
    return units
