"""Every published rule for who pays: records in, whole units out, on the engine's kernels."""
