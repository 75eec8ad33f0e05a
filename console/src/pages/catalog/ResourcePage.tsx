import { useSession } from "@/app/session";
import { useTexts } from "@/lib/i18n";
import { ResourceEditing } from "../own/Editing";
import { OWN_RESOURCES } from "../own/shelves";
import { Versions } from "../own/Versions";
import { CapabilityPage } from "./CapabilityPage";
import { detailTexts } from "./detailTexts";

export default function ResourcePage() {
  const texts = useTexts(detailTexts).tabs;
  const { can } = useSession();
  return (
    <CapabilityPage
      name="resources"
      own={(one) => [
        {
          id: "edit",
          label: texts.edit,
          hidden: !can("resource.write", one),
          content: <ResourceEditing one={one} />,
        },
        { id: "versions", label: texts.versions, content: <Versions one={one} shelf={OWN_RESOURCES} /> },
      ]}
    />
  );
}
