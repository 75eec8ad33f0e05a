"""Tools that need something from the client before they can answer: its user, its model, its roots."""

from __future__ import annotations

import json

import mcp_types as types
from mcp.shared.exceptions import UrlElicitationRequiredError

from tests.support.everything.exchange import Answer, Exchange, form, roots, sample
from tests.support.everything.shelf import Shelf, text

NAME = {"name": {"type": "string"}}
CONNECT = types.ElicitRequestURLParams(
    message="Connect your account first.",
    url="https://accounts.example.com/connect?to=everything",
    elicitation_id="one",
)

shelf = Shelf()


def said(answer: Answer) -> str:
    """What the client's model said."""
    content = answer["content"]
    return content["text"] if content["type"] == "text" else f"({content['type']})"


def filled_in(answer: Answer, field: str) -> str:
    """What the user wrote into the field; "(action)" where there was no form to fill in."""
    return str(answer.get("content", {}).get(field, f"({answer['action']})"))


def completed(answer: Answer) -> list[types.ContentBlock]:
    return [text(f"Elicitation completed: action={answer['action']}, content={json.dumps(answer.get('content', {}))}")]


@shelf.tool("test_sampling", "Has the client's model answer a prompt.", {"prompt": {"type": "string"}})
async def sampling(exchange: Exchange) -> list[types.ContentBlock]:
    answers = await exchange.ask({"completion": sample(exchange.arguments["prompt"])})
    return [text(f"LLM response: {said(answers['completion'])}")]


@shelf.tool("test_elicitation", "Asks the user for a name and an address.", {"message": {"type": "string"}})
async def elicitation(exchange: Exchange) -> list[types.ContentBlock]:
    fields = {
        "username": {"type": "string", "description": "User's response"},
        "email": {"type": "string", "description": "User's email address"},
    }
    answer = (await exchange.ask({"user": form(exchange.arguments["message"], fields)}))["user"]
    return [text(f"User response: action={answer['action']}, content={json.dumps(answer.get('content', {}))}")]


@shelf.tool("test_elicitation_sep1034_defaults", "Asks with a default for each primitive type.")
async def elicitation_defaults(exchange: Exchange) -> list[types.ContentBlock]:
    fields = {
        "name": {"type": "string", "default": "John Doe"},
        "age": {"type": "integer", "default": 30},
        "score": {"type": "number", "default": 95.5},
        "status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
        "verified": {"type": "boolean", "default": True},
    }
    return completed((await exchange.ask({"profile": form("Is this right?", fields)}))["profile"])


@shelf.tool("test_elicitation_sep1330_enums", "Asks with each form of an enumeration.")
async def elicitation_enums(exchange: Exchange) -> list[types.ContentBlock]:
    plain = ["option1", "option2", "option3"]
    titled = [
        {"const": f"value{n}", "title": f"{word} Option"} for n, word in enumerate(("First", "Second", "Third"), 1)
    ]
    fields = {
        "untitledSingle": {"type": "string", "enum": plain},
        "titledSingle": {"type": "string", "oneOf": titled},
        "legacyEnum": {
            "type": "string",
            "enum": ["opt1", "opt2", "opt3"],
            "enumNames": ["Option One", "Option Two", "Option Three"],
        },
        "untitledMulti": {"type": "array", "items": {"type": "string", "enum": plain}},
        "titledMulti": {"type": "array", "items": {"anyOf": titled}},
    }
    return completed((await exchange.ask({"choice": form("Choose.", fields)}))["choice"])


@shelf.tool("test_missing_capability", "Needs a client that supports sampling.")
async def missing_capability(exchange: Exchange) -> list[types.ContentBlock]:
    return [text(said((await exchange.ask({"word": sample("Say a word.")}))["word"]))]


@shelf.tool("test_streaming_elicitation", "Tells how far it is, then asks the user.")
async def streaming_elicitation(exchange: Exchange) -> list[types.ContentBlock]:
    await exchange.progress(1, 2)
    return completed((await exchange.ask({"user_name": form("What is your name?", NAME)}))["user_name"])


