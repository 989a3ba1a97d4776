"""A port of this machine alone at which Prometheus finds the metrics, without a key."""

from collections.abc import Callable

from prometheus_client import start_http_server

from deleverage.service.meters import Meters

HOST = "127.0.0.1"


def told_at(meters: Meters, port: int) -> Callable[[], None]:
    """Tell what is counted at a port, in a thread; return what ends that. Raises OSError where the port is taken."""
    try:
        server, thread = start_http_server(port, addr=HOST, registry=meters.registry)
    except OSError as error:
        raise OSError(error.errno, f"no metrics at {HOST}:{port}: {error.strerror}") from None

    def end() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return end
