"""What type checkers say about generated code. `make check` runs them."""
