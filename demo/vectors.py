#!/usr/bin/env python3
"""Turns texts into vectors by feature hashing, without a model.

Reads package records ("Package: ...", "Description: ...", as apt-cache
dumpavail prints them) or, with --tsv, lines of name, section and description
between tabs. Writes lines for COPY: name, section, description, vector.

A text's features are its words, the words of its name, its section and tags,
and the letters of its name in groups of three to four; each counts by how rare
it is (inverse document frequency) and lands, with a sign, on a few
coordinates that a hash chooses. Vectors have length 1, so that their cosine is
the share of features that two texts have in common.
"""
import hashlib
import math
import re
import struct
import sys

DIMS = 384
HASHES = 4          # coordinates a feature lands on

# how much a feature of each kind counts, before its rarity
NAME, GRAM, WORD, TAG, SECTION = 1.6, 0.35, 1.0, 0.5, 0.4
LANGUAGE_PREFIXES = {"python3", "python", "ruby", "golang", "node", "r", "lib", "php"}

STOP = set("""a about all also an and any are as at be been but by can do for from has have
if in into is it its more most no not of on one only or other out over so some such than that
the their them then there these this to up use used uses using via was well when where which
while who will with within without you your based etc via package packages""".split())

SPLIT = re.compile(r"[a-z]+[+#]*|\d+")
TAG_NOISE = ("role::", "implemented-in::", "interface::", "uitoolkit::", "devel::lang", "special::", "suite::", "scope::")


def stem(word):
    """Plural and singular, verb and noun: close enough for short texts."""
    for end, put in (("ies", "y"), ("sses", "ss"), ("ers", "er"), ("ing", ""), ("ed", ""), ("s", "")):
        if word.endswith(end) and len(word) - len(end) >= 4 and not word.endswith("ss"):
            return word[: len(word) - len(end)] + put
    return word


def features(name, section, text, tags):
    """Feature -> weight before rarity."""
    out = {}

    def add(feature, weight):
        out[feature] = out.get(feature, 0.0) + weight

    parts = SPLIT.findall(name.lower())
    for i, part in enumerate(parts):
        if part.isdigit():
            add("d:" + part, 0.3)
            continue
        bare = part[3:] if part.startswith("lib") and len(part) > 5 else part
        weight = NAME * (0.3 if part in LANGUAGE_PREFIXES else 1.0 if i < 2 else 0.6)
        add("w:" + stem(bare), weight)
        if len(bare) > 4:
            padded = "^" + bare + "$"
            for size in (3, 4):
                for j in range(len(padded) - size + 1):
                    add("g:" + padded[j:j + size], GRAM)

    for word in SPLIT.findall(text.lower()):
        if word not in STOP and not word.isdigit() and len(word) > 1:
            add("w:" + stem(word), WORD)
    for tag in tags:
        if tag and not tag.startswith(TAG_NOISE):
            add("t:" + tag, TAG)
    if section:
        add("s:" + section.rsplit("/", 1)[-1], SECTION)
    # the tenth mention says little more than the second
    return {feature: weight if weight < 1 else 1 + math.log(weight) for feature, weight in out.items()}


def read_packages(lines):
    """Records of "Field: value" lines; a line that starts with a space goes on."""
    record, field, seen = {}, None, set()
    for line in lines:
        if line == "\n":
            if "Package" in record and "Description" in record and record["Package"] not in seen:
                seen.add(record["Package"])
                yield record
            record, field = {}, None
        elif line[0] in " \t":
            if field == "Description" or field == "Tag":
                record[field] += " " + line.strip()
        else:
            field, _, value = line.partition(":")
            if field.startswith("Description") and field != "Description-md5":
                field = "Description"
            if field in ("Package", "Section", "Description", "Tag"):
                record[field] = value.strip()
    if "Package" in record and "Description" in record and record["Package"] not in seen:
        yield record


def read(tsv):
    if tsv:
        for line in sys.stdin:
            name, section, text = line.rstrip("\n").split("\t", 2)
            yield name, section, text, ()
    else:
        for r in read_packages(sys.stdin):
            tags = [t for t in re.split(r",\s*", r.get("Tag", "")) if t]
            yield r["Package"], r.get("Section", ""), r["Description"], tags


def places(feature):
    """The signed coordinates of a feature."""
    digest = hashlib.blake2b(feature.encode(), digest_size=4 * HASHES).digest()
    return [(h % DIMS, 1.0 if h >> 31 else -1.0) for h in struct.unpack("<%dI" % HASHES, digest)]


def main():
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    sys.stdout.reconfigure(encoding="utf-8")

    texts, counts = [], {}
    for name, section, text, tags in read("--tsv" in sys.argv[1:]):
        found = features(name, section, text, tags)
        if not found:
            continue
        texts.append((name, section, text, found))
        for feature in found:
            counts[feature] = counts.get(feature, 0) + 1

    known = {}
    for feature, count in counts.items():
        rarity = math.log((1 + len(texts)) / (1 + count)) + 0.1
        known[feature] = [(place, sign * rarity) for place, sign in places(feature)]

    # one string a value: formatting 24 million floats would take most of the time
    steps = 4096
    text_of = ["0" if i == 0 else "%.4g" % (i / steps) for i in range(steps + 1)]
    text_of += ["%.4g" % (i / steps) for i in range(-steps, 0)]
    clean = str.maketrans({"\\": "\\\\", "\t": " ", "\n": " ", "\r": " "})
    for name, section, text, found in texts:
        vector = [0.0] * DIMS
        for feature, weight in found.items():
            for place, value in known[feature]:
                vector[place] += value * weight
        norm = math.sqrt(sum(x * x for x in vector)) or 1.0
        scale = steps / norm
        sys.stdout.write("%s\t%s\t%s\t[%s]\n" % (
            name, section.translate(clean), text.translate(clean),
            ",".join([text_of[round(x * scale)] for x in vector])))


main()
