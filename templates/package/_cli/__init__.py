"""The command line. No part of the public interface."""
