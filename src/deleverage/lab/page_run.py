"""The page of a scenario run: the waterfall, the fund's path, who paid, and the sum that must be zero."""

from collections import defaultdict
from typing import Any

from deleverage.lab.numbers import grouped, grouped_in
from deleverage.lab.page_paid import naked, payers, round_view
from deleverage.lab.page_parts import MINUS, Currency, of_largest, signed, slices, step_chart

Json = dict[str, Any]

RESIDUALS, ACCOUNTS = 10, 12
"""Rows of a table before the others are summed up."""

_STAGES = {
    "guard": "No forced act from a mark that is stale, out of band or under-sourced. Bankruptcies are declared here.",
    "relieve": "Open orders of distressed units are cancelled.",
    "reduce": "Unhealthy units sell lots into the resting orders.",
    "take over": "Backstops, then the fund's inventory, take lots at the bankruptcy amount.",
    "fund": "The insurance fund pays shortfalls. It never takes lots here.",
    "deleverage": "Lots of the bankrupt are closed against solvent winners, and the money still owed is asked of them.",
    "socialise": "Debt without lots is borne as the loss rule says: by open gains, if it names nobody else.",
    "halt": "What nobody could carry is named and published.",
}
_CARRIERS = (
    ("takeover", "Backstops and fund inventory", "stage 3: shortfall that moved with the lots they took over"),
    ("fund", "Insurance fund", "stage 4: paid for shortfalls"),
    ("winners", "Deleveraged winners", "stage 5: given up against the mark when their lots were closed"),
    ("socialised", "Socialised", "stage 6: taken by the loss rule"),
    ("residual", "Residual", "stage 7: named, carried by nobody yet"),
)


def run_view(document: Json) -> Json:
    """Return everything the run's template shows, as text and whole numbers."""
    currency = Currency.of(document["units"]["money"], document["units"]["quantum"])
    lots = document["units"]["markets"]
    return {
        "doc": document,
        "currency": currency.name,
        "quantum": document["units"]["quantum"],
        "facts": _facts(document),
        "carriers": _carriers(document, currency),
        "fund": _fund(document, currency),
        "steps": _steps(document, currency),
        "rounds": [round_view(item, currency) for item in document["rounds"]],
        "payers": payers(document, currency),
        "naked": naked(document),
        "residuals": _residuals(document["residuals"], currency),
        "accounts": _accounts(document, currency),
        "sum": _conservation(document["conservation"], currency),
        "markets": sorted(lots.items()),
    }


def _facts(document: Json) -> list[tuple[str, str]]:
    """Return the line of facts below the title: what was played, under which rules."""
    scenario = document["scenario"]
    facts = [
        ("Accounts", grouped(scenario["accounts"])),
        ("Policy", document["policy"]),
        ("Price rule", document["price_rule"]),
        ("Loss rule", document["loss_rule"]),
        ("Steps", str(document["summary"]["steps"])),
        ("Rounds of deleveraging", str(document["summary"]["rounds"])),
    ]
    if scenario["seed"] is not None:
        facts.append(("Seed", scenario["seed"]))
    return facts


def _carriers(document: Json, currency: Currency) -> Json:
    """Return who carried the loss, summed over all steps, and the whole of it."""
    took: dict[str, int] = defaultdict(int)
    for line in document["stages"]:
        took[line["name"]] += currency.quanta(line["taken"]["money"])
    amounts = (
        took["take over"],
        took["fund"],
        currency.quanta(document["summary"]["collected"]),
        currency.quanta(document["summary"]["socialised"]),
        currency.quanta(document["summary"]["residual"]),
    )
    return {
        "slices": slices([(*names, quanta) for names, quanta in zip(_CARRIERS, amounts, strict=True)], currency),
        "total": currency.shown(sum(amounts)),
        "any": sum(amounts) > 0,
    }


def _fund(document: Json, currency: Currency) -> Json:
    fund = document["fund"]
    levels = [currency.quanta(fund["start"]), *(currency.quanta(step["after"]) for step in fund["path"])]
    steps = {step["step"]: step for step in document["steps"]}
    rows = [
        {
            "step": step["step"],
            "label": steps[step["step"]]["label"],
            "before": currency.text(step["before"]),
            "after": currency.text(step["after"]),
            "change": currency.shown(currency.quanta(step["after"]) - currency.quanta(step["before"])),
        }
        for step in fund["path"]
    ]
    return {"chart": step_chart(levels, currency), "rows": rows, "start": currency.shown(levels[0]), "has": any(levels)}


