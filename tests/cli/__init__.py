"""The command line: what it takes, what it writes, what it says, and how it ends."""
