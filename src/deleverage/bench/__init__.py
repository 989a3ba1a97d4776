"""How fast the engine is, as ratios of one run: against the memory, pandas, plain Python objects and a C++ engine."""
