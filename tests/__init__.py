"""Tests of the generator, of its output, and of the clients that it emits.

bad_input/    specs, overlays and settings with mistakes, and what is said of them
bulk/         bulk upserts, and the emitted command
cli/          the command line of the generator
diff/         what differs between versions, and how it is told
hostile/      specs as an attacker would write them, and runs that are killed
importing/    published documents to specs
integrations/ Dask and dlt; `make test-integrations` runs them
public_names/ the record of public names, and old names
sandbox/      the stand-in for the API
scenarios/    a spec and its expected output for each shape of OpenAPI
runtime/      the part of clients that does not vary, with a client written by hand
consumer/     code that uses the generated package, as type checkers see it
types/        what type checkers say about it; `make check` runs them
tools/        programs that the Makefile runs
data/         facts and bodies that tests compare with
bench/        measurements; no tests
"""
