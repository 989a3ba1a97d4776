"""Auto-deleveraging for derivatives venues: exact, deterministic, explainable, then fast."""

__version__ = "0.1.0"
