"""Experiences."""
