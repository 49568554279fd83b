"""Run the command line as `python -m upsertgen`."""

from upsertgen.cli import main

if __name__ == "__main__":
    main()
