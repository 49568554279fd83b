"""Specs that want to hurt whoever generates from them, or whoever imports the result.

| module | what it holds |
|---|---|
| `corpus` | hostile texts, each with what it attacks |
| `project` | a project that uses everything a spec can say |
| `positions` | every place of that project where a text can stand, found by walking it |
| `specs` | whole specs by Hypothesis |
| `running` | from a project to its emitted package, or to its problems |
| `meaning` | what the emitted package must say, word for word, read from the Api tree |
| `inside` | runs in a process of its own: imports a package and sees what else happens |
| `fuzz` | `make fuzz`: all of it for as long as it is told |
"""
