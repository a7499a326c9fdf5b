"""The Java client's pom.xml. That Maven builds with it is not shown here, for its repository may be out of reach:
what it says is compared with what the code imports, and Maven reads it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

from tests.clients.java_tools import CLIENT, Java, java
from tests.tools import need

__all__ = ["java"]

POM = CLIENT / "pom.xml"
IN = {"": "http://maven.apache.org/POM/4.0.0"}
ARTIFACTS = {
    "com.fasterxml.jackson.annotation": "jackson-annotations",
    "com.fasterxml.jackson.core": "jackson-core",
    "com.fasterxml.jackson.databind": "jackson-databind",
    "com.fasterxml.jackson.datatype.jsr310": "jackson-datatype-jsr310",
    "jakarta.annotation": "jakarta.annotation-api",
}
"""Which artifact has which packages."""
OF_THE_JDK = ("java.", "javax.crypto.", "com.sun.net.httpserver.")
NAME = re.compile(r"^\s*import (?:static )?([\w.]+);|@(jakarta\.[a-z.]+)\.", re.M)


def test_its_dependencies_are_what_the_code_imports(java: Java) -> None:
    names = {
        next(filter(None, found))
        for folder in (java.generated, CLIENT / "src")
        for source in folder.rglob("*.java")
        for found in NAME.findall(source.read_text())
    }
    foreign = {name for name in names if not name.startswith((*OF_THE_JDK, "io.messagegateway."))}
    packages = {name: next((p for p in ARTIFACTS if f"{name}.".startswith(f"{p}.")), None) for name in foreign}
    assert None not in packages.values(), [name for name, package in packages.items() if not package]
    assert {ARTIFACTS[package] for package in packages.values() if package} == {
        each.findtext("artifactId", namespaces=IN)
        for each in ElementTree.parse(POM).getroot().findall("dependencies/dependency", IN)
    }


def test_each_version_is_pinned() -> None:
    root = ElementTree.parse(POM).getroot()
    properties = {each.tag.rpartition("}")[2]: each.text for each in root.findall("properties/*", IN)}
    parts = [*root.findall("dependencies/dependency", IN), *root.findall("build/plugins/plugin", IN)]
    assert len(parts) == 8
    for part in parts:
        version = part.findtext("version", default="", namespaces=IN)
        version = re.sub(r"\$\{(.+)\}", lambda found: properties[found[1]] or "", version)
        assert re.fullmatch(r"\d+(\.\d+){1,2}", version), part.findtext("artifactId", namespaces=IN)


def test_maven_takes_it(tmp_path: Path) -> None:
    """As a model without mistakes. (Nothing is fetched.)"""
    done = subprocess.run(
        [need("mvn"), "-o", "-q", "-B", f"-Dmaven.repo.local={tmp_path}", "-f", str(POM), "validate"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout
