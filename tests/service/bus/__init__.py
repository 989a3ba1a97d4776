"""A service on several machines: a bus, workers, fronts, and what comes between them."""
