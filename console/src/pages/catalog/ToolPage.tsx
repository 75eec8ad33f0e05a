import { CapabilityPage } from "./CapabilityPage";

export default function ToolPage() {
  return <CapabilityPage name="tools" />;
}
