"""The stand-in for the API, over real sockets, and its page in a browser."""
