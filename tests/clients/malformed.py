"""Bytes that are no request of GraphQL over HTTP, each wrong in a way of its own."""

from __future__ import annotations

import gzip

from schema.core import media
from tests.clients.wire import request

#: In this form, a request of which nothing was run has a status that says so.
FORM = f"Accept: {media.GRAPHQL}"
MANY = 100_000
#: Bodies that are no GraphQL requests.
BODIES: tuple[bytes, ...] = (
    b"", b" ", b"null", b"5", b"-0.0", b'"{ me { id } }"', b"[]", b"[1]", b"[[]]", b"{", b"}", b"{}",
    b"nul", b"True", b"{'query': '{ me { id } }'}", b'{"query": "{ me { id } }",}',
    b'{"query": "{ me { id } }"} {}', b"\xff\xfe{}", b'{"query": "\xff"}', b'{"query": "\xc3"}',
    b'{"query": "\xed\xa0\x80"}', b'{"query": "\x00"}', b'{"query": "\n"}', b'{"query": "\\u0000"}',
    b'{"query": "\\ud800"}', b'{"query": "{ me { id(\\udfff) } }"}', b'{"query": "\\x"}', b'{"query": 5}',
    b'{"query": []}', b'{"query": {}}', b'{"query": true}', b'{"query": null}', b'{"query": ""}',
    b'{"query": "{ me { id } }", "variables": []}', b'{"query": "{ me { id } }", "variables": "{}"}',
    b'{"query": "{ me { id } }", "variables": 1}', b'{"query": "{ me { id } }", "operationName": []}',
    b'{"query": "{ me { id } }", "operationName": 1}', b'{"query": "{ me { id } }", "extensions": "a"}',
    b'{"query": "{ me { id } }", "extensions": {"persistedQuery": {"version": 1e400}}}',
    b'{"documentId": {}}', b'{"query": "{ me { id } }", "variables": {"a": NaN}}',
    b'{"query": "{ me { id } }", "variables": {"a": Infinity}}',
    b'{"query": "{ me { id } }", "variables": {"a": 1e999999}}',
    b'{"query": "{ a(b: ' + b"9" * MANY + b') }"}',
    b'{"query": "{ me { id } }", "variables": {"a": ' + b"9" * MANY + b"}}", b"9" * MANY, b"[" * MANY,
    b'{"a":' * MANY, b"[" * MANY + b"]" * MANY, b'{"variables":' + b"[" * 900 + b"]" * 900 + b"}",
    b'"' + b"a" * MANY, b"{" * MANY, b'{"query": "' + b"{a" * MANY + b'"}',
    b'{"query": "' + b" " * MANY + b'"}', b'{"query": "' + b"#" * MANY + b'"}',
    b'{"query": "{ a }", "query": "{ b }"}', b'{"operations": "{}", "map": "{}"}', "{ä}".encode("utf-16"),
    b'{"query": "query { me { id } } query { me { id } }"}', b'{"query": "\\"\\"\\""}',
    b'{"query": "{ a(b: \\"\\\\u{D800}\\") }"}', b'{"query": "{ account(id: \\"\\\\uD800\\") { id } }"}',
    b'{"query": "subscription { a }"}', b"\x1f\x8b\x08", b"query=%7Bme%7Bid%7D%7D",
    gzip.compress(b'{"query": "{ me { id } }"}'), bytes(range(256)), b"\x00" * MANY,
    b'{"query": "query ($a: ID!) { account(id: $a) { id } }", "variables": {"a": "\\ud800"}}',
)  # fmt: skip
#: What stands around a body that is good by itself.
AROUND: tuple[bytes, ...] = (
    request(b"{}", length="-1"), request(b"{}", length="two"), request(b"{}", length="9" * 30),
    request(b"{}", length="1e3"), request(b"{}", length="2, 3"), request(b"{}", "Content-Length: 7"),
    request(b"{}", "Transfer-Encoding: chunked"),
    request(b"zz\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked", length=None),
    request(b"ffffffffffffffffff\r\n{}", "Transfer-Encoding: chunked", length=None),
    request(b"{}", "Transfer-Encoding: bzip2", length=None), request(b"{}", length="1"),
    request(b"{}", length="1000"), request(b'{"query": "{ me { id } }"}', length="10"),
    request(b"{}", "Content-Type: "), request(b"{}", "Content-Type: ;;="),
    request(b"{}", "Content-Type: application/json; charset=klingon"),
    request(b"{}", "Content-Type: multipart/form-data"), request(b"{}", "Content-Encoding: gzip"),
    request(b"{}", "Expect: 200-maybe"), request(b"{}", "no colon here"), request(b"{}", ": nameless"),
    request(b"{}", "Host: another"), request(b"{}", f"X-Long: {'a' * MANY}"),
    request(b"{}", *(f"X-{number}: a" for number in range(5_000))), request(b"{}", "Accept: \xff"),
    request(b"{}", "Accept: ;q="), request(b"{}", f"Accept: {'a/b,' * 2_000}"),
    request(b"{}", "Authorization: Bearer"), request(b"{}", "Authorization: Bearer \xff"),
    request(b"{}", "Authorization: Bearer a.b.c"), request(b"{}", f"Authorization: Bearer {'a' * 50_000}"),
    request(b"{}", "Authorization: Basic YTpi"), request(b"{}", "Authorization: Bearer e30.e30.e30"),
    request(b"{}", "X-Request-ID: \xff"), request(b"{}", "X-On-Behalf-Of: \xff"),
    request(b"{}", "Cookie: \xff=;;"), request(b"{}", "Accept-Encoding: gzip;q=x, \xff"),
    request(b"{}", "Upgrade: h2c", "Connection: Upgrade"), request(b"{}", "Connection: close, close, \xff"),
    request(b"{}", "Accept: text/html"), request(b"{}", "Origin: null"),
    request(b"{}", "If-None-Match: *", "Range: bytes=0-1"),
    *(
        request(b"", FORM, line=f"{method} {target} HTTP/1.1")
        for method, target in (
            ("GET", "/graphql"), ("GET", "/graphql?query="), ("GET", "/graphql?query=%ff%fe"),
            ("GET", "/graphql?query=%00"), ("GET", "/graphql?query={"),
            ("GET", "/graphql?query=%7Ba%7D&variables=%7B"),
            ("GET", "/graphql?query=%7Ba%7D&variables=%ed%a0%80"), ("GET", "/graphql?query=" + "a" * MANY),
            ("GET", "/graphql?query=%7Ba%7D&extensions=[]"), ("GET", "/graphql?%ff=%ff&&&=;"),
            ("GET", "/graphql?query=mutation%7Ba%7D"), ("GET", "/graphql/../../etc/passwd"),
            ("GET", "/graphql/static/../../../settings.py"),
            ("GET", "/graphql/static/%2e%2e/%2e%2e/server.py"), ("GET", "/graphql/static/%00"),
            ("GET", "/%00"), ("GET", "/%ff"), ("GET", "//"), ("GET", "/graphql%0d%0aX: a"),
            ("GET", "http://[/"), ("PUT", "/graphql"), ("DELETE", "/graphql"), ("PATCH", "/graphql"),
            ("TRACE", "/graphql"), ("CONNECT", "bellwether:1"), ("OPTIONS", "*"), ("OPTIONS", "/graphql"),
            ("POST", "/"), ("POST", "/healthz"), ("BREW", "/graphql"), ("post", "/graphql"),
            ("GET", "graphql"),
        )
    ),
    b"", b"\r\n" * 10, b"GET /\r\n", b"GET /graphql", b"GET /graphql HTTP/9.9\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00", b"POST /graphql HTTP/1.1\r\n",
    b"POST /graphql HTTP/1.1\nHost: a\n\n", b" POST /graphql HTTP/1.1\r\n\r\n", b"\x00" * 100,
    bytes(range(256)) * 40, request(b"{}") * 20, request(b"{}") + b"\x00" * 50, request(b"[]") + b"POST",
    b"a" * MANY,
)  # fmt: skip
