"""Pages that are made of what the code says: refusals, metrics, levels.

``python -m tests.service.pages --write`` renews them; a test compares them with what is in the repository.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from deleverage.service.description.operations import OPERATIONS
from deleverage.service.levels import BELOW_PERCENT, DEFAULT, HOLD_S, SHED, Level
from deleverage.service.meters import BUCKETS_S, PREFIX, Meters
from deleverage.service.problems import Code
from deleverage.service.rates import SHED_S
from deleverage.service.strict import DEEPEST, MOST_BYTES

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "service"
MADE = "Made of what the code says by `python -m tests.service.pages --write`.\n"

WHAT_TO_DO = {
    Code.BAD_BODY: "mend the document; `detail` names the first part that is wrong",
    Code.BAD_PARAMETER: "mend the path or the query; nothing unknown, nothing twice, digits without a leading zero",
    Code.UNSIGNED: "sign with a known key ([how](keys.md)); the same words for a wrong key and a wrong signature",
    Code.OUT_OF_TIME: "set the clock right, or make the request anew",
    Code.REPLAYED: "take a new nonce",
    Code.FORBIDDEN: "ask with a key that has the role ([which](access.md)), or propose it",
    Code.FOREIGN_ORIGIN: "ask from a program, or have the page allowed (`--origin`)",
    Code.NOT_FOUND: "there is none, or it is not yours: nobody is told which",
    Code.WRONG_METHOD: "look into the description of the API",
    Code.KEY_REUSED: "take a new key for another command; the same command again is answered as before",
    Code.CONFLICT: "look again at what you wanted to change",
    Code.SAME_PERSON: "let another person approve",
    Code.TOO_LARGE: f"at most {MOST_BYTES:,} bytes; split the batch",
    Code.WRONG_MEDIA_TYPE: "send `application/json` in UTF-8, not compressed",
    Code.STALE: "send a fresh price, with a higher sequence number",
    Code.TOO_MANY: "wait `retry-after` seconds ([budgets](access.md))",
    Code.BUSY: "wait `retry-after` seconds, ask again; nothing was done ([throttling](throttling.md))",
    Code.READ_ONLY: "whoever runs the service has to look: the journal takes nothing more",
    Code.UNKNOWN_OUTCOME: "ask again under the same key, or look the key up: it may have been done",
    Code.NO_FRESH_MARK: "wait for marks ([the gate](rounds.md)); money in, halts and marks go through",
    Code.NOT_READY: "ask again in a moment",
    Code.DEFECT: "tell whoever runs the service; whether it was done is told under the key",
}

ELSEWHERE = {Code.WRONG_METHOD: "methods that none has", Code.KEY_REUSED: "results of batches"}
"""Where codes stand that no operation's description names."""

ERRORS = f"""# Why a request is refused

{MADE} A refusal is a problem document (RFC 9457, `application/problem+json`): `code` is what a program branches on,
`detail` is a sentence on this case, `compared` has the values that were compared, as texts. `retry-after` says,
where it is sent, when the same may be asked again.

What the law refuses is no problem: the answer is 200, the result's `outcome` is `rejected`, and it stands in the
journal under its key with the law's own code ([the table](../law.md)). In a batch each command is done or refused
for itself; a document that is wrong anywhere is refused as a whole, and nothing of it is done.

**An answer of 5xx, or none, to a command says nothing about what became of it.** Ask again under the same key, or
look it up at `GET /v1/commands/{{key}}`. Where BUSY, READ_ONLY, NO_FRESH_MARK or NOT_READY is the problem of the
whole request, nothing was done.

"""

SPELLING = f"""
## One spelling

* JSON in UTF-8 without a byte order mark; at most {MOST_BYTES:,} bytes, {DEEPEST} brackets deep; no key twice in an
  object, no half of a surrogate pair.
* Integers are texts of decimal digits: no sign but `-`, no leading zero, no `-0`, no blanks, no underscores, no
  other script's digits. A JSON number is refused wherever it stands: other programs lose what lies beyond 2^53.
* Ids are 1 to 64 printable ASCII characters without `/`; idempotency keys 1 to 44 letters, digits, `_ . : -`.
* `content-type` is `application/json`, or not sent; no `content-encoding`.
* A path has no encoded slash, no control character, no empty part, no ending slash. A query names only parameters
  that the path has, each once."""

METRICS = f"""# Metrics

{MADE} `GET /v1/metrics` answers in the text form of Prometheus, for keys of the roles risk-operator, auditor,
clearing, approver and admin: what is counted are sums of everybody as they are now, and traders see sums as of a
tick. Prometheus cannot sign; for it there is `--metrics-port N`, a port that listens on 127.0.0.1 only, without a
key, at `/metrics`. Put no proxy in front of it.

Labels are of closed sets - templates of paths, statuses, kinds of command and fact, codes, stages: no id of an
account, a market, a key or a person is one, so how many series there are hangs on no user. What somebody asks for
at a path that is not there counts under `other`.

Numbers of the domain are of the last look, every other second or, in a large book, more seldom: the look takes no
more than a fortieth of the time. In a book of more than 10,000 units stress is that of the last step that measured
it (`deleverage_stress_measured` is 0 then).

"""

