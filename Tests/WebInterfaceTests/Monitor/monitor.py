#!/usr/bin/env python3
"""A small log monitor, written from the C2SP specifications alone (tlog-tiles, tlog-checkpoint, signed-note) and RFC 6962.

    monitor.py PREFIX VERIFIER_KEY STATE_FILE [--all]

One round: it fetches the newest checkpoint, verifies its signature, fetches the entries that it has not seen, and checks that the
log it knew is a prefix of the new one. With --all it forgets what it knew, and checks every tile of every level as well. It
prints one line of JSON and ends with status 0, or says what is wrong and ends with status 1.
"""

import base64
import gzip
import hashlib
import json
import os
import sys
import urllib.request


class Wrong(Exception):
    """The log is not what it should be."""


# Ed25519 verification, after RFC 8032 section 6.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)


def add(a, b):
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g = 2 * a[3] * b[3] * D % P
    h = 2 * a[2] * b[2] % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point = add(point, point)
        scalar >>= 1
    return result


def equal(a, b):
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def decompress(data):
    number = int.from_bytes(data, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    if square == 0:
        return None if sign else (0, y, 1, 0)
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P:
        return None
    if x & 1 != sign:
        x = P - x
    return (x, y, 1, x * y % P)


BASE = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def verifies(key, message, signature):
    point, commitment = decompress(key), decompress(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or point is None or commitment is None or scalar >= L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    return equal(multiply(scalar, BASE), add(commitment, multiply(challenge, point)))


# Signed notes and checkpoints.


def verifier(text):
    name, identifier, encoded = text.split("+", 2)
    data = base64.b64decode(encoded, validate=True)
    if data[0] != 1 or len(data) != 33:
        raise Wrong("the verifier key is not of Ed25519")
    if hashlib.sha256(name.encode() + b"\n" + data).digest()[:4].hex() != identifier:
        raise Wrong("the verifier key's identifier does not fit")
    return name, bytes.fromhex(identifier), data[1:]


def checkpoint(note, key_text):
    name, identifier, key = verifier(key_text)
    text, separator, signatures = note.partition("\n\n")
    if not separator:
        raise Wrong("the checkpoint is no signed note")
    text += "\n"
    good = False
    for line in signatures.splitlines():
        mark, signer, encoded = line.split(" ")
        data = base64.b64decode(encoded, validate=True)
        if mark != "\u2014":
            raise Wrong("a signature line has no dash")
        if signer == name and data[:4] == identifier:
            if not verifies(key, text.encode(), data[4:]):
                raise Wrong("the checkpoint's signature does not verify")
            good = True
    if not good:
        raise Wrong("the checkpoint is not signed with the log's key")
    lines = text.split("\n")
    if lines[0] != name or str(int(lines[1])) != lines[1]:
        raise Wrong("the checkpoint is of another log")
    root = base64.b64decode(lines[2], validate=True)
    if len(root) != 32:
        raise Wrong("the checkpoint's root has not 32 bytes")
    return int(lines[1]), root


# RFC 6962.


def leaf_hash(entry):
    return hashlib.sha256(b"\0" + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


class Tree:
    """The hashes of the complete subtrees on the right edge: enough to go on and to compute the root."""

    def __init__(self, size=0, edge=()):
        self.size, self.edge = size, list(edge)

    def append(self, leaf):
        size, hash_ = self.size, leaf
        while size & 1:
            hash_ = node_hash(self.edge.pop(), hash_)
            size >>= 1
        self.edge.append(hash_)
        self.size += 1

    def root(self):
        if not self.edge:
            return hashlib.sha256(b"").digest()
        hash_ = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            hash_ = node_hash(left, hash_)
        return hash_


# tlog-tiles.


def fetch(prefix, path, cached=False):
    request = urllib.request.Request(prefix + path, headers={"Accept-Encoding": "gzip, identity"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        data = answer.read()
        if answer.headers.get("Content-Encoding") == "gzip":
            data = gzip.decompress(data)
        control = answer.headers.get("Cache-Control", "")
        if cached and "immutable" not in control:
            raise Wrong(path + " may not be kept, although it never changes")
        if not cached and "no-cache" not in control:
            raise Wrong(path + " may be kept, although it changes")
        return data


def tile_path(number, width):
    groups = ["%03d" % (number % 1000)]
    while number >= 1000:
        number //= 1000
        groups.insert(0, "x%03d" % (number % 1000))
    return "/".join(groups) + ("" if width == 256 else ".p/%d" % width)


def entries(prefix, first, size):
    """The entries from an index on, each checked against its level 0 tile."""
    for number in range(first // 256, (size + 255) // 256):
        width = min(256, size - number * 256)
        path = tile_path(number, width)
        data = fetch(prefix, "/tile/entries/" + path, cached=True)
        hashes = fetch(prefix, "/tile/0/" + path, cached=True)
        if len(hashes) != 32 * width:
            raise Wrong("tile/0/" + path + " has another width")
        offset = 0
        for place in range(width):
            length = int.from_bytes(data[offset : offset + 2], "big")
            entry = data[offset + 2 : offset + 2 + length]
            offset += 2 + length
            if len(entry) != length or leaf_hash(entry) != hashes[32 * place : 32 * place + 32]:
                raise Wrong("entry %d is not what its tile says" % (number * 256 + place))
            if number * 256 + place >= first:
                yield entry
        if offset != len(data):
            raise Wrong("tile/entries/" + path + " is longer than its entries")


def check_tiles(prefix, leaves):
    """Every tile of every level above 0, against the hashes of the entries."""
    checked, level, hashes = 0, 0, leaves
    while hashes:
        if level > 0:
            for number in range((len(hashes) + 255) // 256):
                part = hashes[number * 256 : number * 256 + 256]
                if fetch(prefix, "/tile/%d/%s" % (level, tile_path(number, len(part))), cached=True) != b"".join(part):
                    raise Wrong("tile %d of level %d is not what the entries give" % (number, level))
                checked += 1
        above = []
        for number in range(len(hashes) // 256):
            part = hashes[number * 256 : number * 256 + 256]
            while len(part) > 1:
                part = [node_hash(part[i], part[i + 1]) for i in range(0, len(part), 2)]
            above.append(part[0])
        level, hashes = level + 1, above
    return checked


def main():
    prefix, key, state_file = sys.argv[1:4]
    everything = "--all" in sys.argv[4:]
    tree = Tree()
    if os.path.exists(state_file) and not everything:
        with open(state_file) as file:
            state = json.load(file)
        tree = Tree(state["size"], [bytes.fromhex(text) for text in state["edge"]])
    size, root = checkpoint(fetch(prefix, "/checkpoint").decode(), key)
    if size < tree.size:
        raise Wrong("the log has become shorter: %d entries after %d" % (size, tree.size))
    kinds, leaves, known = {}, [], tree.size
    for entry in entries(prefix, tree.size, size):
        kinds[entry[1]] = kinds.get(entry[1], 0) + 1
        leaves.append(leaf_hash(entry))
        tree.append(leaves[-1])
    if tree.root() != root:
        raise Wrong("the entries do not give the root that the log signed: its past has changed")
    tiles = check_tiles(prefix, leaves) if everything else 0
    with open(state_file, "w") as file:
        json.dump({"size": tree.size, "edge": [hash_.hex() for hash_ in tree.edge]}, file)
    print(json.dumps({"size": size, "root": base64.b64encode(root).decode(), "new": size - known, "tiles": tiles,
                      "kinds": {str(kind): count for kind, count in sorted(kinds.items())}}))


if __name__ == "__main__":
    try:
        main()
    except Wrong as failure:
        print("WRONG: %s" % failure, file=sys.stderr)
        sys.exit(1)
