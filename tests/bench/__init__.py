"""The harness of the benchmark: drawn books, timing, rivals, figures. Nothing here is timed."""
