"""Programs that the Makefile runs: checks of the repository, versions of dependencies, bare systems."""
