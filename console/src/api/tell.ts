import { toast } from "sonner";
import type { CommonTexts } from "@/lib/common";
import { ApiProblem, Unreachable } from "./problem";

/** An error in words, with the next step. */
export function inWords(error: unknown, common: CommonTexts): { title: string; hint: string } {
  if (error instanceof ApiProblem) return { title: error.message, hint: error.hint };
  if (error instanceof Unreachable) return { title: common.unreachable, hint: common.unreachableHint };
  return { title: error instanceof Error ? error.message : String(error), hint: "" };
}

export function tellProblem(error: unknown, common: CommonTexts): void {
  const { title, hint } = inWords(error, common);
  toast.error(title, { description: hint || undefined, duration: 10_000 });
}
