"""Events as data: what others recorded or what a seed draws, typed, with its provenance."""
