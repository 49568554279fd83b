"""Tests of the generator, of its output, and of the clients that it emits.

scenarios/    a spec and its expected output for each shape of OpenAPI
runtime/      the part of clients that does not vary, with a client written by hand
consumer/     code that uses the generated package, as type checkers see it
types/        what type checkers say about it; `make check` runs them
data/         facts and bodies that tests compare with
bench/        measurements; no tests
"""
