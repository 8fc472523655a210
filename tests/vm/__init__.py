"""Debian machines that the package is installed on; docs/testing.md says how they are run."""
