"""What a report was made from and what it holds: hashes, versions, seed and settings; no dates, no absolute paths."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from importlib import metadata

from mixablate import __version__
from mixablate.findings import SCHEMA_VERSION, Findings
from mixablate.report.document import declaration_document, json_bytes, plain

__all__ = ["PACKAGES", "manifest_document", "package_versions", "sha256"]

PACKAGES = ("numpy", "pandas", "scipy", "matplotlib", "pydantic", "pandera", "duckdb", "jinja2")


def sha256(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def package_versions() -> dict[str, str]:
    """Version of this package, of Python, and of every package whose code a number or a figure depends on."""
    found = {"mixablate": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def manifest_document(findings: Findings, files: Mapping[str, bytes]) -> dict[str, object]:
    """The manifest of a report made of `files`; the manifest itself is not among its outputs."""
    study = findings.study
    return {
        "schema": SCHEMA_VERSION,
        "title": study.title,
        "simulated": study.simulated,
        "seed": study.seed,
        "settings": plain(study.analysis),
        "declaration_sha256": sha256(json_bytes(declaration_document(findings))),
        "inputs": [plain(source) for source in findings.sources],
        "outputs": [
            {"path": name, "sha256": sha256(content), "bytes": len(content)} for name, content in sorted(files.items())
        ],
        "versions": package_versions(),
    }
