"""What the demo's MCP servers are about: names, titles, and the things that their tools work on."""

from __future__ import annotations

from typing import NamedTuple


class Domain(NamedTuple):
    name: str
    title: str
    about: str
    things: tuple[str, str, str, str]
    korean: bool = False


DOMAINS = (
    Domain(
        "tracker", "Issue tracker", "Issues, sprints and labels of all teams", ("issue", "sprint", "comment", "label")
    ),
    Domain(
        "forge",
        "Source hosting",
        "Repositories, branches and reviews",
        ("repository", "branch", "pull_request", "review"),
    ),
    Domain("chat", "Chat", "Channels, threads and messages", ("message", "channel", "thread", "reaction")),
    Domain("calendar", "Calendar", "Events, rooms and who is free when", ("event", "room", "attendee", "holiday")),
    Domain("crm", "Customer relations", "Accounts, contacts and deals", ("account", "contact", "deal", "activity")),
    Domain("warehouse", "Data warehouse", "Tables, queries and dashboards", ("table", "query", "dashboard", "dataset")),
    Domain("payments", "Payments", "Charges, refunds and payouts", ("charge", "refund", "payout", "dispute")),
    Domain("people", "People", "Employees, leave and reviews", ("employee", "leave", "appraisal", "position")),
    Domain("monitor", "Monitoring", "Alerts, metrics and on-call", ("alert", "metric", "incident", "runbook")),
    Domain("wiki", "Wiki", "Pages and spaces", ("page", "space", "attachment", "template")),
    Domain("deploy", "Deployment", "Releases and environments", ("release", "environment", "pipeline", "rollback")),
    Domain("flags", "Feature flags", "Flags, segments and experiments", ("flag", "segment", "experiment", "variant")),
    Domain("storage", "Object storage", "Buckets and objects", ("bucket", "object", "policy", "upload")),
    Domain("mail", "Mail", "Drafts, messages and filters", ("draft", "mail", "filter", "signature")),
    Domain(
        "lookup", "Search", "One search over the company's documents", ("document", "collection", "synonym", "answer")
    ),
    Domain(
        "translate", "Translation", "Texts, glossaries and memories", ("translation", "glossary", "memory", "language")
    ),
    Domain("maps", "Maps", "Places, routes and distances", ("place", "route", "distance", "region")),
    Domain("weather", "Weather", "Forecasts and warnings", ("forecast", "observation", "warning", "station")),
    Domain("finance", "Finance", "Invoices, budgets and expenses", ("invoice", "budget", "expense", "vendor")),
    Domain("desk", "Support desk", "Tickets and answers to customers", ("ticket", "reply", "macro", "survey")),
    Domain("jira-eu", "Issues, Europe", "The tracker of the European teams", ("issue", "epic", "worklog", "version")),
    Domain("legal", "Contracts", "Contracts, clauses and signatures", ("contract", "clause", "approval", "party")),
    Domain("inventory", "Inventory", "Stock, orders and suppliers", ("item", "order", "supplier", "shipment")),
    Domain("design", "Design", "Files, components and tokens", ("file", "component", "style", "library")),
    Domain("notes", "Meeting notes", "Notes, decisions and tasks", ("note", "decision", "task", "transcript")),
    Domain("shop", "Shop", "Products, carts and discounts", ("product", "cart", "discount", "category")),
    Domain("security", "Security", "Findings, scans and exceptions", ("finding", "scan", "exception", "secret")),
    Domain("fleet", "Fleet", "Vehicles, trips and drivers", ("vehicle", "trip", "driver", "inspection")),
    Domain("surveys", "Surveys", "What customers are asked, and say", ("survey", "question", "respondent", "finding")),
    Domain("delivery", "배송", "주문 배송과 택배 추적", ("parcel", "courier", "delivery_slot", "address"), korean=True),
    Domain("vault", "Vault", "Secrets of production, behind a sign-in", ("key", "lease", "mount", "audit_log")),
    Domain(
        "legacy-erp",
        "ERP, old",
        "The system of before, still asked at times",
        ("material", "plant", "posting", "cost_center"),
    ),
)
LOCKED = "vault"
DOWN = "legacy-erp"
KOREAN = {
    "parcel": "택배",
    "courier": "배송 기사",
    "delivery_slot": "배송 시간",
    "address": "주소",
    "list": "목록을 봅니다",
    "get": "하나를 자세히 봅니다",
    "search": "을(를) 검색합니다",
    "create": "을(를) 새로 등록합니다",
    "update": "을(를) 고칩니다",
}
