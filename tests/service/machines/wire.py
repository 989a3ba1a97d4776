"""A wire between a process and the bus that a test can cut: a proxy on a port of its own."""

import contextlib
import socket
import threading


class Wire:
    """Passes bytes both ways until it is ``cut``; ``mend`` lets new connections through again."""

    def __init__(self, port: int) -> None:
        """Lead to a port of this machine."""
        self._target, self._whole = port, True
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._door.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The bus, at the other end."""
        return f"nats://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Cut what goes through, and let nothing more through."""
        with self._lock:
            self._whole = False
            for one in self._sockets:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._sockets.clear()

    def mend(self) -> None:
        """Let connections through."""
        with self._lock:
            self._whole = True

    def close(self) -> None:
        """Let go of the port."""
        self.cut()
        self._door.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._door.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._target), 2)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                if not self._whole:
                    near.close()
                    far.close()
                    continue
                self._sockets |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(1 << 16):
                other.sendall(data)
        for end in (one, other):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        with self._lock:
            self._sockets -= {one, other}
        one.close()
