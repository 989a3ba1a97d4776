"""Conformance: published examples and tests of venues, recomputed by the presets and formulas of this package."""
