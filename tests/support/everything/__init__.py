"""An MCP server that offers one of everything, in both eras: the upstream of the tests.

Tools and prompts are written once against `Exchange`, which asks the client in the way of its era. Names, and what each
tool answers, are those that the official conformance suite looks for. Run it with `python -m tests.support.everything`.
"""
