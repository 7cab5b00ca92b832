"""Kafka's messages, one class for all versions of each, and the codec that handles them."""
