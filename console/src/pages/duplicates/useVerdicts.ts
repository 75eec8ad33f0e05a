import { useQuery } from "@tanstack/react-query";
import { toast } from "sonner";
import { api, ask } from "@/api/client";
import { useChange } from "@/api/queries";
import type { VerdictInput } from "@/api/schema";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { duplicateTexts } from "./texts";

export function useVerdicts() {
  return useQuery({
    queryKey: ["tools", "duplicates", "verdicts"],
    queryFn: () => ask(api.GET("/tools/duplicates/verdicts")),
  });
}

/** Says something of duplicates, with a way back; and takes back what was said. */
export function useJudging() {
  const texts = useTexts(duplicateTexts);
  const common = useCommonTexts();
  const back = useChange(
    (verdict: string) =>
      ask(api.DELETE("/tools/duplicates/verdicts/{verdict}", { params: { path: { verdict } } })),
    { done: texts.takenBack, affects: [["tools"]] },
  );
  const say = useChange((body: VerdictInput) => ask(api.PUT("/tools/duplicates/verdicts", { body })), {
    affects: [["tools"]],
    onDone: (made) => {
      const undo = () => back.mutate(made.id);
      toast.success(texts.noted, { action: { label: common.undo, onClick: undo }, duration: 8000 });
    },
  });
  return { say: say.mutate, back: back.mutate, busy: say.isPending || back.isPending };
}
