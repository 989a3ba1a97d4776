"""Scenario files in, scenarios out: exact, or refused with every fault and its key path.

How positions come about is told in ``opening``. Deliberately absent: playing (that is ``domain``), and any repair.
"""

from dataclasses import replace
from importlib import resources
from pathlib import Path as File
from typing import Any

from deleverage.rulebook.book import LONG, SHORT, leg_id_of, side_of
from deleverage.rulebook.messages import (
    Command,
    Deposit,
    DepositToFund,
    ListMarket,
    OpenAccount,
    OpenIsolated,
    SetLeverage,
    SetNeutralMode,
)
from deleverage.rulebook.pools import COMMON
from deleverage.rulebook.quantities import PPB, Scale, format_units
from deleverage.rulebook.selection import Policy
from deleverage.scenarios.collateral import read_assets, read_collateral
from deleverage.scenarios.drawn import Drawn, draw_population
from deleverage.scenarios.faults import Fault, Path, Reader, ScenarioError, nearest, path_text
from deleverage.scenarios.files import BadFile, read_bytes
from deleverage.scenarios.frames import read_path
from deleverage.scenarios.idle import note_idle
from deleverage.scenarios.idle_frames import note_idle_frames
from deleverage.scenarios.model import Depth, Impact, Origin, Scenario
from deleverage.scenarios.names import Names
from deleverage.scenarios.opening import Holding, Opening, faults_of_opening, open_positions
from deleverage.scenarios.parts import read_market, read_orders
from deleverage.scenarios.plugs import RATE
from deleverage.scenarios.pools import read_homes, read_pools
from deleverage.scenarios.preset import Preset, lay_over
from deleverage.scenarios.programmes import read_programme
from deleverage.scenarios.requirements import read_leverage
from deleverage.scenarios.structure import check_shape, parse
from deleverage.scenarios.switches import read_rules

LARGEST_FILE_BYTES = 16_000_000


