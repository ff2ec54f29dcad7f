"""Values that programs trip over, from a seeded generator."""

import json
import string

TEXTS = [
    "", " ", "a", "default", "root", " root", "ROOT", "../x", "..", ".", "a/../b", "a//b", "/", "a/", "/a", "%2e%2e", "%2f", "%", "%zz", "%00",
    "\x00", "\n", "\t", "\x1b[31m", "\x7f", "\u00e9", "e\u0301", "\u202e", "\ufeff", "\ufffd", "\U0001f511", "\u0130", "\ud800",
    "true", "false", "null", "0", "-1", "1e999", "0x10", "1h", "-1h", "1d", "99999999999999999999h", "1h30m", "5s", "now",
    "2020-01-01T00:00:00Z", "+", "*", "a*", "+/a", "{{identity.entity.id}}", "{{", "${x}", "<script>", "' OR 1=1 --", "\\", "\"", "a,b,,c",
    "kv", "kv-v2", "cubbyhole", "file", "token", "system", "identity", "pki", "secret/", "sys/", "auth/token/", "cubbyhole/", "service", "batch",
    "127.0.0.1/32", "0.0.0.0/0", "::/0", "1.2.3.4/99", "sha2-256", "base64", "hex", "hvs.CAESI", "hvb.AAAA", "s.abc", "vault:v1:abc",
    'path "*" { capabilities = ["deny"] }', 'path "secret/*" { capabilities = ["read", "list"] }', "path {", "length = 20\nrule \"charset\" {",
]
NUMBERS = [
    "0", "-0", "1", "-1", "2", "255", "256", "65536", "2147483647", "2147483648", "-2147483649", "4294967296", "9223372036854775807",
    "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e400", "-1e400", "1e-400", "0.1", "1.5",
    "123456789012345678901234567890", "1E5", "99999999999999999999999999999999999999999",
]
METHODS = [
    "HEAD", "OPTIONS", "SCAN", "HELP", "RECOVER", "TRACE", "CONNECT", "PROPFIND", "get", "G", "A" * 40, "PATCH", "LIST", "DELETE",
]
CONTENT_TYPES = [
    "application/json", "application/merge-patch+json", "application/scim+json", "application/x-www-form-urlencoded", "text/plain", "",
    "multipart/form-data; boundary=x", "application/json; charset=utf-16", ";;;", "application/octet-stream", "\u00e9/\u00e9", "a" * 3000,
]
HEADERS = [
    "X-Vault-Wrap-TTL", "X-Vault-Wrap-Format", "X-Vault-Namespace", "X-Vault-MFA", "X-Vault-Policy-Override", "X-Vault-Index", "X-Vault-Forward",
    "X-Vault-Inconsistent", "X-Vault-No-Request-Forwarding", "Authorization", "X-Forwarded-For", "Origin", "Accept", "Accept-Encoding", "Cookie",
    "If-None-Match", "Range", "X-HTTP-Method-Override", "Upgrade", "X-Vault-Recover-Snapshot-Id", "User-Agent", "X-Vault-Request",
]


class Hostility:
    def __init__(self, random):
        self.random = random

    def text(self):
        random = self.random
        kind = random.random()
        if kind < 0.75:
            return random.choice(TEXTS)
        if kind < 0.85:
            return "".join(random.choice(string.printable) for _ in range(random.randrange(40)))
        if kind < 0.93:
            return "".join(chr(random.randrange(1, 0x3000)) for _ in range(random.randrange(20)))
        return random.choice(["a", "/", "é", "\x00", "[", "a,", "*"]) * random.choice([100, 5000, 70000])

    def value(self, depth=0):
        """The text of a JSON value, as a rule a valid one."""
        random = self.random
        kind = random.random()
        if kind < 0.4:
            return json.dumps(self.text())
        if kind < 0.6:
            return random.choice(NUMBERS)
        if kind < 0.7:
            return random.choice(["true", "false", "null"])
        if kind < 0.74:
            levels = random.choice([5, 100, 400, 20000])
            return "[" * levels + "]" * levels if random.random() < 0.5 else '{"a":' * levels + "1" + "}" * levels
        if kind < 0.76:
            return "[" + ",".join(["1"] * random.choice([1000, 20000])) + "]"
        if kind < 0.77:
            return "{" + ",".join(f'"k{n}":1' for n in range(random.choice([1000, 12000]))) + "}"
        if depth > 3:
            return "[]"
        if kind < 0.88:
            return "[" + ",".join(self.value(depth + 1) for _ in range(random.randrange(4))) + "]"
        return "{" + ",".join(json.dumps(self.text()) + ":" + self.value(depth + 1) for _ in range(random.randrange(4))) + "}"

    def fitting(self, type):
        """The text of a JSON value of a schema's type."""
        random = self.random
        if type in ("integer", "number"):
            return random.choice(NUMBERS)
        if type == "boolean":
            return random.choice(["true", "false", '"true"', "1", '"x"'])
        if type == "array":
            return json.dumps([self.text() for _ in range(random.randrange(4))])
        if type == "object":
            return json.dumps({self.text(): self.text() for _ in range(random.randrange(4))})
        return json.dumps(self.text())

    def damaged(self, data):
        """Bytes with some of them changed, doubled, taken out or cut off."""
        random = self.random
        data = bytearray(data)
        for _ in range(random.choice([1, 1, 2, 5, 20])):
            if not data:
                return random.randbytes(random.randrange(1, 30))
            place = random.randrange(len(data))
            change = random.randrange(7)
            if change == 0:
                data[place] ^= 1 << random.randrange(8)
            elif change == 1:
                data[place] = random.randrange(256)
            elif change == 2:
                del data[place:place + random.randrange(1, 10)]
            elif change == 3:
                data[place:place] = data[place:place + random.randrange(1, 30)] * random.choice([1, 2, 50])
            elif change == 4:
                data[place:place] = random.choice([b"\x00", b"\r\n", b"\n", b'"', b"{", b"}", b"\\", b"\xff\xfe", b"%", b" ", b"${", b"<<EOF\n", b"99999999999999999999"])
            elif change == 5:
                del data[place:]
            else:
                other = random.randrange(len(data))
                data[place], data[other] = data[other], data[place]
        return bytes(data)
