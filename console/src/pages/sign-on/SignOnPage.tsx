import { Network, Plus } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import { useSession } from "@/app/session";
import { Button } from "@/components/Button";
import { Page, Section } from "@/components/Page";
import { useRemoval } from "@/components/Removal";
import { Empty, Failed, SkeletonLines } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { ProviderCard } from "./ProviderCard";
import { ProviderForm } from "./ProviderForm";
import { texts } from "./texts";

export default function SignOnPage() {
  const t = useTexts(texts);
  const { can } = useSession();
  const { gone } = useRemoval();
  const [adding, setAdding] = useState(false);
  const list = useList(["providers"], (cursor) =>
    ask(api.GET("/providers", { params: { query: { cursor, limit: 100 } } })),
  );
  const add = can("provider.write") && (
    <Button kind="primary" onClick={() => setAdding(true)}>
      <Plus aria-hidden />
      {t.add}
    </Button>
  );
  const shown = list.items.filter((one) => !gone.has(one.id));
  return (
    <Page title={t.title} about={t.about} actions={add}>
      {list.error && <Failed error={list.error} retry={() => void list.refetch()} />}
      {list.isLoading && <SkeletonLines />}
      {!list.isLoading && !list.error && !shown.length && (
        <Section>
          <Empty sign={Network} title={t.empty} action={add}>
            {t.emptyWords}
          </Empty>
        </Section>
      )}
      <div className="grid items-start gap-4 xl:grid-cols-2">
        {shown.map((one) => (
          <ProviderCard key={one.id} provider={one} />
        ))}
      </div>
      <ProviderForm open={adding} onClose={() => setAdding(false)} />
    </Page>
  );
}
