"""A thousand who listen, while a crash goes through: ``python -m deleverage.bench.listeners``."""
