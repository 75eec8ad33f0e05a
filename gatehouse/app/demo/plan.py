"""Who and what there is in the demo."""

from __future__ import annotations

from typing import Any, NamedTuple

ADMINISTRATOR, PASSWORD = "demo@example.com", "gatehouse-demo"
INVITED = "new.colleague@example.com"


class ServerPlan(NamedTuple):
    """`tools`: beginnings of handles. `weight`: how much it is called, beside the others."""

    slug: str
    name: str
    about: str
    tools: tuple[str, ...]
    weight: int
    team: str = ""
    tags: tuple[str, ...] = ()
    instructions: str = ""


TEAMS: dict[str, dict[str, Any]] = {
    "platform": {
        "name": "Platform",
        "description": "Deployments, monitoring and all that runs",
        "visibility": "public",
    },
    "data": {"name": "Data", "description": "The warehouse and its reports", "visibility": "public"},
    "support": {"name": "Support", "description": "Answers to customers", "visibility": "public"},
    "finance": {"name": "Finance", "description": "Invoices and budgets", "visibility": "private"},
    "seoul": {"name": "서울", "description": "한국 배송과 고객 지원", "visibility": "private"},
}
PEOPLE: tuple[tuple[str, str, tuple[str, ...], str], ...] = (
    ("Dana Moon", ADMINISTRATOR, ("platform",), "admin"),
    ("Minji Kim", "minji@example.com", ("seoul", "support"), "editor"),
    ("Tom Baker", "tom@example.com", ("platform",), "operator"),
    ("Ada Okafor", "ada@example.com", ("data",), "editor"),
    ("Jonas Weber", "jonas@example.com", ("data", "finance"), ""),
    ("Sofia Rossi", "sofia@example.com", ("support",), ""),
    ("Luis Ortega", "luis@example.com", ("support",), ""),
    ("Grace Park", "grace@example.com", ("seoul",), ""),
    ("Amir Haddad", "amir@example.com", ("finance",), "viewer"),
    ("Nora Lind", "nora@example.com", ("platform",), ""),
    ("Piotr Nowak", "piotr@example.com", ("platform", "data"), ""),
    ("Yuki Tanaka", "yuki@example.com", ("seoul",), ""),
    ("Elena Petrova", "elena@example.com", (), "viewer"),
    ("Sam Carter", "sam@example.com", (), ""),
)
ROLE: dict[str, Any] = {
    "name": "operator",
    "description": "Watches what runs, and looks at it again.",
    "permissions": ["upstream.read", "upstream.write", "server.read", "call.read", "event.read"],
}
SERVERS = (
    ServerPlan(
        "engineering",
        "Engineering",
        "Issues, code and releases",
        ("tracker_", "forge_", "deploy_get", "deploy_list"),
        34,
        tags=("daily",),
        instructions="Link each change to its issue.",
    ),
    ServerPlan(
        "support",
        "Support",
        "Tickets, customers and answers",
        ("desk_search", "desk_", "crm_get", "crm_search", "mail_create"),
        22,
        "support",
        ("customers",),
        "Search for a similar ticket before you answer.",
    ),
    ServerPlan(
        "analyst", "Analyst", "Questions to the warehouse", ("warehouse_", "lookup_search"), 14, "data", ("daily",)
    ),
    ServerPlan(
        "on-call",
        "On call",
        "What is on fire, and what to do",
        ("monitor_", "deploy_", "flags_list"),
        11,
        "platform",
        ("night",),
        "Read the runbook before you change anything.",
    ),
    ServerPlan("office", "Office", "Calendar, mail and notes", ("calendar_", "mail_", "notes_", "translate_create"), 9),
    ServerPlan(
        "bookkeeping",
        "Bookkeeping",
        "Invoices, expenses and payouts",
        ("finance_", "payments_list", "payments_get"),
        4,
        "finance",
    ),
    ServerPlan(
        "seoul-desk", "서울 고객 지원", "배송과 문의를 함께 봅니다", ("delivery_", "desk_list", "desk_get"), 4, "seoul"
    ),
    ServerPlan(
        "writer",
        "Writer",
        "Pages, translations and style",
        ("wiki_", "translate_", "design_get", "editor_"),
        2,
        tags=("draft",),
    ),
    ServerPlan(
        "everything-once",
        "Trial of March",
        "Made to try things on; nobody uses it any more",
        ("shop_", "legal_", "maps_"),
        0,
        tags=("old",),
    ),
)
TOKENS: tuple[tuple[str, tuple[str, ...], dict[str, Any]], ...] = (
    ("claude-code, engineering", ("engineering",), {"expires_in": "90d"}),
    ("cursor, Dana's laptop", ("engineering", "on-call"), {"expires_in": "30d", "rate_limit": "120/m"}),
    ("support agent", ("support",), {"team": "support", "daily_quota": 5000}),
    (
        "nightly report",
        ("analyst",),
        {
            "team": "data",
            "allowed_ips": ["10.0.0.0/8"],
            "windows": [
                {
                    "days": ["mon", "tue", "wed", "thu", "fri"],
                    "start": "01:00",
                    "end": "05:00",
                    "timezone": "Europe/Berlin",
                }
            ],
        },
    ),
    ("on-call bot", ("on-call",), {"team": "platform", "rate_limit": "10/s"}),
    ("office assistant", ("office", "writer"), {"expires_in": "365d"}),
    ("bookkeeper", ("bookkeeping",), {"team": "finance", "expires_in": "5d"}),
    ("서울 상담 도우미", ("seoul-desk",), {"team": "seoul"}),
    ("gemini trial", ("writer",), {"expires_in": "7d"}),
    ("dashboard of metrics", (), {"permissions": ["metrics.read", "call.read"]}),
    ("old laptop", ("engineering",), {}),
    ("trial of March", ("everything-once",), {"expires_in": "1d"}),
)
TAGS: dict[str, list[str]] = {
    "forge": ["code"], "tracker": ["code"], "deploy": ["code"], "flags": ["code"], "monitor": ["operations"],
    "crm": ["customers"], "desk": ["customers"], "delivery": ["customers", "korea"], "finance": ["money"],
    "payments": ["money"], "weather": ["public"], "maps": ["public"], "legacy-erp": ["old"], "vault": ["operations"],
}  # fmt: skip
ROOTS: tuple[dict[str, Any], ...] = (
    {"uri": "file:///srv/projects", "name": "Projects"},
    {"uri": "file:///srv/reports", "name": "Reports"},
)
PROVIDER: dict[str, Any] = {
    "name": "Works",
    "preset": "okta",
    "issuer": "example.okta.com",
    "client_id": "gatehouse",
    "client_secret": "not-a-real-one",
    "allowed_domains": ["example.com"],
    "enabled": False,
}
PROMPT: dict[str, Any] = {
    "name": "weekly_update",
    "title": "Weekly update",
    "description": "What happened in a team this week, for those who were not there.",
    "messages": [
        {
            "role": "user",
            "content": "Write a weekly update for {{team}}, in at most {{words}} words. Begin with what changed for others.",
        }
    ],
    "arguments": [{"name": "team", "required": True}, {"name": "words", "type": "integer", "default": 200}],
}
CLIENTS = (
    ("claude-code", "2.1.4", 42),
    ("cursor", "3.0.9", 22),
    ("vscode", "1.109.2", 14),
    ("codex", "0.61.0", 9),
    ("gemini-cli", "0.14.0", 4),
    ("harbour-agent", "7.2", 9),
)
"""What calls, in which version, and how much."""
