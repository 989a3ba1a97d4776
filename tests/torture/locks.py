"""Locks on the files of one machine, in SQLite's five levels; a machine that comes back knows of none."""

SHARED, RESERVED, PENDING, EXCLUSIVE = 1, 2, 3, 4


class Locks:
    """Who holds which file at which level."""

    def __init__(self) -> None:
        self._held: dict[str, dict[object, int]] = {}

    def take(self, path: str, who: object, level: int) -> bool:
        """Return whether a holder now has a level; who asks for all and must wait lets nobody else in."""
        holders = self._held.setdefault(path, {})
        others = self.others(path, who)
        if level == EXCLUSIVE and others:
            holders[who] = PENDING
        refused = {SHARED: others >= PENDING, RESERVED: others >= RESERVED}.get(level, others > 0)
        if not refused:
            holders[who] = max(level, holders.get(who, 0))
        return not refused

    def give_back(self, path: str, who: object, level: int = 0) -> None:
        """Lower what a holder has to a level."""
        holders = self._held.setdefault(path, {})
        holders.pop(who, None)
        if level:
            holders[who] = level

    def others(self, path: str, who: object) -> int:
        """Return the highest level that somebody else has."""
        return max((level for other, level in self._held.get(path, {}).items() if other is not who), default=0)
