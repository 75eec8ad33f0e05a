import { useSession } from "@/app/session";
import { useTexts } from "@/lib/i18n";
import { PromptEditing } from "../own/Editing";
import { OWN_PROMPTS } from "../own/shelves";
import { Versions } from "../own/Versions";
import { CapabilityPage } from "./CapabilityPage";
import { detailTexts } from "./detailTexts";

export default function PromptPage() {
  const texts = useTexts(detailTexts).tabs;
  const { can } = useSession();
  return (
    <CapabilityPage
      name="prompts"
      own={(one) => [
        {
          id: "edit",
          label: texts.edit,
          hidden: !can("prompt.write", one),
          content: <PromptEditing one={one} />,
        },
        { id: "versions", label: texts.versions, content: <Versions one={one} shelf={OWN_PROMPTS} /> },
      ]}
    />
  );
}
