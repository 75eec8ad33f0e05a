import { expect, test } from "vitest";
import { bodyOf, commandLine, EMPTY, suggestedName, variables } from "./draft";

test.each([
  [{ way: "url" as const, url: "https://mcp.linear.app/mcp", command: "", arguments: "" }, "linear"],
  [{ way: "url" as const, url: "http://127.0.0.1:9/mcp", command: "", arguments: "" }, "127"],
  [
    {
      way: "command" as const,
      url: "",
      command: "npx",
      arguments: "-y\n@modelcontextprotocol/server-everything",
    },
    "everything",
  ],
  [{ way: "command" as const, url: "", command: "uvx", arguments: "mcp-server-git" }, "git"],
  [{ way: "url" as const, url: "not one", command: "", arguments: "" }, "server"],
])("%o is called %s", (draft, name) => expect(suggestedName(draft)).toBe(name));

test("a value may hold an equals sign", () => {
  expect(variables("A=1\n\nTOKEN=x=y=\nBARE")).toEqual({ A: "1", TOKEN: "x=y=", BARE: "" });
});

test("what has blanks is quoted for people", () => {
  expect(commandLine("python", ["-c", "print(1, 2)"])).toBe('python -c "print(1, 2)"');
});

test("a command has no URL, and a URL no command", () => {
  const command = bodyOf({ ...EMPTY, way: "command", command: "uvx", arguments: "mcp-server-time" });
  expect(command).toMatchObject({
    command: "uvx",
    args: ["mcp-server-time"],
    transport: "stdio",
    name: "time",
  });
  expect(command).not.toHaveProperty("url");
  expect(bodyOf({ ...EMPTY, url: " https://a.example/mcp " })).toMatchObject({
    url: "https://a.example/mcp",
    credential: null,
  });
});
