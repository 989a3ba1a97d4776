"""Tests of the engine: kernels against the law, bounds against a prover."""
