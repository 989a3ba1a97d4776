"""What PostgreSQL and asyncpg raise, as typed reasons; none of them holds a part of the address that was given.

An address may hold a password, and a slip in writing one puts it anywhere: what asyncpg says of it is not passed on.
"""

from deleverage.journal.faults import JournalFault, Why

_WHY = {
    "DL001": Why.FENCED,
    "DL002": Why.UNSAFE_SETTINGS,
    "DL003": Why.BROKEN_CHAIN,
    "DL004": Why.UNLAWFUL,
    "23505": Why.EXISTS,  # unique_violation
    "25006": Why.UNSAFE_SETTINGS,  # read_only_sql_transaction
    "3F000": Why.NO_JOURNAL,  # invalid_schema_name
    "42501": Why.NO_RIGHT,  # insufficient_privilege
    "42P01": Why.NO_JOURNAL,  # undefined_table
    "53100": Why.FULL,  # disk_full
    "55P03": Why.LOCKED,  # lock_not_available
    "XX001": Why.BAD_FORMAT,  # data_corrupted
    "XX002": Why.BAD_FORMAT,  # index_corrupted
}
"""What the server's codes mean: after each of them it is certain that nothing was written."""

_NOT_NOW = ("08", "53", "57")
"""Classes of codes of a server that is there and takes nobody: no connection, no room, starting or going down."""

PASSWORDS = "a password of this login in ~/.pgpass, PGPASSFILE or PGPASSWORD, and the right to connect"


def of_answer(error: Exception) -> JournalFault:
    """Return what the answer to a question means; FAILED where nobody knows what was done."""
    state = getattr(error, "sqlstate", None)
    words = f"PostgreSQL: {error.args[0] if state else type(error).__name__}"
    told = getattr(error, "detail", None) or "", getattr(error, "hint", None) or ""
    return JournalFault(_WHY.get(state or "", Why.FAILED), words, *told)


def of_connection(error: Exception) -> JournalFault:
    """Return why there is no connection: no server, no right, no database, or an address that is none."""
    state = getattr(error, "sqlstate", None) or ""
    if state == "3D000":  # invalid_catalog_name
        return JournalFault(Why.NO_JOURNAL, "PostgreSQL has no database of this name")
    if state == "42501" or state.startswith("28"):
        return JournalFault(Why.NO_RIGHT, "PostgreSQL does not let this login in", state, PASSWORDS)
    if isinstance(error, JournalFault):
        return JournalFault(Why.NO_SERVER, error.sentence)
    named = f"no connection to PostgreSQL: {type(error).__name__}"
    if isinstance(error, OSError) or state.startswith(_NOT_NOW):
        told = state or getattr(error, "errno", None) or "nobody answers"
        return JournalFault(Why.NO_SERVER, f"{named}, {told}")
    return JournalFault(Why.UNLAWFUL, f"{named}, {state or 'the address cannot be read'}")
