"""Families of checks, a short file for each venue or group of venues; ``FAMILIES`` are all of them."""

from tests.conformance.families import bybit, chains, dydx, flox, ftx, hedged, parameters, queues, ranks, shared_losses
from tests.conformance.family import Family

FAMILIES: tuple[Family, ...] = (
    *dydx.FAMILIES,
    *shared_losses.FAMILIES,
    *chains.FAMILIES,
    *flox.FAMILIES,
    *bybit.FAMILIES,
    *ftx.FAMILIES,
    *hedged.FAMILIES,
    *queues.FAMILIES,
    *ranks.FAMILIES,
    *parameters.FAMILIES,
)
