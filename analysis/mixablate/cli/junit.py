"""The claims as JUnit XML, which CI systems show as tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from mixablate.cli.terminal import printable

if TYPE_CHECKING:
    from mixablate.claims import GateResult

__all__ = ["junit_bytes"]


def junit_bytes(results: Sequence[GateResult], *, title: str, suite: str) -> bytes:
    """One test suite, one test case a claim: failed with the reason, or skipped with it, or passed.

    Args:
        results: what the build is told of each claim.
        title: of the study.
        suite: the class name under which CI systems list the claims.
    """
    counts = {word: sum(result.outcome == word for result in results) for word in ("failed", "skipped")}
    totals = {
        "tests": str(len(results)),
        "failures": str(counts["failed"]),
        "errors": "0",
        "skipped": str(counts["skipped"]),
    }
    root = ElementTree.Element("testsuites", {"name": "mixablate", **totals})
    cases = ElementTree.SubElement(root, "testsuite", {"name": printable(title), **totals})
    for result in results:
        case = ElementTree.SubElement(cases, "testcase", {"classname": suite, "name": printable(result.claim)})
        said, whole = printable(result.headline), printable("\n".join(result.detail))
        if result.outcome == "failed":
            ElementTree.SubElement(case, "failure", {"message": said, "type": "claim"}).text = whole
        elif result.outcome == "skipped":
            ElementTree.SubElement(case, "skipped", {"message": said}).text = whole
        else:
            ElementTree.SubElement(case, "system-out").text = whole
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)) + b"\n"