def _steps(document: Json, currency: Currency) -> list[Json]:
    """Return the stages of each step that were asked, with what is left after each as a share of the step's largest."""
    first_of: dict[str, Json] = {}
    for line in document["stages"]:
        first_of.setdefault(line["name"], line)  # Each stage's rule is told once.
    result = []
    for step in document["steps"]:
        stages = [line for line in document["stages"] if line["step"] == step["step"]]
        widths = of_largest([currency.quanta(line["left"]["money"]) for line in stages])
        lots_widths = of_largest([int(line["left"]["lots"]) for line in stages])
        result.append(
            {
                **step,
                "marks": [(market, grouped(mark)) for market, mark in sorted(step["marks"].items())],
                "stages": [
                    {
                        "round": line["round"],
                        "stage": line["stage"],
                        "name": line["name"],
                        "rule": _STAGES.get(line["name"], "") if first_of[line["name"]] is line else "",
                        "told": grouped_in(line["told"]),
                        "next": line["next"][:1].upper() + line["next"][1:],
                        "taken_lots": grouped(line["taken"]["lots"]),
                        "taken_money": currency.text(line["taken"]["money"]),
                        "taken_has_money": line["taken"]["money"] != "0",
                        "took": line["taken"]["lots"] != "0" or line["taken"]["money"] != "0",
                        "left_lots": grouped(line["left"]["lots"]),
                        "left_money": currency.text(line["left"]["money"]),
                        "width": width,
                        "lots_width": lots_width,
                    }
                    for line, width, lots_width in zip(stages, widths, lots_widths, strict=True)
                ],
            }
        )
    return result


# -- the ends ---------------------------------------------------------------------------------------------------------


def _residuals(items: list[Json], currency: Currency) -> Json:
    """Return the largest residuals and the sum of the others."""
    order = sorted(items, key=lambda item: (-currency.quanta(item["money"]), item["unit"]))
    others = order[RESIDUALS:]
    return {
        "rows": [
            {**item, "money": currency.text(item["money"]), "lots": _lots_text(item["lots"])}
            for item in order[:RESIDUALS]
        ],
        "count": f"{len(items):,}",
        "total": currency.shown(sum(currency.quanta(item["money"]) for item in items)),
        "more": f"{len(others):,}" if others else "",
        "more_money": currency.shown(sum(currency.quanta(item["money"]) for item in others)),
    }


def _accounts(document: Json, currency: Currency) -> Json:
    """Return the accounts whose equity changed most; marks and trades together, so not what deleveraging cost."""
    rows = []
    for item in document["accounts"]:
        before, after = (item[when] or {"equity": "0", "lots": {}, "role": "trader"} for when in ("before", "after"))
        change = currency.quanta(after["equity"]) - currency.quanta(before["equity"])
        rows.append(
            {
                "unit": item["unit"],
                "role": after["role"],
                "before": currency.text(before["equity"]),
                "after": currency.text(after["equity"]),
                "change": currency.shown(change),
                "lots_before": _lots_text(before["lots"]),
                "lots_after": _lots_text(after["lots"]),
                "size": abs(change),
            }
        )
    if len(rows) > ACCOUNTS:
        rows.sort(key=lambda row: (-int(row["size"]), str(row["unit"])))
    return {
        "rows": rows[:ACCOUNTS],
        "more": f"{len(rows) - ACCOUNTS + int(document['accounts_rest']['units']):,}" if len(rows) > ACCOUNTS else "",
    }


def _lots_text(lots: dict[str, str]) -> str:
    return ", ".join(f"{signed(count)} {market}" for market, count in lots.items()) or "flat"


def _conservation(found: Json, currency: Currency) -> Json:
    """Return the sum that must be 0 as a column of signed, exact numbers."""
    names = {"fund": "insurance fund F", "fees": "fees G", "rounding": "rounding R"}
    lines = [("cash of all units after every trade C", found["quotes"], "+")]
    lines += [(names.get(pot, f"{pot} S"), amount, "+") for pot, amount in found["pots"].items()]
    lines += [("residual K", found["residual"], MINUS), ("net deposits X", found["net_deposits"], MINUS)]
    return {
        "exact": found["state"] == "exact",
        "lines": [{"name": name, "sign": sign, "amount": currency.exact(amount)} for name, amount, sign in lines],
        "sum": currency.exact(found["sum"]),
        "equity": currency.exact(found["equity"]),
        "lots": [(market, grouped(lots)) for market, lots in found["lots"].items()],
    }
