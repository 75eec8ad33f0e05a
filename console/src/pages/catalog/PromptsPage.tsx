import { CatalogPage } from "./CatalogPage";

export default function PromptsPage() {
  return <CatalogPage name="prompts" key="prompts" />;
}
