"""A journal's files, all of them or none: while they are made a flag lies beside them, and what it tells of is undone.

The flag, ``FILE.making``, is on the device before the first of the files has a name and goes when the last of them is
on the device. So whatever lies beside a flag belongs to a making that was cut short: nobody was given that journal,
and whoever makes one there next begins by taking it away. One exception: where the anchor names a block, somebody has
opened the journal meanwhile and was told of commands. Then it is a journal, and stays.
"""

from collections.abc import Iterable
from contextlib import suppress

from deleverage.journal import anchor
from deleverage.journal.faults import JournalFault, Why
from deleverage.journal.files import Files, Lock, locked


class Making:
    """A claim on a journal's names: until it is there (``done``) or gone (``undo``), or nobody knows (``leave``)."""

    def __init__(self, files: Files, path: str, names: Iterable[str], anchor_path: str, derived: Iterable[str]) -> None:
        """Take names that nobody has; what an earlier making has left under them, or under the ``derived`` ones, goes.

        EXISTS where somebody has one of the names, LOCKED while somebody else makes a journal there.
        """
        self._files, self._flag = files, flag_of(path)
        self._names, self._anchor = [*names], anchor_path
        self._leavings = [*derived, *self._names]
        self._lock: Lock | None = None
        was_there = files.exists(self._flag)
        if not was_there:
            self._require_free()
        files.open(self._flag, create=True).close()
        try:
            self._lock = self._claimed(path)
            files.sync_folder(self._flag)
            self._clear() if was_there else self._require_free()
        except BaseException as error:
            try:
                if not was_there and not (isinstance(error, JournalFault) and error.why is Why.LOCKED):
                    with suppress(OSError):
                        files.remove(self._flag)
            finally:
                self.leave()
            raise

    def _claimed(self, path: str) -> Lock:
        try:
            return self._files.lock(self._flag)
        except (BlockingIOError, FileNotFoundError):
            raise JournalFault(Why.LOCKED, f"{path} is being made by somebody else") from None

    def done(self) -> None:
        """Take the flag away, behind all of a journal that is on the device, names and all; return once it is gone."""
        self._files.remove(self._flag)
        self._files.sync_folder(self._flag)
        self.leave()

    def leave(self) -> None:
        """Let the claim go, and leave everything as it is: the next making, or an opening, finds the flag."""
        if self._lock is not None:
            self._lock.release()

    def undo(self) -> None:
        """Take everything away again, as far as the device lets us: the next making does the rest."""
        try:
            with suppress(OSError):
                self._files.open(self._flag, create=True).close()  # it may be gone, or half gone, already
                self._files.sync_folder(self._flag)
                self._remove()
                self._files.remove(self._flag)
        finally:
            self.leave()

    def _clear(self) -> None:
        """Take away what was left; EXISTS where it is a journal that somebody has worked with, LOCKED: does so now."""
        if self._files.exists(self._anchor):
            lock = locked(self._files, self._anchor)
            try:
                begun = self._number()
            finally:
                lock.release()
            if begun:
                self._files.remove(self._flag)
                self._require_free()
        self._remove()

    def _number(self) -> int:
        """Return the last block that the anchor names; one that cannot be read was never finished."""
        file = self._files.open(self._anchor, create=False)
        try:
            return anchor.read(file).number
        except JournalFault as fault:
            if fault.why is not Why.NO_ANCHOR:
                raise
            return 0
        finally:
            file.close()

    def _remove(self) -> None:
        for name in self._leavings:
            if self._files.exists(name):
                self._files.remove(name)
        self._files.sync_folder(self._flag)

    def _require_free(self) -> None:
        for name in self._names:
            if self._files.exists(name):
                raise JournalFault(Why.EXISTS, name)


def flag_of(path: str) -> str:
    """Return the name of the flag that a journal is being made."""
    return f"{path}.making"


def finish(files: Files, path: str) -> None:
    """Take away the flag of a journal that could be opened: it is all there, whatever became of who made it."""
    flag = flag_of(path)
    if files.exists(flag):
        files.remove(flag)
        files.sync_folder(flag)


def write_key(files: Files, path: str, seed: bytes) -> None:
    """Write a private key to a new file that only its owner may read, and return once it is on the device."""
    file = files.open(path, create=True)
    try:
        file.write_at(0, f"{seed.hex()}\n".encode("ascii"))
        file.sync()
    finally:
        file.close()
