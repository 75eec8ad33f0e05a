import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import type { BindingView, ServerDetails } from "@/api/schema";
import { Combobox } from "@/components/Combobox";
import { Empty, Failed, SkeletonLines } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { useUrlState } from "@/lib/urlState";
import { Playground } from "@/pages/catalog/playground/Playground";
import { texts } from "./texts";

/** The playground over this virtual server, by the names that agents see. */
export function TryIt({ server }: { server: ServerDetails }) {
  const t = useTexts(texts);
  const [wanted, setWanted] = useUrlState("binding");
  const usable = server.bindings.filter((one) => one.enabled && !one.shadowed && one.state === "present");
  const binding = usable.find((one) => one.id === wanted) ?? usable[0];
  if (!binding) return <Empty title={t.noBindings}>{t.noBindingsWords}</Empty>;
  const items = usable.map((one) => ({
    value: one.id,
    label: one.name,
    about: `${t.kind[one.kind]} · ${one.upstream.name}`,
  }));
  return (
    <div className="space-y-4">
      <div className="max-w-md">
        <Combobox
          items={items}
          label={t.chooseTool}
          placeholder={t.chooseTool}
          chosen={[binding.id]}
          onChange={([one]) => one && setWanted(one)}
        />
      </div>
      <Tried key={binding.id} server={server} binding={binding} />
    </div>
  );
}

function Tried({ server, binding }: { server: ServerDetails; binding: BindingView }) {
  const query = useQuery({
    queryKey: [`${shelf(binding)}s`, binding.capability],
    queryFn: () => capability(binding),
  });
  if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <SkeletonLines />;
  return (
    <Playground target={{ kind: "server", ref: server.slug }} capability={query.data} name={binding.name} />
  );
}

function shelf({ kind }: BindingView): "tool" | "prompt" | "resource" {
  return kind === "resource_template" ? "resource" : kind;
}

function capability(binding: BindingView) {
  const path = { params: { path: { id: binding.capability } } };
  switch (shelf(binding)) {
    case "tool":
      return ask(api.GET("/tools/{id}", path));
    case "prompt":
      return ask(api.GET("/prompts/{id}", path));
    case "resource":
      return ask(api.GET("/resources/{id}", path));
  }
}
