import { CatalogPage } from "./CatalogPage";

export default function ToolsPage() {
  return <CatalogPage name="tools" key="tools" />;
}
