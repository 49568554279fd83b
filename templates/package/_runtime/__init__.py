"""How calls are made: requests, credentials, retries, answers. No part of the public interface."""
