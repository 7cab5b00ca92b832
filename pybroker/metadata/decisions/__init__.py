"""Decisions about topics: state and request in, changes and results out."""
