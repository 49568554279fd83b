"""Tests of the client's runtime as it stands in `templates/`, through a client written by hand."""
