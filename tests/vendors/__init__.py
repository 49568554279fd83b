"""Three APIs of three vendors, each a project of specs, overlays and settings, and no line of Python.

    vectors/     a vector database: a count answers, a key, a constant header, limits in records and bytes
    crm/         a CRM: results by position, refusals among them, OAuth with a word of its own
    profiles/    a marketing platform: jobs that are asked about, JSON:API, several keys

`*_service.py` behave like these APIs, as far as is generally known of them, and know nothing of upsertgen.
"""
