"""One call of the API: requests, credentials, connections, retries, answers. No part of the public interface.

In comes a `Call` of an `operation`, written by emitted code; out goes a decoded body, or one of `errors`.
Start with `connection`, which sends: it takes its transport from `pool`, the only place where connections are
opened, makes an `attempt`, which comes to an `answer` or to a failure, lets `retry` decide about the next
one, and has `result` turn the last one into a value or an exception. Only `connection`, `pool` and
`transport` wait; all else is pure, and serves synchronous and asynchronous clients alike.
"""
