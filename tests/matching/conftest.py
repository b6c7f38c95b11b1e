"""Painted holdings for what is not about dlib."""

from tests.painted import painted

__all__ = ["painted"]
