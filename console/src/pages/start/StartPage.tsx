import { CircleCheck } from "lucide-react";
import { useSession } from "@/app/session";
import { Page } from "@/components/Page";
import { useServers } from "@/components/pickers";
import { cn } from "@/lib/cn";
import { useTexts } from "@/lib/i18n";
import { useUrlState } from "@/lib/urlState";
import { useUpstreamNames } from "@/pages/roots/useUpstreamNames";
import { CallStep } from "./CallStep";
import { ComposeStep } from "./ComposeStep";
import { ConnectStep } from "./ConnectStep";
import { TakeStep } from "./TakeStep";
import { texts } from "./texts";

const STEPS = ["take", "compose", "connect", "call"] as const;
type Step = (typeof STEPS)[number];

/** From nothing to a first call. Where one is stands in the address; what is done is told by what there is. */
export default function StartPage() {
  const t = useTexts(texts);
  const [step, setStep] = useUrlState("step", "take");
  const current = STEPS.find((one) => one === step) ?? "take";
  const go = (next: Step) => () => setStep(next);
  return (
    <Page title={t.title} about={t.about}>
      <div className="grid items-start gap-6 lg:grid-cols-[15rem_minmax(0,1fr)]">
        <Steps current={current} onGo={setStep} />
        {current === "take" && <TakeStep next={go("compose")} />}
        {current === "compose" && <ComposeStep next={go("connect")} />}
        {current === "connect" && <ConnectStep next={go("call")} />}
        {current === "call" && <CallStep />}
      </div>
    </Page>
  );
}

function Steps({ current, onGo }: { current: Step; onGo: (step: string) => void }) {
  const t = useTexts(texts);
  const done = useDone();
  return (
    <ol aria-label={t.steps} className="grid gap-1 sm:grid-cols-4 lg:grid-cols-1">
      {STEPS.map((one, at) => (
        <li key={one}>
          <button
            type="button"
            aria-current={one === current ? "step" : undefined}
            onClick={() => onGo(one)}
            className={cn(
              "flex w-full items-center gap-3 rounded-md px-3 py-2 text-left hover:bg-hover",
              one === current && "bg-sunken",
            )}
          >
            <span
              className={cn(
                "grid size-6 shrink-0 place-items-center rounded-full border border-line-strong text-xs font-semibold",
                one === current && "border-accent text-accent",
              )}
            >
              {done[one] ? <CircleCheck className="size-5 text-ok" role="img" aria-label={t.done} /> : at + 1}
            </span>
            <span className={cn("min-w-0", one === current ? "font-medium" : "text-muted")}>{t[one]}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

function useDone(): Partial<Record<Step, boolean>> {
  const { can } = useSession();
  const upstreams = useUpstreamNames();
  const servers = useServers();
  return { take: upstreams.size > 0, compose: can("server.read") && (servers.data?.length ?? 0) > 0 };
}
