"""Kafka's jars: copied by Maven into `compat/.cache` the first time, as `pom.xml` names them."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

POM: Final = Path(__file__).with_name("pom.xml")
LOGGING: Final = Path(__file__).with_name("log4j2.properties")
COPY_DEPENDENCIES: Final = (
    "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
)
PREPARE_TIMEOUT_S: Final = 600


def _version_in_pom() -> str:
    found = re.search(r"<kafka\.version>(.+?)</kafka\.version>", POM.read_text())
    assert found is not None
    return found.group(1)


KAFKA_VERSION: Final = _version_in_pom()
JARS: Final = POM.parents[1] / ".cache" / f"kafka-{KAFKA_VERSION}"


def jars_folder() -> Path:
    """Give the folder with Kafka's jars, and fill it if this is the first time."""
    if any(JARS.glob(f"kafka_*-{KAFKA_VERSION}.jar")):
        return JARS
    print(f"copying Kafka {KAFKA_VERSION} with Maven", file=sys.stderr)
    subprocess.run(
        [
            *("mvn", "-q", "-B", "-f", str(POM), COPY_DEPENDENCIES),
            *("-DincludeScope=runtime", f"-DoutputDirectory={JARS}"),
        ],
        check=True,
        stdout=sys.stderr,
        timeout=PREPARE_TIMEOUT_S,
    )
    return JARS


def java_command(*, heap: str, jvm_options: tuple[str, ...], class_name: str) -> list[str]:
    """Give the command that runs a class of Kafka's jars; its log lines go to stderr."""
    java_home = os.environ.get("JAVA_HOME")
    java = f"{java_home}/bin/java" if java_home else "java"
    return [
        *(java, f"-Xms{heap}", f"-Xmx{heap}", *jvm_options),
        f"-Dlog4j2.configurationFile={LOGGING}",
        *("-cp", f"{jars_folder()}/*", class_name),
    ]
