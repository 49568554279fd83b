"""upsertgen: typed clients from OpenAPI documents that describe batch upsert endpoints.

The data flows one way, and each arrow is one subpackage with one way in:

    specs/  ->  documents  ->  Api  ->  files in memory  ->  the output folder
         specs.read     ir.understand  emit.emit       write.OutputFolder

`upsertgen.run` is the path of a run through all four, with `public_names` between the second
and the third, from the settings (`configuration`) on; `cli` and
`commands` are the command line around it, `release` and `hatch_hook` two other ways to it.
"""

__version__ = "0.1.0"
