import { expect, test } from "vitest";
import { csv } from "./csv";

test("quotes, commas and lines stay in their cell", () => {
  expect(csv([['say "hi"', "a,b", "two\nlines", 1.5, null]])).toBe(
    '"say ""hi""","a,b","two\nlines",1.5,\r\n',
  );
});

test("what a spreadsheet would take for a formula is text", () => {
  expect(csv([["=1+1", "@sum", -2]])).toBe("'=1+1,'@sum,-2\r\n");
});
