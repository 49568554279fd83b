"""Comparisons of versions, by the reports that they end in."""