def bundled_names() -> list[str]:
    """Return the names of the scenarios that ship with the package, in order."""
    folder = resources.files("deleverage.scenarios")
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def text_of(name: str) -> str:
    """Return the text of a bundled scenario, or of a file; raise ScenarioError if there is neither."""
    if name in bundled_names():
        return resources.files("deleverage.scenarios").joinpath(f"{name}.toml").read_text("utf-8")
    file = File(name)
    if not (file.suffix == ".toml" or _is_file(file)):
        raise ScenarioError([Fault("", f"scenario {name!a} is unknown, {nearest(name, bundled_names())}")])
    try:
        return read_bytes(file, LARGEST_FILE_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ScenarioError([Fault("", f"{name} is not UTF-8 text")]) from None
    except BadFile as refusal:
        raise ScenarioError([Fault("", f"{name} {refusal}")]) from None


def _is_file(file: File) -> bool:
    try:
        return file.is_file()
    except (OSError, ValueError):  # a name that no file system takes
        return False


def load(
    name: str,
    *,
    policy: str | Policy | None = None,
    accounts: int | None = None,
    seed: int | None = None,
    preset: Preset | None = None,
) -> Scenario:
    """Return a bundled scenario or a file's; ``policy``, ``accounts``, ``seed`` and ``preset`` replace what it says."""
    return loads(text_of(name), policy=policy, accounts=accounts, seed=seed, preset=preset)


def loads(
    text: str,
    *,
    policy: str | Policy | None = None,
    accounts: int | None = None,
    seed: int | None = None,
    preset: Preset | None = None,
) -> Scenario:
    """Return the scenario of a TOML text; raise ScenarioError with every fault."""
    document = parse(text)
    reader = Reader()
    mended = check_shape(document, reader)
    if preset is not None:
        mended = lay_over(mended, preset)
    builder = _Builder(document, mended, reader, policy, accounts, seed)
    builder.judges_idle = preset is None  # a key that rests under somebody else's rules is no mistake of the story
    scenario = builder.scenario()
    if reader.faults:
        raise ScenarioError(reader.faults)
    return scenario if preset is None else replace(scenario, venue=preset.label)


_OPENING = ("settlement", "markets", "assets", "accounts", "population", "fund", "pools", "orders", "allow_underwater")
"""What has to be without a fault before the opening can be tried; no other part hides who is below margin."""


class _Builder:
    """Builds one scenario, part by part, noting faults as it goes."""

    def __init__(
        self,
        document: dict[str, Any],
        mended: dict[str, Any],
        reader: Reader,
        policy: str | Policy | None,
        accounts: int | None,
        seed: int | None,
    ) -> None:
        self.tables, self.reader, self.policy = mended, reader, policy
        self.accounts, self.seed = accounts, seed
        self.judges_idle = True
        self.money = Scale(1, mended["settlement"]["decimals"])
        pool_ids = list(dict.fromkeys([COMMON, *_ids(document, "pools"), *_ids(mended, "pools")]))
        self.names = Names(reader, self.money, _ids(document, "markets"), _ids(document, "accounts"), pool_ids)
        self.setup: list[Origin] = []
        self.holdings: list[Holding] = []
        self.paths: dict[str, Path] = {}
        self.rest: dict[str, str] = {}
        self.leverages: dict[tuple[str, str], int] = {}

    def scenario(self) -> Scenario:
        """Return the scenario; what it returns is only worth something if no fault was noted."""
        tables, reader = self.tables, self.reader
        rules = read_rules(reader, self.money, tables.get("rules", {}), self.policy)
        self._markets()
        for command, place in read_assets(self.names, tables.get("assets", [])):
            self._add(command, place)
        self._accounts()
        drawn = self._population()
        if drawn:
            self.setup += [Origin(command, "population") for command in drawn.money]
        self._fund()
        pools = [*read_pools(self.names, tables.get("pools", [])), *read_homes(self.names, tables.get("markets", []))]
        self.setup += [Origin(command, path_text(where)) for command, where in pools]
        orders = read_orders(self.names, ("orders",), tables.get("orders", []), "order-0", 0)
        depth, impact = self._depth(), self._impact()
        path = read_path(self.names, tables.get("path", []), 0, rules)
        sound = reader.is_sound(*_OPENING)
        if sound:
            self._check_book(set(tables.get("population", {}).get("open_interest", {})))
            sound = reader.is_sound(*_OPENING)
        opening = open_positions(self.holdings, self.names.marks, self.rest) if sound else Opening()
        for left in opening.unmatched:
            terms = self.names.terms[left.market_id]
            price, size = format_units(left.entry_ticks, terms.tick), format_units(left.lots, terms.lot)
            sentence = f"positions entered at {price} sum to {size}, not to 0: nobody has the other side"
            where: Path = ("markets", self.names.market_ids.index(left.market_id))
            reader.fault(where, f"{sentence} (add it, or name a rest_of_market account)")
        self.setup += opening.commands
        self.setup += [Origin(trade, "population") for trade in drawn.trades] if drawn else []
        self.setup += [Origin(command, path_text(where)) for command, where in orders]
        allowed = tables.get("allow_underwater", False)
        if reader.is_sound(*_OPENING):
            written = [origin for origin in self.setup if origin.path != "population"]
            reader.faults += faults_of_opening(written, rules, self.money, self.paths, allowed)
        if self.judges_idle:
            note_idle(reader, tables)
            note_idle_frames(self.names, tables, path)
        return Scenario(
            name=tables.get("name", ""),
            title=tables.get("title", ""),
            lesson=tables.get("lesson", ""),
            rules=rules,
            currency=tables["settlement"]["currency"],
            money=self.money,
            markets=tuple(self.names.terms.values()),
            setup=tuple(self.setup),
            path=path,
            depth=depth,
            impact=impact,
            allow_underwater=allowed,
            drawn_accounts=drawn.accounts if drawn else 0,
            seed=drawn.seed if drawn else None,
            note=drawn.note if drawn else "",
        )

    def _add(self, command: Command, where: Path) -> None:
        self.setup.append(Origin(command, path_text(where)))

    def _markets(self) -> None:
        seen: set[str] = set()
        for at, table in enumerate(self.tables.get("markets", [])):
            first = self.names.terms.get(table["id"])
            if table["id"] in seen:
                self.reader.fault(("markets", at, "id"), f"{table['id']!r} exists already")
            terms = read_market(self.names, ("markets", at), table)
            if table["id"] in seen:
                self.names.terms |= {} if first is None else {table["id"]: first}
                continue
            seen.add(table["id"])
            if terms is None:
                continue
            self._add(ListMarket(time_ns=0, terms=terms), ("markets", at))
            if "rest_of_market" in table:
                name = table["rest_of_market"]
                if self.names.account(("markets", at, "rest_of_market"), name):
                    self.rest[terms.market_id] = name

    def _accounts(self) -> None:
        seen: set[str] = set()
        funds = 0
        for at, table in enumerate(self.tables.get("accounts", [])):
            here: Path = ("accounts", at)
            account_id, role = table["id"], table.get("role", "trader")
            funds += role == "fund"
            capacity = table.get("backstop_capacity_lots", 0)
            if account_id in seen:
                self.reader.fault((*here, "id"), f"{account_id!r} exists already")
            if role == "fund" and funds > 1:
                self.reader.fault((*here, "role"), "is a second fund: a domain has one")
            if capacity and role != "backstop":
                self.reader.fault((*here, "backstop_capacity_lots"), f"is {capacity}, but the role is {role}")
            seen.add(account_id)
            self.paths[account_id] = here
            if table.get("mode") == "hedge":
                self.names.hedgers.add(account_id)
                if role != "trader":
                    self.reader.fault((*here, "mode"), f"is hedge, but the role is {role}")
                if account_id in self.rest.values():
                    self.reader.fault((*here, "mode"), "is hedge, but the account is the rest of a market")
            opened = OpenAccount(
                time_ns=0,
                account_id=account_id,
                owner_group=table.get("owner", ""),
                role=role,
                backstop_capacity_lots=capacity,
                hedge=account_id in self.names.hedgers,
            )
            self._add(opened, here)
            self._programme((*here, "programme"), account_id, role, table)
            self._neutral((*here, "neutral"), account_id, role, table)
            self._deposit((*here, "deposit"), account_id, table.get("deposit", 0))
            owned = (*here, "collateral")
            for command, where in read_collateral(self.names, owned, account_id, table.get("collateral", {})):
                self._add(command, where)
            self._positions(here, account_id, table.get("positions", []))

    def _programme(self, where: Path, account_id: str, role: str, account: dict[str, Any]) -> None:
        if "programme" not in account:
            return
        if role != "backstop":
            self.reader.fault(where, f"belongs to a backstop, but the role is {role}")
            return
        capacity = account.get("backstop_capacity_lots", 0)
        self._add(read_programme(self.reader, where, account_id, capacity, account["programme"], self.money), where)

    def _neutral(self, where: Path, account_id: str, role: str, account: dict[str, Any]) -> None:
        if not account.get("neutral", False):
            return
        if role != "trader":
            self.reader.fault(where, f"is true, but the role is {role}")
            return
        self._add(SetNeutralMode(time_ns=0, account_id=account_id, on=True), where)

    def _deposit(self, where: Path, unit_id: str, value: object) -> None:
        amount = self.reader.units(where, value, self.money, 0)
        if amount:
            self._add(Deposit(time_ns=0, unit_id=unit_id, amount_quanta=amount), where)

    def _positions(self, here: Path, account_id: str, tables: list[Any]) -> None:
        hedge = account_id in self.names.hedgers
        seen: set[str] = set()
        for at, table in enumerate(tables):
            where: Path = (*here, "positions", at)
            terms = self.names.market((*where, "market"), table["market"])
            if terms is None:
                for key in ("size", "entry"):
                    self.reader.number((*where, key), table[key])
                continue
            market_id = terms.market_id
            lots = self.names.size((*where, "size"), table["size"], terms)
            leg_id = leg_id_of(market_id, (LONG if lots > 0 else SHORT) if hedge else "")
            if leg_id in seen:
                self.reader.fault((*where, "market"), f"{account_id} has a position in {leg_id!r} already")
            if self.rest.get(market_id) == account_id:
                self.reader.fault((*where, "market"), f"{account_id} is the rest of {market_id}, it lists no position")
            seen.add(leg_id)
            if lots == 0:
                self.reader.fault((*where, "size"), "is 0: leave the position out")
            entry = self.names.price((*where, "entry"), table["entry"], terms)
            unit_id = account_id
            if "isolated_margin" in table:
                unit_id = f"{account_id}/{leg_id}"
                self.paths[unit_id] = where
                opened = OpenIsolated(time_ns=0, account_id=account_id, market_id=market_id, side=side_of(leg_id))
                self._add(opened, where)
                self._deposit((*where, "isolated_margin"), unit_id, table["isolated_margin"])
            if "leverage" in table:
                self._leverage((*where, "leverage"), unit_id, market_id, table["leverage"])
            self.holdings.append(Holding(unit_id, market_id, lots, entry, path_text(where), hedge))

    def _leverage(self, where: Path, unit_id: str, market_id: str, value: object) -> None:
        """Note a chosen leverage; it is the market's, so two sides of a cross unit in hedge mode state the same."""
        chosen = read_leverage(self.reader, where, value)
        if self.leverages.setdefault((unit_id, market_id), chosen) != chosen:
            self.reader.fault(where, f"is {value}, another position of {unit_id} in {market_id} states another one")
        setting = SetLeverage(time_ns=0, unit_id=unit_id, market_id=market_id, leverage_ppb=chosen)
        self._add(setting, where)

    def _population(self) -> Drawn | None:
        """Draw the accounts that the file does not write down, if it asks for it."""
        table = self.tables.get("population")
        if table is not None:
            return draw_population(self.names, table, self.accounts, self.seed)
        for name, value in (("accounts", self.accounts), ("seed", self.seed)):
            if value is not None:
                self.reader.fault((), f"--{name} needs a scenario with a population, this one lists its accounts")
        return None

    def _fund(self) -> None:
        where: Path = ("fund", "deposit")
        amount = self.reader.units(where, self.tables.get("fund", {}).get("deposit", 0), self.money, 0)
        if amount:
            self._add(DepositToFund(time_ns=0, amount_quanta=amount), where)

    def _depth(self) -> tuple[Depth, ...]:
        makers = []
        for at, table in enumerate(self.tables.get("depth", [])):
            here: Path = ("depth", at)
            known = self.names.account((*here, "account"), table["account"])
            terms = self.names.market((*here, "market"), table["market"])
            if table["account"] in self.names.hedgers:
                self.reader.fault((*here, "account"), "is in hedge mode: who makes depth holds one position per market")
            if terms is None:
                for key in ("size", "step"):
                    self.reader.number((*here, key), table[key])
                continue
            lots = self.names.size((*here, "size"), table["size"], terms, 1)
            step = self.names.price((*here, "step"), table["step"], terms)
            if not known:
                continue
            makers.append(Depth(table["account"], terms.market_id, table.get("levels", 1), lots, step))
        return tuple(makers)

    def _impact(self) -> Impact | None:
        table = self.tables.get("impact")
        if table is None:
            return None
        rates = []
        for market_id, value in table["per_lot"].items():
            where: Path = ("impact", "per_lot", market_id)
            if self.names.market(where, market_id) is not None:
                rates.append((market_id, self.reader.units(where, value, RATE, 0)))
                if rates[-1][1] > PPB:
                    self.reader.fault(where, f"is {value}, a share of the mark is at most 1")
        return Impact(tuple(sorted(rates)), table.get("reactions", 10))

    def _check_book(self, drawn: set[str]) -> None:
        """Note an empty book, and markets in which nobody holds anything (``drawn``: the population does)."""
        held = drawn | {holding.market_id for holding in self.holdings}
        if not held:
            self.reader.fault(("accounts",), "hold no position: the book is empty")
            return
        for at, market_id in enumerate(self.names.market_ids):
            if market_id not in held:
                self.reader.fault(("markets", at), f"nobody has a position in {market_id}: a market needs two sides")


def _ids(document: dict[str, Any], key: str) -> list[str]:
    """Return the ids of a list of tables as the file has them, also of tables with other faults."""
    tables = document.get(key)
    if not isinstance(tables, list):
        return []
    ids = [table.get("id") for table in tables if isinstance(table, dict)]
    return list(dict.fromkeys(item for item in ids if isinstance(item, str)))
