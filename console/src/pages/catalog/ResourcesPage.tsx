import { CatalogPage } from "./CatalogPage";

export default function ResourcesPage() {
  return <CatalogPage name="resources" key="resources" />;
}
