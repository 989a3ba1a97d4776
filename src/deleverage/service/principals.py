"""Who asks: a key, the person or program that holds it, its roles, and the accounts that are its own."""

from enum import Enum
from typing import NamedTuple


class Role(Enum):
    """What a key is for. A key may have several; what each may do stands in ``access``, in one table."""

    VIEWER = "viewer"
    TRADER = "trader"
    ORACLE = "oracle"
    CLEARING = "clearing"
    RISK_OPERATOR = "risk-operator"
    APPROVER = "approver"
    AUDITOR = "auditor"
    ADMIN = "admin"


class Principal(NamedTuple):
    """A key that has shown itself. ``person`` is who answers for it: two keys of one person are one person."""

    key_id: str
    person: str
    roles: frozenset[Role]
    accounts: frozenset[str] = frozenset()

    def has(self, *roles: Role) -> bool:
        """Return whether the key has one of these roles."""
        return not self.roles.isdisjoint(roles)
