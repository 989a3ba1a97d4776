"""What every number of the lab means: name, unit, numeraire, formula, source, and the trap that goes with it.

Documents, pages and help texts take their definitions from here, so that a number and its definition cannot drift
apart. H is what was collected, B what was needed, D the deficit, x what one account paid, w its endowment (open profit
above zero), e its equity; sums run over the winners of one wave.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from deleverage.lab.metrics.measure import Measure

P1, P2 = "arXiv:2512.01112", "arXiv:2602.15182"
CODE = "pluriholonomic/autodeleveraging-analysis"


@dataclass(frozen=True, slots=True)
class Definition:
    """One row of the catalogue; ``numeraire`` is what a dollar is a dollar of, "" where the number has none."""

    group: str
    name: str
    unit: str
    numeraire: str
    formula: str
    source: str
    trap: str = ""


_PAID = "the policy's"

_COLLECTION = (
    ("collected", "USD", _PAID, "H = sum x", P1, ""),
    ("over_collection", "USD", _PAID, "(H - B)+", P1, "a sum over waves adds these, never the signed difference"),
    ("under_collection", "USD", _PAID, "(B - H)+", P1, "less overshoot is no merit: it is what losers are still owed"),
    ("theta", "1", "", "H / D", P1, "the paper's theta D is what is socialised, not what remains of the deficit"),
    ("theta_needed", "1", "", "B / D", P1, "above 1 where more was needed than was lost: look at B and D first"),
    ("capacity", "USD", _PAID, "sum of the caps", P1, ""),
)
_SURVIVORS = (
    (
        "survivor",
        "USD",
        "profit-USD",
        "v = max (w - x)",
        P1,
        "the maximum runs over all survivors, not the first ranked",
    ),
    ("ptsr_paper", "1", "", "v / H", P1, "opposite denominator of ptsr_code: H is the paper's post-policy deficit"),
    ("ptsr_code", "1", "", "v / (D - H)", CODE, "undefined where nothing of the deficit is left"),
    ("pmr_paper", "1", "", "v / (theta max loss)", P1, "opposite denominator of pmr_code"),
    ("pmr_code", "1", "", "v / (clip((D - H) / D, 0, 1) max loss)", CODE, "undefined where no deficit is left"),
    ("rd_nse", "1", "", "v / (v + D - H)", CODE, "leaves 0..1 where more is collected than was lost: out of range"),
)
_FAIR = (
    ("gini", "1", "G = sum (2 i - n - 1) y(i) / (n sum y), ascending", "population version, not n/(n-1) of it"),
    ("jain", "1", "J = (sum y)^2 / (n sum y^2)", "1 is equal, 1/n is one payer"),
    ("hhi", "1", "sum (y / sum y)^2", "1/n is equal, 1 is one payer"),
    ("top_1", "1", "largest y / sum y", "counts all winners, also those who pay nothing"),
    ("top_10", "1", "ten largest y / sum y", "1 by construction where ten or fewer pay"),
    ("top_100", "1", "hundred largest y / sum y", "1 by construction where a hundred or fewer pay"),
    ("largest", "", "max y", "published as max_pct over equity, there clipped at 1"),
    ("smallest", "", "min y", "0 as soon as one account is spared"),
    ("counted", "accounts", "how many accounts y is defined for", "indices over different n are not comparable"),
)
_VECTORS = (
    ("x", "USD", "x", "dollars paid"),
    ("h", "1", "x / w, w > 0", "share of the endowment; pro-rata has a Gini of 0 here and that of w in dollars"),
    ("e", "1", "x / e, e > 0", "share of the equity"),
)
_FAIR_ALONE = (
    ("wiped", "accounts", "", "how many have w > 0 and x = w", P2, ""),
    ("payers", "accounts", "", "how many have x > 0", P2, ""),
    ("envy_ratio", "1", "", "largest over comparable accounts of max h / min h", P2,
     "comparable: endowments within one factor of two; undefined where one of them is spared and another pays"),
)  # fmt: skip
_RANKS = (
    ("kendall", "1", "", "tau-b of w and w - x", P2, "ties count in the denominator; 1 is an unchanged order"),
    ("spearman", "1", "", "rho of the mean ranks of w and w - x", P2, ""),
)
_REGRET = (
    ("overshoot_regret", "USD", _PAID, "|H - B|", P2, "hides the sign: see over_collection and under_collection"),
)
_COURSE = (
    ("fairness_regret", "USD", _PAID, "sum |m - m of the reference| B, m = max x / e", P2,
     "punishes who is fairer than it, too; published m are clipped at 1"),
    ("total_regret", "USD", _PAID, "sum |H - B| + fairness regret", P2, "hides the sign, and that the one is no money"),
    ("severity_regret", "USD", "", "sum D |theta - theta*|, theta* = min(1, B / D)", P2, ""),
    ("estimation_error", "USD", "", "V = sum (B - H)+", P2, "one-sided: the signed net cancels waves"),
    ("static_regret", "USD", "", "sum l(theta_t) - min over theta of sum l(theta)", P1, ""),
    ("dynamic_regret", "USD", "", "sum l(theta_t) - sum l(theta*_t)", P1, ""),
    ("path_length", "1", "", "P = sum |theta*_t - theta*_(t-1)|", P2, ""),
    ("regret_bound", "USD", "", "sqrt((1 + 2 P) sum D^2)", P2, "one phantom deficit decides it"),
    ("track_regret", "1", "", "sum |alpha_t - mean alpha|, over accounts' shares", P2, ""),
)  # fmt: skip
_MARKOUT = (
    ("immediate", "USD", "opportunity-USD", "b q (mark - price)", CODE, "sign kept: below 0 the winner gained"),
    ("opportunity", "USD", "opportunity-USD", "b q (mark later - mark)", CODE, "what came later is no loss by itself"),
    ("markout", "USD", "opportunity-USD", "immediate + opportunity = b q (mark later - price)", CODE,
     "not zero-sum over both sides: do not test it as conservation"),
)  # fmt: skip
_HEDGES = (
    ("gross", "USD", "notional", "sum |n| over an account's legs, n signed notional", "arXiv:2603.15963", ""),
    ("net", "USD", "notional", "|sum n|", "arXiv:2603.15963", "one factor for all coins unless factors are given"),
    ("broken", "accounts", "", "accounts whose net grows by the closing", "arXiv:2603.15963",
     "a rule in money closes nothing by itself: see Compare for the closing that is assumed"),
    ("broken_usd", "USD", "notional", "sum over them of the growth", "arXiv:2603.15963", "at the statement's prices"),
    ("legs_known", "accounts", "", "winners whose legs are all listed and cover what is closed", "arXiv:2603.15963",
     "the other measures are of these"),
    ("unraised", "USD", "profit-USD", "sum (x - what closing all legs gives at the wave's gaps)+", "arXiv:2603.15963",
     "0 of rules in contracts: they close lots, whatever these give"),
)  # fmt: skip
_FUND = (
    ("fund_size", "USD", "", "K* = quantile 1 - r / kappa of D; 0 where r >= kappa", P1, "of this sample of deficits"),
    ("breach_frequency", "1", "", "share of the deficits above K", P1, ""),
    ("fund_left", "USD", "", "F + inflow - min(F, D)", P1, "order: insurance first, or deleveraging first"),
)
_TAILS = (
    ("tail_scale", "USD", "", "b_n: 1 - F(b_n) = 1/n", P1, "of a sample: its maximum"),
    ("tail_index", "1", "", "Hill estimate of the Pareto exponent from the k largest", P1, "hangs on k: sweep it"),
    ("kappa_n", "1", "", "theta n / b_n", P1, ""),
    ("leverage_mass", "1", "", "sum of |notional| / e over accounts", P1, ""),
    ("over_collateralisation", "1", "", "E / U of an account", CODE, "a mean of it is decided by near-zero U"),
    ("churn", "1", "", "1 - exp(-beta h)", P1, "beta's calibration is a claim"),
    ("undone", "1", "", "min(|closed|, traded back within W) / |closed|", CODE,
     "several fills of one account share the same later fills: the net variant counts them once"),
)  # fmt: skip
_ROUNDS = (
    ("ltv", "units", "fees", "sum beta^t sum of the fees of each who is there in round t", P1,
     "of a simulation only; printed with a retention curve r(h), here who leaves pays nothing"),
    ("ltv_net", "units", "fees", "the same less what went to the fund", P1, "the trilemma's, under the same name"),
    ("tau_solv", "rounds", "", "first t >= default with F >= safe level, from the default", P1,
     "a recovery: a fund above the level all the time has 0"),
    ("tau_rev", "rounds", "", "first t >= default with revenue >= (1 - epsilon) of that before", P1,
     "printed with an expected value: of one course it is a draw"),
    ("first_uncovered", "rounds", "", "first t >= default with a residual", "deleverage", "a breach, not tau_solv"),
    ("first_below", "rounds", "", "first t >= default with revenue below the share", "deleverage",
     "a breach, not tau_rev"),
)  # fmt: skip
_COVERAGE = (
    ("coverage_fills", "1", "", "fills inside a wave / all fills", CODE, ""),
    ("coverage_notional", "1", "notional", "notional inside a wave / all notional", CODE,
     "of tables without fills: quantities at the coin's average price"),
)  # fmt: skip


def _all() -> Iterator[Definition]:
    plain = (
        ("collection", _COLLECTION), ("survivors", _SURVIVORS), ("fairness", _FAIR_ALONE), ("ranks", _RANKS),
        ("regret", _REGRET), ("course", _COURSE), ("markout", _MARKOUT), ("hedges", _HEDGES), ("fund", _FUND),
        ("tails", _TAILS), ("coverage", _COVERAGE), ("rounds", _ROUNDS),
    )  # fmt: skip
    for group, rows in plain:
        for row in rows:
            yield Definition(group, *row)
    for vector, own, over, meaning in _VECTORS:
        for name, unit, formula, trap in _FAIR:
            told = f"{formula}, y = {over}"
            yield Definition("fairness", f"{name}_{vector}", unit or own, "", told, P2, trap or meaning)


CATALOGUE = {definition.name: definition for definition in _all()}
"""Every measure by its name."""

GROUPS = tuple(dict.fromkeys(definition.group for definition in CATALOGUE.values()))


def as_json(names: list[str]) -> list[dict[str, str]]:
    """Return the definitions of the named measures, in that order, ready for a document."""
    return [asdict(CATALOGUE[name]) for name in names]


def value(name: str, number: float) -> Measure:
    """Return a measure of the catalogue."""
    return Measure(name, CATALOGUE[name].unit, float(number))


def undefined(name: str, why: str) -> Measure:
    """Return a measure of the catalogue that has no value, and why."""
    return Measure(name, CATALOGUE[name].unit, None, why)


def over(name: str, numerator: float, denominator: float, why: str) -> Measure:
    """Return a quotient; undefined for the reason ``why`` where the denominator is not above 0."""
    return value(name, numerator / denominator) if denominator > 0 else undefined(name, why)
