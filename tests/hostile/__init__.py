"""Specs that want to hurt whoever generates from them, and runs that are killed, refused or not alone.

| module | what it holds |
|---|---|
| `corpus` | hostile texts, each with what it attacks |
| `project`, `whole/` | a project that uses everything a spec can say, and where texts can stand in it |
| `placements` | texts of the corpus in those places |
| `specs` | whole specs by Hypothesis |
| `emission` | from a project to its emitted package, or to its problems |
| `meaning` | what the emitted package must say, word for word, read from the Api tree |
| `inside` | runs in a process of its own: imports a package and sees what else happens |
| `fuzz` | `make fuzz`: all of it for as long as it is told |
| `bounded_runs` | the command line with little memory |
| `kill_points` | kills between all system calls of what writes |
"""
