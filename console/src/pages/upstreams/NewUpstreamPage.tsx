import { useSession } from "@/app/session";
import { buttonStyle } from "@/components/Button";
import { Note } from "@/components/Note";
import { Page, Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Segments } from "@/components/Tabs";
import { useTexts } from "@/lib/i18n";
import { useUrlState } from "@/lib/urlState";
import { AddForm } from "./AddForm";
import { PasteForm } from "./PasteForm";
import { texts } from "./texts";

export default function NewUpstreamPage() {
  const t = useTexts(texts);
  const { can } = useSession();
  const [way, setWay] = useUrlState("way", "url");
  const stdio = can("upstream.stdio");
  return (
    <Page title={t.add} back={{ to: "/upstreams", words: t.back }}>
      <div className="space-y-4">
        <Segments
          label={t.wayLabel}
          value={way}
          onChange={setWay}
          options={Object.entries(t.ways).map(([value, label]) => ({ value, label }))}
        />
        {way === "url" && <AddForm key="url" way="url" />}
        {way === "command" && (stdio ? <AddForm key="command" way="command" /> : <Note>{t.noStdio}</Note>)}
        {way === "paste" && <PasteForm />}
        {way === "registry" && (
          <Section className="max-w-xl">
            <p className="mb-3 text-muted">{t.toRegistryWords}</p>
            <RouteLink to="/registry" className={buttonStyle({ kind: "primary" })}>
              {t.toRegistry}
            </RouteLink>
          </Section>
        )}
      </div>
    </Page>
  );
}
