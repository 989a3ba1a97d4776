"""The commands around a journal: names, options and exit codes only, as in ``cli``."""

import re
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from deleverage.cli_options import Json, given, refuse, whole

Seq = Annotated[int | None, Parameter(converter=whole)]
_KEY = re.compile(r"[0-9a-f]{64}")


def verify(
    journal: str | None = None,
    /,
    *,
    from_: Annotated[Seq, Parameter(name="--from")] = None,
    to: Seq = None,
    chain_only: Annotated[bool, Parameter(negative="")] = False,
    receipt: Annotated[list[Path] | None, Parameter(negative="")] = None,
    account: str | None = None,
    proof: Path | None = None,
    public_key: str | None = None,
    jobs: Seq = None,
    policy: str | None = None,
    json: Json = False,
) -> int:
    """Verify a journal, a folder of them, or a proof: PASS, or the first divergence with both values and exit code 4.

    Chain, anchor and signatures are looked at, and every command is executed again with the rulebook, from checkpoint
    to checkpoint, several at once. A receipt's command is shown to lie under a signed checkpoint.

    Parameters
    ----------
    journal
        What `deleverage run --journal` has written, a file or postgresql://...?domain=NAME, or all of a folder, or of
        a database (no domain); its writer may go on. Left out: --proof alone.
    from_
        Execute again from this command on, or from the checkpoint before it.
    to
        Execute again up to this command.
    chain_only
        Execute nothing again.
    receipt
        A receipt or checkpoint that somebody kept, which must be found in it; may be repeated.
    account
        Show of the receipt's entry what is about this account, and never what names another.
    proof
        Write what the receipt proves to this file; without a journal, check such a file.
    public_key
        Accept only signatures of this key, 64 hexadecimal digits; left out, the journal's own word is taken.
    jobs
        How many processes; left out, one for each core.
    policy
        The policy that a run with --policy FILE was decided by. Only this file is run, and no code of a journal.
    """
    chosen = given(**{"from": from_, "to": to, "receipt": receipt, "account": account, "jobs": jobs, "policy": policy})
    chosen |= {"chain-only": True} if chain_only else {}
    from deleverage.journal.address import names_several

    several = journal is not None and names_several(journal)
    faults = _faults(journal, several, chosen, proof, public_key)
    if faults:
        return refuse(faults, json)
    if journal is None:
        from deleverage.commands.proof import check_proof

        return check_proof(Path(proof or ""), public_key=public_key, as_json=json)
    wanted: dict[str, Any] = {"chain_only": chain_only, "public_key": public_key, "jobs": jobs}
    if several:
        from deleverage.commands.verify_folder import verify_folder

        return verify_folder(journal, **wanted, as_json=json)
    from deleverage.commands.verify import verify as look

    wanted |= {"from_seq": from_, "to_seq": to, "account": account}
    return look(journal, kept=receipt, proof=proof, policy=policy, **wanted, as_json=json)


def _faults(
    journal: str | None, several: bool, chosen: dict[str, Any], proof: Path | None, public_key: str | None
) -> list[str]:
    """Return what does not go together."""
    faults = []
    if journal is None and proof is None:
        faults.append("which journal? Give a file, a folder, or --proof FILE alone")
    if journal is None:
        faults += [f"--{name} goes with a journal" for name in chosen]
    elif several:
        alone = [name for name in ("from", "to", "receipt", "account", "policy") if name in chosen]
        faults += [f"--{name} goes with one journal, not with all of them" for name in alone]
        faults += ["--proof goes with one journal, not with all of them"] if proof is not None else []
    elif (proof is not None or "account" in chosen) and len(chosen.get("receipt", [])) != 1:
        faults.append("--proof and --account go with one --receipt")
    if "chain-only" in chosen:
        faults += [f"--{name} does not go with --chain-only" for name in ("from", "to", "policy") if name in chosen]
    first, last = chosen.get("from", 1), chosen.get("to", chosen.get("from", 1))
    if not 1 <= first <= last:
        faults.append(f"--from is {first}, --to is {last}")
    if chosen.get("jobs", 1) < 1:
        faults.append("--jobs is 0, at least 1 is needed")
    if public_key is not None and _KEY.fullmatch(public_key) is None:
        faults.append(f"--public-key is {public_key[:80]!a}, 64 hexadecimal digits in lower case are needed")
    return faults


def migrate(address: str, /, *, json: Json = False) -> int:
    """Make or renew the tables of journals in a PostgreSQL database, as whoever owns it.

    Parameters
    ----------
    address
        postgresql://OWNER@HOST:PORT/DATABASE; the password in ~/.pgpass, PGPASSFILE or PGPASSWORD.
    """
    from deleverage.commands.migrate import migrate as make

    return make(address, as_json=json)


def receipt(journal: str, command: str, /, *, out: Path | None = None, json: Json = False) -> int:
    """Sign the receipt of an acknowledged command again; its writer may go on.

    Parameters
    ----------
    journal
        What `deleverage run --journal` has written, a file or postgresql://...?domain=NAME&folder=DIR: its anchor and
        its signing key lie beside the file, or in the folder.
    command
        The number of a command, or the key under which it was asked.
    out
        Write it to this file, for `deleverage verify --receipt`.
    """
    from deleverage.commands.receipt import receipt as sign

    return sign(journal, command, out=out, as_json=json)


def why(journal: str, account: str, round: str, /, *, policy: str | None = None, json: Json = False) -> int:
    """Say why an account was closed in a round, so many lots, at this price - or why it was not.

    Parameters
    ----------
    journal
        What `deleverage run --journal` has written, a file or postgresql://...?domain=NAME; its writer may go on.
    account
        An account, with all its units, or one unit.
    round
        A step as `deleverage run` numbers them, or one of its rounds: 3 or 3.2.
    policy
        The policy that a run with --policy FILE was decided by. Only this file is run, and no code of a journal.
    """
    from deleverage.commands.why import why as look

    return look(journal, account, round, policy=policy, as_json=json)
