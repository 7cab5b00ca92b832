"""Clients that run in processes of their own; each takes JSON as its argument and prints JSON."""
