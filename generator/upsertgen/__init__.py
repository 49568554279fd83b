"""upsertgen: typed clients from OpenAPI documents that describe batch upsert endpoints.

The data flows one way, and each arrow is one subpackage with one public function:

    specs/  ->  documents  ->  Api  ->  files in memory  ->  the output folder
         specs.read     ir.understand  emit.emit       write.write

The command line (`upsertgen.cli`) is the only module that knows all four.
"""

__version__ = "0.1.0"
