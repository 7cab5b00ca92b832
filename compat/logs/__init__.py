"""Folders of partitions that real Kafka wrote: imported, checked and read like Kafka's own."""
