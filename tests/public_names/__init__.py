"""The record of public names, declared renames, and the old names that they leave."""
