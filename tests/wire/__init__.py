"""The messages and their codec, held to the bytes of others."""
