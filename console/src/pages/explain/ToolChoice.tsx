import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import { Combobox } from "@/components/Combobox";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

type Props = {
  server: string;
  value: string;
  onChange: (value: string) => void;
  id?: string;
  required?: boolean;
};

/** The tools of a virtual server by their advertised names; those of the whole catalog by their handles where there is none. */
export function ToolChoice({ server, value, onChange, required: _, ...wiring }: Props) {
  const t = useTexts(texts);
  const names = useQuery({
    queryKey: ["servers", server || "*", "tool names"],
    queryFn: () => (server ? boundNames(server) : handles()),
  });
  const known = names.data ?? [];
  const items = (value && !known.includes(value) ? [value, ...known] : known).map((one) => ({
    value: one,
    label: one,
  }));
  return (
    <Combobox
      items={items}
      label={t.tool}
      placeholder={t.anyTool}
      chosen={value ? [value] : []}
      onChange={([one]) => onChange(one ?? "")}
      {...wiring}
    />
  );
}

async function boundNames(server: string): Promise<string[]> {
  const bindings = await ask(api.GET("/servers/{id}/bindings", { params: { path: { id: server } } }));
  return bindings.items.filter((one) => one.kind === "tool").map((one) => one.name);
}

async function handles(): Promise<string[]> {
  const tools = await ask(api.GET("/tools", { params: { query: { limit: 500 } } }));
  return tools.items.map((one) => one.handle);
}