WORTH = """
## What to wake somebody for

* `deleverage_up` 0, or any `deleverage_read_only`: no command is taken; the label says why.
* `deleverage_gate_open` 0 for longer than a start takes: no fresh marks, so no forced acts.
* `deleverage_oldest_mark_age_seconds` above what the rules allow.
* `deleverage_residual_quanta` above 0: a loss that nobody has carried.
* `deleverage_throttle_binds_total`, `deleverage_fund_cut_by_caps_quanta_total` that grow: the rules hold something
  back; `deleverage_steps_stopped_total{why="pace"}`: steps end with lots or rounds left.
* `deleverage_refusals_total{code="UNSIGNED"}` or `REPLAYED` that grow: somebody tries keys.
* `deleverage_mass_reads` that grows: a key looks at who is next more often than a person would.
* `deleverage_refusals_total{code="DEFECT"}` above 0: ours to mend."""

THROTTLING = f"""# Throttling

{MADE}
Two things slow down when much happens, and both say so in [the metrics](metrics.md).

**What the domain does to traders** is slowed by the rules, and by nothing else, because every replay has to give
the same: `reduce_throttle` and `close_throttle` bound the notional that a step may sell (stage 2) and close (stage
5) by the stress of the book, `pace` bounds rounds, the fund's caps bound draws ([the law](../law.md)).
`deleverage_throttle_most_quanta` and `_done_quanta` say what a step may do and did,
`deleverage_throttle_binds_total` in how many steps lots were left, `deleverage_steps_stopped_total` why steps
ended, `deleverage_fund_cut_by_caps_quanta_total` what caps kept back.

**What people ask of the service** is slowed by levels. A level is reached by the fullest of three measures: the
line of commands (percent of its places), the lag of the event loop, and the law's measure of stress (notional of
the unhealthy and bankrupt over all open notional). What is asked then weighs more in every key's budget. Where load
alone - line or lag - has reached a level that sheds, questions of these kinds are answered with 503 `BUSY` and
`retry-after: {SHED_S}`; stress sheds nothing, because in a crash people have to look.

Marks and the kill switch never weigh more, and have places in line that nobody else takes. Commands weigh more and
are never shed; neither are accounts, buckets, funds, proposals and rounds.

Up at once; down one level at a time, once every measure has been below {BELOW_PERCENT} % of the level's for
{HOLD_S:.0f} seconds.

"""


def errors() -> str:
    """Return the page of refusals."""
    lines = ["| code | status | what it is | what to do | how many operations |\n|---|--:|---|---|--:|\n"]
    for code in Code:
        many = sum(code in one.codes for one in OPERATIONS.values())
        lines.append(
            f"| `{code.name}` | {code.status} | {code.title} | {WHAT_TO_DO[code]} | {many or 'in results'} |\n"
        )
    return ERRORS + "".join(lines) + SPELLING


def metrics() -> str:
    """Return the page of metrics."""
    lines = ["| name | labels | what it says |\n|---|---|---|\n"]
    for metric in Meters().registry.collect():
        name = f"{metric.name}_total" if metric.type == "counter" else metric.name
        labels = ", ".join(Meters.LABELS.get(metric.name.removeprefix(f"{PREFIX}_"), ()))
        lines.append(f"| `{name}` | {labels} | {metric.documentation} |\n")
    bounds = ", ".join(f"{one:g}" for one in BUCKETS_S)
    return METRICS + "".join(lines) + f"\nHistograms have bounds at {bounds} seconds.\n" + WORTH


def throttling() -> str:
    """Return the page of levels."""
    head = "| level | line, % | lag, ms | stress, ppb | weight, % | sheds under load |\n|---|--:|--:|--:|--:|---|\n"
    rows = [
        f"| {one.name} | {one.line_percent} | {one.lag_ms:,} | {one.stress_ppb:,} | {one.factor_percent:,} |"
        f" {', '.join(one.sheds) or '-'} |\n"
        for one in DEFAULT
    ]
    kinds = [
        f"* {name}: {', '.join(sorted(kind.__name__.removesuffix('Question') for kind in asked))}\n"
        for name, asked in SHED.items()
    ]
    file = f"\n`--throttle FILE` takes other levels, the same table in TOML:\n\n```toml\n{as_toml(DEFAULT)}```\n"
    return THROTTLING + head + "".join(rows) + "\nWhat the kinds are:\n\n" + "".join(kinds) + file


def as_toml(levels: tuple[Level, ...]) -> str:
    """Return levels as a file has them."""
    lines = []
    for level in levels:
        lines.append("[[level]]\n")
        for name, value in level._asdict().items():
            quoted = "[" + ", ".join(f'"{one}"' for one in value) + "]" if name == "sheds" else f'"{value}"'
            lines.append(f"{name} = {value if isinstance(value, int) else quoted}\n")
    return "".join(lines)


PAGES: dict[str, Callable[[], str]] = {"errors.md": errors, "metrics.md": metrics, "throttling.md": throttling}


if __name__ == "__main__":
    for name, made in PAGES.items():
        if "--write" in sys.argv:
            (FOLDER / name).write_text(made(), "utf-8")
        else:
            print(made())
