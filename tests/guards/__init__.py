"""Guards: the rules of the house that a machine can check, each with planted violations that must be caught."""
