"""Commands of the command line, one module each; `upsertgen.cli` registers them."""
