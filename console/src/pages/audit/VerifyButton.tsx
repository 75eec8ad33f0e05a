import { ShieldCheck } from "lucide-react";
import { useRef, useState } from "react";
import { toast } from "sonner";
import { api, ask } from "@/api/client";
import { tellProblem } from "@/api/tell";
import { Button } from "@/components/Button";
import { useCommonTexts } from "@/lib/common";
import { useFormats } from "@/lib/format";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

const AT_ONCE = 5_000;

/** Goes over the whole chain, some thousand records at a time, so that it can be seen and stopped. */
export function VerifyButton() {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const formats = useFormats();
  const [checked, setChecked] = useState<number | null>(null);
  const stopped = useRef(false);
  const verify = async () => {
    stopped.current = false;
    let count = 0;
    let after: string | null = null;
    setChecked(0);
    try {
      do {
        const part: Awaited<ReturnType<typeof verifyPart>> = await verifyPart(after);
        count += part.checked;
        setChecked(count);
        if (!part.ok) {
          toast.error(t.broken(String(part.first_bad_number), part.why ?? ""), {
            duration: Number.POSITIVE_INFINITY,
          });
          return;
        }
        after = part.next;
      } while (after && !stopped.current);
      if (!stopped.current) toast.success(t.intact(formats.number(count)));
    } catch (error) {
      tellProblem(error, common);
    } finally {
      setChecked(null);
    }
  };
  if (checked !== null) {
    return (
      <Button
        onClick={() => {
          stopped.current = true;
        }}
      >
        <span className="tabular">{t.verifying(formats.number(checked))}</span> {t.stop}
      </Button>
    );
  }
  return (
    <Button onClick={() => void verify()}>
      <ShieldCheck aria-hidden />
      {t.verify}
    </Button>
  );
}

function verifyPart(after: string | null) {
  return ask(api.POST("/audit/verify", { body: { after, limit: AT_ONCE } }));
}
