import { useTexts } from "@/lib/i18n";
import type { Problem, Problems } from "./check";
import { formTexts } from "./texts";

const SAME: Record<string, "bounds" | "length" | "items" | "unexpected" | "choice"> = {
  minimum: "bounds",
  maximum: "bounds",
  exclusiveMinimum: "bounds",
  exclusiveMaximum: "bounds",
  multipleOf: "bounds",
  minLength: "length",
  maxLength: "length",
  minItems: "items",
  maxItems: "items",
  uniqueItems: "items",
  false: "unexpected",
  anyOf: "choice",
  oneOf: "choice",
};

/** Says what is wrong at a place of the form; undefined where nothing is. */
export function useProblemWords(problems: Problems): (path: string) => string | undefined {
  const texts = useTexts(formTexts);
  const say = ({ keyword }: Problem): string => {
    if (keyword === "not-json") return texts.notJson;
    if (keyword === "not-number") return texts.notNumber;
    const known = SAME[keyword] ?? keyword;
    const words = known === "other" ? undefined : texts.problems[known as keyof typeof texts.problems];
    return typeof words === "string" ? words : texts.problems.other(keyword);
  };
  return (path) => {
    const problem = problems.get(path);
    return problem && say(problem);
  };
}
