"""Prompts: plain, with arguments, with a resource or a picture, and one that asks first."""

from __future__ import annotations

import mcp_types as types

from tests.support.everything.asking import filled_in
from tests.support.everything.exchange import Exchange, form
from tests.support.everything.shelf import Shelf, text
from tests.support.everything.tools import embedded, image

shelf = Shelf()


def user(content: types.ContentBlock) -> types.PromptMessage:
    return types.PromptMessage(role="user", content=content)


@shelf.prompt("test_simple_prompt", "A prompt without arguments.")
async def simple_prompt(_: Exchange) -> list[types.PromptMessage]:
    return [user(text("This is a simple prompt for testing."))]


@shelf.prompt("test_prompt_with_arguments", "A prompt with two arguments.", {"arg1": "The first", "arg2": "The second"})
async def prompt_with_arguments(exchange: Exchange) -> list[types.PromptMessage]:
    first, second = exchange.arguments["arg1"], exchange.arguments["arg2"]
    return [user(text(f"Prompt with arguments: arg1='{first}', arg2='{second}'"))]


@shelf.prompt("test_prompt_with_embedded_resource", "A prompt about a resource.", {"resourceUri": "Which resource"})
async def prompt_with_embedded_resource(exchange: Exchange) -> list[types.PromptMessage]:
    resource = embedded(exchange.arguments["resourceUri"], "text/plain", "Embedded resource content for testing.")
    return [user(resource), user(text("Please process the embedded resource above."))]


@shelf.prompt("test_prompt_with_image", "A prompt about a picture.")
async def prompt_with_image(_: Exchange) -> list[types.PromptMessage]:
    return [user(image()), user(text("Please analyze the image above."))]


@shelf.prompt("test_input_required_result_prompt", "A prompt that asks the user what it is about.")
async def input_required_prompt(exchange: Exchange) -> list[types.PromptMessage]:
    question = form("What context should the prompt use?", {"context": {"type": "string"}})
    answers = await exchange.ask({"user_context": question})
    return [user(text(f"Use this context: {filled_in(answers['user_context'], 'context')}"))]
