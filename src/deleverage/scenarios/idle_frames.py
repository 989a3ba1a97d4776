"""What a frame says and can have no effect: statements about marks without marks, approvals that hold no lot."""

from collections.abc import Iterator

from deleverage.rulebook.messages import ApproveEnvelope, SetMarks
from deleverage.rulebook.quantities import format_units
from deleverage.scenarios.faults import Path
from deleverage.scenarios.idle import Tables, name_of
from deleverage.scenarios.model import Frame
from deleverage.scenarios.names import Names


def note_idle_frames(names: Names, tables: Tables, frames: tuple[Frame, ...]) -> None:
    """Note every key of the path that can have no effect."""
    rules, approved = tables.get("rules", {}), set[tuple[str, str]]()
    for at, table in enumerate(tables["path"]):
        here: Path = ("path", at)
        for key, why in _alone(table, rules):
            names.reader.note_idle((*here, key), why)
        approved |= {(market_id, given["side"]) for market_id, given in table.get("approve", {}).items()}
        for market_id, given in table.get("abort", {}).items():
            if (market_id, given["side"]) not in approved:
                sentence = f"no frame up to this one approves anything of {market_id} {given['side']}"
                names.reader.note_idle((*here, "abort", market_id), sentence)
    _note_envelopes(names, tables, frames)


def _alone(table: Tables, rules: Tables) -> Iterator[tuple[str, str]]:
    """Yield the keys of a frame that miss what they speak of, and why."""
    priced = table.get("marks") or table.get("prices")
    if "sources" in table and not priced:
        yield "sources", "the frame has no marks and no prices"
    if "sources" in table and table.get("confirmed"):
        yield "sources", "marks and prices that are confirmed need no sources"
    if table.get("confirmed") and not priced:
        yield "confirmed", "the frame has no marks and no prices"
    for key in ("approve", "abort"):
        if table.get(key) and not rules.get("manual"):
            yield key, "the rules are not manual, so stage 5 needs no approval"
    if table.get("bids") and name_of(rules.get("auction", "none")) == "none":
        yield "bids", "the rules have no auction"


def _note_envelopes(names: Names, tables: Tables, frames: tuple[Frame, ...]) -> None:
    """Note the envelopes that no step sees, and those worth less than one lot at every mark of their time."""
    reactive = tables.get("impact", {}).get("per_lot", {})
    for at, frame in enumerate(frames):
        for command in frame.commands:
            if not isinstance(command, ApproveEnvelope):
                continue
            here: Path = ("path", at, "approve", command.market_id)
            later = [one for one in frames[at:] if one.time_ns < command.expiry_ns]
            if not any(one.steps for one in later):
                names.reader.note_idle(
                    (*here, "for_seconds"), "is over before a step comes that the envelope could serve"
                )
            if command.market_id in reactive or names.reader.has_fault((*here, "notional")):
                continue
            terms = names.terms[command.market_id]
            values = [abs(terms.value_at(ticks)) for ticks in _marks(names, frames, at, later, command.market_id)]
            if command.most_notional_quanta < min(values):
                given, least = (format_units(item, names.money) for item in (command.most_notional_quanta, min(values)))
                sentence = f"is {given}, but one lot is worth at least {least} while the envelope stands"
                names.reader.note_idle((*here, "notional"), sentence)


def _marks(names: Names, frames: tuple[Frame, ...], at: int, later: list[Frame], market_id: str) -> list[int]:
    """Return every mark that may be in force while an envelope stands: a guarded one leaves those before it."""
    marks = [names.marks[market_id]]
    for frame in (*frames[:at], *later):
        sets = (command for command in frame.commands if isinstance(command, SetMarks))
        marks += [update.price_ticks for one in sets for update in one.marks if update.market_id == market_id]
    return marks
