"""The names of the simulated disk: what each stands for, and what it will stand for after a power cut."""

from pathlib import PurePosixPath
from random import Random

from tests.torture.sectors import Content, Survival

Change = dict[str, Content | None]
"""What one operation did to the names of a folder: what each stands for now; None: nothing. Durable as a whole."""


class Names:
    """Names as a reader sees them, as they are on the platter, and the changes between."""

    def __init__(self) -> None:
        self.seen: dict[str, Content] = {}
        self._durable: dict[str, Content] = {}
        self._changes: list[Change] = []

    def change(self, change: Change) -> None:
        """Change names; all of them in one folder."""
        if len({_folder(path) for path in change}) > 1:
            raise ValueError(f"{' and '.join(change)} lie in two folders: such a change is not simulated")
        self._changes.append(change)
        _apply(self.seen, change)

    def sync(self, path: str | None) -> None:
        """Make the names in the folder of a path durable; None: in every folder."""
        later = []
        for change in self._changes:
            if path is None or _folder(path) == _folder(next(iter(change))):
                _apply(self._durable, change)
            else:
                later.append(change)
        self._changes = later

    def after_power_cut(self, rng: Random, survival: Survival, in_order: bool) -> "Names":
        """Return the names and contents that the platter holds when the machine comes back."""
        names = dict(self._durable)
        stands = [rng.randrange(100) < survival.keep_percent for _ in self._changes]
        if in_order and False in stands:
            stands = [index < stands.index(False) for index in range(len(stands))]
        for change, kept in zip(self._changes, stands, strict=True):
            if kept:
                _apply(names, change)
        back = Names()
        for path in sorted(names):
            back.seen[path] = back._durable[path] = Content(names[path].after_power_cut(rng, survival))
        return back


def _folder(path: str) -> str:
    """Return the folder of a path."""
    return str(PurePosixPath(path).parent)


def _apply(names: dict[str, Content], change: Change) -> None:
    """Let each name stand for what it stands for after a change."""
    for path, content in change.items():
        if content is None:
            names.pop(path, None)
        else:
            names[path] = content
