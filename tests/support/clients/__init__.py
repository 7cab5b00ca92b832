"""Three client libraries behind one interface, so that one behaviour test runs for all of them."""

from importlib import import_module
from typing import Final

from tests.support.clients.library import Library

# Imported when they are asked for: a test of one library does not pay for the others.
LIBRARIES: Final = {
    "kafka-python": ("tests.support.clients.kafka_python_library", "KafkaPythonLibrary"),
    "confluent-kafka": ("tests.support.clients.confluent_library", "ConfluentLibrary"),
    "aiokafka": ("tests.support.clients.aiokafka_library", "AiokafkaLibrary"),
}


def library_class(name: str) -> type[Library]:
    """Give the adapter of a library by its name on the package index."""
    module, class_name = LIBRARIES[name]
    found: type[Library] = getattr(import_module(module), class_name)
    return found
