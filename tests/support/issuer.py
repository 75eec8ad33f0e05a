"""An identity provider that does what a test needs, wrong things too: OpenID Connect, and GitHub's way beside it.

It runs in a thread of this process, on loopback, and whoever comes to it is signed in at once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from gatehouse.kit import json
from gatehouse.kit.clock import Clock, SystemClock

Json = dict[str, Any]
Key = RSAKey | ECKey | OKPKey
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")


@dataclass(slots=True)
class _Grant:
    """What a code stands for."""

    redirect_uri: str
    challenge: str
    nonce: str | None


@dataclass(slots=True)
class Behaviour:
    """What is out of the ordinary. Claims that are None are left out."""

    id_token: Json = field(default_factory=dict[str, Any])
    """Claims to put in the place of the right ones."""
    header: Json = field(default_factory=dict[str, Any])
    user_info: Json | None = None
    metadata: Json = field(default_factory=dict[str, Any])
    sign: Callable[[Json, Json], str] | None = None
    """Makes a token of a header and claims, in its own way."""
    answer: Json = field(default_factory=dict[str, Any])
    """Parameters for the way back from the authorization endpoint."""
    statuses: dict[str, int] = field(default_factory=dict[str, int])
    """By path: what to answer instead."""
    bodies: dict[str, bytes] = field(default_factory=dict[str, bytes])
    locations: dict[str, str] = field(default_factory=dict[str, str])


class Issuer:
    """`with Issuer() as issuer:` runs one. Its one client is `client_id` with `client_secret`, its one user `account`."""

    def __init__(self, clock: Clock | None = None, path: str = "") -> None:
        self.client_id, self.client_secret = "gatehouse", "s3cret:with/odd&chars+"
        self.account: Json = {
            "sub": "ada-1",
            "email": "ada@example.com",
            "email_verified": True,
            "name": "Ada Lovelace",
            "groups": ["makers"],
        }
        self.behaviour = Behaviour()
        self.algorithm = "RS256"
        self.keys: list[Key] = []
        self.asked: list[str] = []
        """Paths, in the order in which they came."""
        self.authorized: list[dict[str, str]] = []
        """Parameters of each visit to the authorization endpoint."""
        self._clock = clock or SystemClock()
        self._grants: dict[str, _Grant] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}{path}"
        self.rotate()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def rotate(self, keep: bool = False, algorithm: str = "RS256") -> None:
        """A new key, under a new id; those before are published still where `keep` says so."""
        self.algorithm = algorithm
        self.keys = [*(self.keys if keep else []), new_key(algorithm)]

    def id_token(self, nonce: str | None, access_token: str) -> str:
        now = int(self._clock.now())
        hashed = hashlib.sha512 if self.algorithm == "EdDSA" else hashlib.sha256
        half = hashed(access_token.encode()).digest()
        claims: Json = {
            "iss": self.issuer,
            "aud": self.client_id,
            "exp": now + 300,
            "iat": now,
            "nonce": nonce,
            "at_hash": _base64(half[: len(half) // 2]).decode(),
            **self.account,
            **self.behaviour.id_token,
        }
        return self.signed(claims)

    def access_token(self, audience: str | list[str] | None, **claims: Any) -> str:
        """One for a resource (RFC 9068)."""
        now = int(self._clock.now())
        usual: Json = {
            "iss": self.issuer,
            "aud": audience,
            "sub": self.account["sub"],
            "client_id": "some-agent",
            "exp": now + 300,
            "iat": now,
            "scope": "mcp",
        }
        return self.signed({**usual, **claims}, {"typ": "at+jwt"})

    def signed(self, claims: Json, header: Json | None = None) -> str:
        """With the newest key."""
        told = {name: value for name, value in claims.items() if value is not None}
        key = self.keys[-1]
        marked: Json = {"alg": self.algorithm, "kid": key.kid, "typ": "JWT", **(header or {}), **self.behaviour.header}
        marked = {name: value for name, value in marked.items() if value is not None}
        if self.behaviour.sign is not None:
            return self.behaviour.sign(marked, told)
        return sign(marked, told, key)

    def jwks(self) -> Json:
        return {"keys": [{**key.as_dict(private=False), "use": "sig"} for key in self.keys]}

    def metadata(self) -> Json:
        usual: Json = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "authorization_response_iss_parameter_supported": True,
        }
        return {name: value for name, value in {**usual, **self.behaviour.metadata}.items() if value is not None}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                issuer._serve(self, b"")

            def do_POST(self) -> None:
                issuer._serve(self, self.rfile.read(int(self.headers.get("content-length", "0"))))

            def log_message(self, format: str, *args: object) -> None:
                """Not beside the output of the tests."""

        return Handler

    def _serve(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        path = urlsplit(request.path).path
        self.asked.append(path)
        status, headers, content = self._answer(request, path, body)
        request.send_response(status)
        for name, value in {"content-length": str(len(content)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(content)

    def _answer(self, request: BaseHTTPRequestHandler, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        behaviour = self.behaviour
        if path in behaviour.locations:
            return 302, {"location": behaviour.locations[path]}, b""
        if path in behaviour.statuses or path in behaviour.bodies:
            return behaviour.statuses.get(path, 200), {}, behaviour.bodies.get(path, b"{}")
        asked = dict(parse_qsl(urlsplit(request.path).query))
        path = path.removeprefix(urlsplit(self.issuer).path)
        match path:
            case "/.well-known/openid-configuration":
                return _json(self.metadata())
            case "/jwks":
                return _json(self.jwks())
            case "/authorize":
                return self._authorize(asked)
            case "/token" | "/access_token":
                return self._redeem(request, body, path == "/access_token")
            case _:
                return self._tell(path, request.headers.get("authorization", ""))

    def _authorize(self, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        self.authorized.append(asked)
        code = secrets.token_urlsafe(16)
        self._grants[code] = _Grant(asked["redirect_uri"], asked["code_challenge"], asked.get("nonce"))
        answer = {"code": code, "state": asked["state"], "iss": self.issuer, **self.behaviour.answer}
        told = {name: value for name, value in answer.items() if value is not None}
        return 302, {"location": f"{asked['redirect_uri']}?{urlencode(told)}"}, b""

    def _redeem(self, request: BaseHTTPRequestHandler, body: bytes, github: bool) -> tuple[int, dict[str, str], bytes]:
        form = dict(parse_qsl(body.decode()))
        if not self._is_client(request.headers.get("authorization", ""), form):
            return _json({"error": "invalid_client"}, 401)
        grant = self._grants.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = _base64(digest).decode()
        if grant is None or grant.challenge != challenge or grant.redirect_uri != form.get("redirect_uri"):
            return _json({"error": "invalid_grant", "error_description": "secret words"}, 400)
        access_token = secrets.token_urlsafe(16)
        answer = {"access_token": access_token, "token_type": "Bearer"}
        return _json(answer if github else {**answer, "id_token": self.id_token(grant.nonce, access_token)})

    def _is_client(self, authorization: str, form: dict[str, str]) -> bool:
        shown = (form.get("client_id"), form.get("client_secret"))
        if authorization.startswith("Basic "):
            name, _, secret = base64.b64decode(authorization[6:]).decode().partition(":")
            shown = (unquote_plus(name), unquote_plus(secret))
        return shown == (self.client_id, self.client_secret)

    def _tell(self, path: str, authorization: str) -> tuple[int, dict[str, str], bytes]:
        """What needs an access token: userinfo, and what GitHub's API has."""
        if not authorization.startswith("Bearer "):
            return _json({"message": "who are you?"}, 401 if path == "/userinfo" else 404)
        account = self.account
        told: dict[str, Any] = {
            "/userinfo": self.behaviour.user_info if self.behaviour.user_info is not None else account,
            "/user": {"id": 4711, "login": "ada", "name": account["name"]},
            "/user/emails": [
                {"email": "ada@private.example", "primary": False, "verified": True},
                {"email": account["email"], "primary": True, "verified": account["email_verified"]},
            ],
            "/user/orgs": [{"login": "makers"}],
            "/user/teams": [{"slug": "crew", "organization": {"login": "makers"}}],
        }
        return _json(told[path]) if path in told else _json({}, 404)


