"""Measurements of speed: `make bench`. Figures are ratios within one run, because machines are noisy."""
