"""The tests.  A package so that they can share helpers: ``from tests import virtual_clock``."""
