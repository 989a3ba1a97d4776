"""The outside's shapes, read strictly and brought onto the law's integer grid."""
