import { useSession } from "@/app/session";
import { Page } from "@/components/Page";
import { Tabs } from "@/components/Tabs";
import { useTexts } from "@/lib/i18n";
import { Gateway } from "./Gateway";
import { Logging } from "./Logging";
import { SettingList } from "./SettingList";
import { texts } from "./texts";

export default function SettingsPage() {
  const t = useTexts(texts);
  const { can } = useSession();
  return (
    <Page title={t.title} about={t.about}>
      <Tabs
        label={t.tabs}
        tabs={[
          { id: "settings", label: t.settings, content: <SettingList /> },
          { id: "gateway", label: t.gateway, content: <Gateway /> },
          { id: "logs", label: t.logs, content: <Logging />, hidden: !can("log.read") },
        ]}
      />
    </Page>
  );
}
