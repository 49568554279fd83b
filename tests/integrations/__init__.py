"""Whole pipelines of other programs, against the sandbox. `make test-integrations` runs them."""