def new_key(algorithm: str) -> Key:
    match algorithm:
        case "ES256":
            return ECKey.generate_key("P-256", auto_kid=True)
        case "EdDSA":
            return OKPKey.generate_key("Ed25519", auto_kid=True)
        case _:
            return RSAKey.generate_key(2048, auto_kid=True)


def sign(header: Json, claims: Json, key: Key) -> str:
    """By hand, since the library would not put its name to everything that a test wants signed."""
    name = "Ed25519" if header["alg"] == "EdDSA" else str(header["alg"])
    return _joined(header, claims, lambda text: JWSRegistry.algorithms[name].sign(text, key))


def unsigned(header: Json, claims: Json) -> str:
    """The attack of old: `none`."""
    return _joined({**header, "alg": "none"}, claims, lambda text: b"")


def with_public_key_as_secret(issuer: Issuer) -> Callable[[Json, Json], str]:
    """The other attack of old: HS256 with what everybody can read as its key."""
    public = cast(RSAKey, issuer.keys[-1]).as_pem(private=False)

    def forge(header: Json, claims: Json) -> str:
        return _joined({**header, "alg": "HS256"}, claims, lambda text: hmac.digest(public, text, "sha256"))

    return forge


def _joined(header: Json, claims: Json, signature: Callable[[bytes], bytes]) -> str:
    text = b".".join(_base64(json.dump(one)) for one in (header, claims))
    return (text + b"." + _base64(signature(text))).decode()


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _json(value: Any, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    return status, {"content-type": "application/json"}, json.dump(value)
