"""The command line of the package, for `python -m`, also where no command is installed."""

from __future__ import annotations

from ._cli.entry import main

if __name__ == "__main__":
    main()
