"""Metrics, for who runs the service."""

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation

from deleverage.service.meters import CONTENT_TYPE, Meters
from deleverage.service.routes.commands import Given, Who


@get("/v1/metrics", summary="How the service fares, in the form that Prometheus reads")
async def metrics(counter: Given, principal: Who, meters: NamedDependency[SkipValidation[Meters]]) -> Response[bytes]:
    """Return everything that is counted."""
    counter.look_at_meters(principal)
    return Response(meters.text(), media_type=CONTENT_TYPE)
