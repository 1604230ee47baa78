"""Checks `cargo metadata` (standard input) against deny.toml: licences, bans, sources.

A stand-in for `cargo deny check`, which knows more: licence texts, clarifications, advisories, and the settings
`wildcards` and `multiple-versions`.
"""

import json
import re
import sys
import tomllib

with open("deny.toml", "rb") as file:
    deny = tomllib.load(file)
allowed = set(deny["licenses"]["allow"])
banned = {entry["crate"] for entry in deny["bans"]["deny"]}
wrong = []


def permitted(expression):
    """Whether an SPDX expression can be met with what is allowed."""
    terms = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def either():
        value = both()
        while terms and terms[0] == "OR":
            terms.pop(0)
            value = both() or value
        return value

    def both():
        value = one()
        while terms and terms[0] == "AND":
            terms.pop(0)
            value = one() and value
        return value

    def one():
        name = terms.pop(0)
        if name == "(":
            value = either()
            terms.pop(0)
            return value
        if terms and terms[0] == "WITH":
            terms.pop(0)
            name += " WITH " + terms.pop(0)
        return name in allowed

    return either()


packages = json.load(sys.stdin)["packages"]
for package in packages:
    name = f"{package['name']} {package['version']}"
    if not package["license"] or not permitted(package["license"]):
        wrong.append(f"{name}: its licence, {package['license']}, is not allowed")
    if package["name"] in banned:
        wrong.append(f"{name}: banned")
    source = package["source"]
    if source and not source.startswith("registry+https://github.com/rust-lang/crates.io-index"):
        wrong.append(f"{name}: comes from {source}")
for line in wrong:
    print(line, file=sys.stderr)
print(f"{len(packages)} packages, {len(wrong)} wrong")
sys.exit(bool(wrong))
