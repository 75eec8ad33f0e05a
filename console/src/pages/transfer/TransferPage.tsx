import { useSession } from "@/app/session";
import { Page } from "@/components/Page";
import { Tabs } from "@/components/Tabs";
import { useTexts } from "@/lib/i18n";
import { ExportForm } from "./ExportForm";
import { ImportForm } from "./ImportForm";
import { texts } from "./texts";

export default function TransferPage() {
  const t = useTexts(texts);
  const { can } = useSession();
  return (
    <Page title={t.title} about={t.about}>
      <Tabs
        label={t.tabs}
        tabs={[
          { id: "export", label: t.export, content: <ExportForm />, hidden: !can("transfer.export") },
          { id: "import", label: t.import, content: <ImportForm />, hidden: !can("transfer.import") },
        ]}
      />
    </Page>
  );
}
