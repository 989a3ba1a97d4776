"""The law made fast: columns of int64, compiled kernels, one writer. What is rare it asks the rulebook itself."""
