"""The sandbox of an API that is known by `x-upsert` alone, in each form that requests and answers have."""
