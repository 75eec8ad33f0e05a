import type { Problem } from "./schema";

/** What the API says when it refuses or fails (RFC 9457): what was wrong, and what to do next. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly hint: string;
  readonly problem: Partial<Problem>;

  constructor(status: number, problem: Partial<Problem>) {
    super(problem.detail || problem.title || `Status ${status}`);
    this.status = status;
    this.hint = problem.hint ?? "";
    this.problem = problem;
  }

  /** What is wrong with one field of a form, if anything. */
  field(name: string): string | undefined {
    return this.problem.errors?.find((one) => one.field === name)?.message;
  }
}

/** The gateway gave no answer at all. */
export class Unreachable extends Error {}

export function asProblem(status: number, body: unknown): ApiProblem {
  return new ApiProblem(status, typeof body === "object" && body !== null ? (body as Problem) : {});
}
