"""The commands around a service: names, options and exit codes only, as in ``cli``."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from deleverage.cli_bus import ONE_MACHINE, BusOptions
from deleverage.cli_options import Json, refuse, whole


def serve(
    *,
    db: str | None = None,
    rules: str | None = None,
    opening: Annotated[bool, Parameter(negative="")] = False,
    host: str = "127.0.0.1",
    port: int = 8000,
    step_every_s: float = 1.0,
    rounds: Literal["automatic", "manual", "outside"] | None = None,
    sources: int = 1,
    mark_age_s: float = 10.0,
    engine_deadline_s: float = 2.0,
    keys: str | None = None,
    origin: Annotated[list[str] | None, Parameter(negative="")] = None,
    held: str | None = None,
    throttle: str | None = None,
    metrics_port: int | None = None,
    insecure_demo: Annotated[bool, Parameter(negative="")] = False,
    demo: Annotated[bool, Parameter(negative="")] = False,
    folder: Path = Path("deleverage-demo"),
    traders: int | None = None,
    speed: float = 1.0,
    seed: int = 1,
    on: BusOptions = ONE_MACHINE,
) -> int:
    """Serve a clearing domain over HTTP, beside a matching engine; with --bus, a part of that on this machine.

    Parameters
    ----------
    db
        The journal, made where there is none: a SQLite file, or `postgresql://USER@HOST/DATABASE?domain=NAME&folder=DIR`
        (docs/postgres.md; `deleverage migrate` makes the tables). Left out, deleverage.db, or the demo's own.
    rules
        Where it is made: the scenario whose rules the domain has.
    opening
        Where it is made: begin with the markets, accounts and positions of that scenario, too.
    host
        The address to listen on.
    port
        The port to listen on.
    step_every_s
        Every how many seconds it is looked whether a step of the waterfall is due; behind marks it is at once.
    rounds
        outside: a matching engine acknowledges what a step would force before it is done; automatic or manual: as the
        rules have it, and refused where they have it otherwise.
    sources
        How many sources have to have said something about a price; the median counts.
    mark_age_s
        How old, in seconds, a price may be when it is handed in.
    engine_deadline_s
        How long, in seconds, an outside engine may take for its answer.
    keys
        The file of keys that `deleverage keys new` writes; it is read again on SIGHUP.
    origin
        A page that may ask, as https://desk.example; may be repeated. Programs send none.
    held
        A JSON file in which the venue says what it really holds; the reserve ratio is told of it.
    throttle
        A file (TOML) with the levels at which asking becomes dearer, and questions are left unanswered.
    metrics_port
        A port of this machine alone, at which Prometheus finds /metrics without a key.
    insecure_demo
        Let everybody in, with every role: for a laptop only.
    demo
        A simulated venue beside it, with keys of its own: order books, thousands of traders, a crash on request.
    folder
        Where the demo keeps its journal and keys.
    traders
        How many traders the demo has; left out, 3,000.
    speed
        How many times as fast as a clock the demo trades.
    seed
        What the demo's chance is drawn from.
    """
    settings: dict[str, Any] = {
        "host": host,
        "port": port,
        "step_every_s": step_every_s,
        "rounds": rounds,
        "sources": sources,
        "mark_age_s": mark_age_s,
        "engine_deadline_s": engine_deadline_s,
        "origins": origin or (),
    }
    if demo:
        from deleverage.commands.serve_demo import serve_demo

        given = {
            "--rules": rules,
            "--keys": keys,
            "--held": held,
            "--opening": opening or None,
            "--insecure-demo": insecure_demo or None,
        }
        refused = [option for option, value in given.items() if value is not None]
        return serve_demo(folder, db, traders=traders, seed=seed, speed=speed, refused=refused, **settings)
    from deleverage.commands.serve import serve as run
    from deleverage.commands.serve_part import OnBus

    return run(
        db or "deleverage.db",
        rules=rules,
        opening=opening,
        insecure=insecure_demo,
        keys=keys,
        throttle=throttle,
        metrics_port=metrics_port,
        held=held,
        on=OnBus(**vars(on)),
        **settings,
    )


def shadow(
    source: str | None = None,
    *,
    venue: str | None = None,
    switch: Annotated[list[str] | None, Parameter(negative="")] = None,
    rules: str | None = None,
    shape: Literal["deleverage", "entries", "hyperliquid"] = "deleverage",
    steps: Literal["told", "marks"] | None = None,
    tolerance_lots: Annotated[int, Parameter(converter=whole)] = 0,
    tolerance_ticks: Annotated[int, Parameter(converter=whole)] = 0,
    window_ms: Annotated[int, Parameter(converter=whole)] = 0,
    any_order: Annotated[bool, Parameter(negative="")] = False,
    strict: Annotated[bool, Parameter(negative="")] = False,
    follow: Annotated[bool, Parameter(negative="")] = False,
    progress: Path | None = None,
    save_every: Annotated[int, Parameter(converter=whole)] = 10_000,
    record: str | None = None,
    json: Json = False,
) -> int:
    """Follow another engine, and say where the law would have closed somebody else. Exit codes: 0 agreement, 4 not.

    Parameters
    ----------
    source
        What it told: a file of lines, or an http(s) address that answers with lines.
    venue
        The venue whose rules are applied instead of the stream's own.
    switch
        NAME=SIDE, a side of one of the venue's switches; may be repeated.
    rules
        The scenario whose rules are applied instead.
    shape
        Whose words the lines are in.
    steps
        When the other engine looks at its accounts: when it says so, or whenever marks change.
    tolerance_lots
        Lots by which two closes may differ.
    tolerance_ticks
        Ticks by which their prices may differ.
    window_ms
        How long behind a moment their closes are waited for.
    any_order
        Do not compare in which order legs were closed.
    strict
        End at the first line that cannot be read.
    follow
        Wait for lines that are still to be written.
    progress
        A file to remember in how far it was followed: a restart goes on there. The only thing ever written.
    save_every
        After how many lines that is done.
    record
        Print what an engine that plays this scenario would tell, and follow nobody.
    """
    from deleverage.commands.shadow import record as tell
    from deleverage.commands.shadow import shadow as run

    if record is not None:
        if source is not None:
            return refuse(["--record follows nobody: leave the source out"], json)
        return tell(record, as_json=json)
    if source is None:
        return refuse(["what is to be followed? a file or an address, or --record SCENARIO"], json)
    return run(
        source,
        venue=venue,
        switches=switch,
        rules=rules,
        as_json=json,
        shape=shape,
        steps=steps or "",
        lots=tolerance_lots,
        ticks=tolerance_ticks,
        window_ms=window_ms,
        any_order=any_order,
        strict=strict,
        wait=follow,
        progress=progress,
        save_every=max(1, save_every),
    )