@shelf.tool("test_input_required_result_elicitation", "Asks the user for a name.")
async def input_elicitation(exchange: Exchange) -> list[types.ContentBlock]:
    answers = await exchange.ask({"user_name": form("What is your name?", NAME)})
    return [text(f"Hello, {filled_in(answers['user_name'], 'name')}!")]


@shelf.tool("test_input_required_result_sampling", "Asks the client's model about France.")
async def input_sampling(exchange: Exchange) -> list[types.ContentBlock]:
    answers = await exchange.ask({"capital_question": sample("What is the capital of France?")})
    return [text(said(answers["capital_question"]))]


@shelf.tool("test_input_required_result_list_roots", "Asks the client for its roots.")
async def input_list_roots(exchange: Exchange) -> list[types.ContentBlock]:
    found = (await exchange.ask({"client_roots": roots()}))["client_roots"]["roots"]
    return [text("Roots: " + ", ".join(root["uri"] for root in found))]


@shelf.tool(
    "test_input_required_result_request_state", "Asks the user to confirm, and checks that its state came back."
)
async def input_request_state(exchange: Exchange) -> list[types.ContentBlock]:
    confirm = form("Please confirm", {"ok": {"type": "boolean"}})
    answers = await exchange.ask({"confirm": confirm}, with_state=True)
    # The legacy wire has no state: there the question was asked within this very call.
    came_back = exchange.params.request_state is not None or not exchange.is_modern
    return [text(f"{'state-ok' if came_back else 'state-lost'}, ok={filled_in(answers['confirm'], 'ok')}")]


@shelf.tool("test_input_required_result_tampered_state", "Asks with a state that must come back unchanged.")
async def input_tampered_state(exchange: Exchange) -> list[types.ContentBlock]:
    confirm = form("Please confirm", {"ok": {"type": "boolean"}})
    await exchange.ask({"confirm": confirm}, with_state=True)
    return [text("The state came back unchanged.")]


@shelf.tool("test_input_required_result_multiple_inputs", "Asks the user, the model and for the roots at once.")
async def input_multiple(exchange: Exchange) -> list[types.ContentBlock]:
    questions = {
        "user_name": form("What is your name?", NAME),
        "greeting": sample("Generate a greeting", 50),
        "client_roots": roots(),
    }
    answers = await exchange.ask(questions, with_state=True)
    name, count = filled_in(answers["user_name"], "name"), len(answers["client_roots"]["roots"])
    return [text(f"{said(answers['greeting'])} {name}, roots: {count}")]


@shelf.tool("test_input_required_result_multi_round", "Asks the user twice, the second time after the first answer.")
async def input_multi_round(exchange: Exchange) -> list[types.ContentBlock]:
    first = await exchange.ask({"step1": form("Step 1: What is your name?", NAME)}, with_state=True)
    color = form("Step 2: What is your favorite color?", {"color": {"type": "string"}})
    second = await exchange.ask({"step2": color})
    return [text(f"{filled_in(first['step1'], 'name')} likes {filled_in(second['step2'], 'color')}.")]


@shelf.tool("test_input_required_result_capabilities", "Asks only what the client said it can be asked.")
async def input_capabilities(exchange: Exchange) -> list[types.ContentBlock]:
    questions = {"user_name": form("What is your name?", NAME), "greeting": sample("Generate a greeting")}
    possible = {key: question for key, question in questions.items() if exchange.can(question)}
    answers = await exchange.ask(possible)
    return [text(f"Asked: {', '.join(sorted(answers)) or 'nothing'}")]


@shelf.tool("test_elicitation_url", "Asks the user to do something on a page elsewhere.")
async def elicitation_url(exchange: Exchange) -> list[types.ContentBlock]:
    answer = (await exchange.ask({"page": types.ElicitRequest(params=CONNECT)}))["page"]
    return [text(f"Page: action={answer['action']}")]


@shelf.tool("test_elicitation_url_required", "Refuses until the user has been to a page elsewhere.")
async def elicitation_url_required(exchange: Exchange) -> list[types.ContentBlock]:
    """2025-11-25 client/elicitation "URL Elicitation Required Error"; the modern wire has questions instead."""
    if exchange.is_modern:
        return await elicitation_url(exchange)
    raise UrlElicitationRequiredError([CONNECT])
