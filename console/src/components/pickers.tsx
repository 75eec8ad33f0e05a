import { useQuery } from "@tanstack/react-query";
import { api, ask } from "@/api/client";
import { everyPage } from "@/api/queries";
import { catalog, useTexts } from "@/lib/i18n";
import { Combobox, type Item } from "./Combobox";

const texts = catalog(
  {
    team: "Team",
    teams: "Choose a team",
    user: "Person",
    users: "Choose a person",
    role: "Role",
    roles: "Choose a role",
    server: "Virtual servers",
    servers: "Choose virtual servers",
  },
  {
    team: "팀",
    teams: "팀 선택",
    user: "사람",
    users: "사람 선택",
    role: "역할",
    roles: "역할 선택",
    server: "가상 서버",
    servers: "가상 서버 선택",
  },
);
const LIMIT = 500;
const FRESH = 30_000;

/** All teams that the caller sees. */
export function useTeams() {
  return useQuery({
    queryKey: ["teams", "all"],
    queryFn: () =>
      everyPage((cursor) => ask(api.GET("/teams", { params: { query: { cursor, limit: LIMIT } } }))),
    staleTime: FRESH,
  });
}

export function useUsers(enabled = true) {
  return useQuery({
    queryKey: ["users", "all"],
    queryFn: () =>
      everyPage((cursor) => ask(api.GET("/users", { params: { query: { cursor, limit: LIMIT } } }))),
    staleTime: FRESH,
    enabled,
  });
}

export function useRoles() {
  return useQuery({
    queryKey: ["roles", "all"],
    queryFn: () =>
      everyPage((cursor) => ask(api.GET("/roles", { params: { query: { cursor, limit: LIMIT } } }))),
    staleTime: FRESH,
  });
}

export function useServers() {
  return useQuery({
    queryKey: ["servers", "all"],
    queryFn: () =>
      everyPage((cursor) => ask(api.GET("/servers", { params: { query: { cursor, limit: LIMIT } } }))),
    staleTime: FRESH,
  });
}

type One = {
  value: string;
  onChange: (value: string) => void;
  id?: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
  required?: boolean;
  placeholder?: string;
};

function Single({
  items,
  label,
  value,
  onChange,
  placeholder,
  required: _,
  ...wiring
}: One & { items: Item[]; label: string }) {
  return (
    <Combobox
      items={items}
      label={label}
      placeholder={placeholder ?? label}
      chosen={value ? [value] : []}
      onChange={([one]) => onChange(one ?? "")}
      {...wiring}
    />
  );
}

/** The id of a team. */
export function TeamPicker(props: One) {
  const t = useTexts(texts);
  const items = (useTeams().data ?? []).map((one) => ({ value: one.id, label: one.name, about: one.slug }));
  return <Single placeholder={t.teams} {...props} label={t.team} items={items} />;
}

/** The id of a user. */
export function UserPicker(props: One) {
  const t = useTexts(texts);
  const items = (useUsers().data ?? []).map((one) => ({ value: one.id, label: one.name, about: one.email }));
  return <Single placeholder={t.users} {...props} label={t.user} items={items} />;
}

/** The name of a role. */
export function RolePicker(props: One) {
  const t = useTexts(texts);
  const items = (useRoles().data ?? []).map((one) => ({
    value: one.name,
    label: one.name,
    about: one.description,
  }));
  return <Single placeholder={t.roles} {...props} label={t.role} items={items} />;
}

/** Ids of virtual servers. */
export function ServersPicker({
  chosen,
  onChange,
  ...wiring
}: {
  chosen: string[];
  onChange: (chosen: string[]) => void;
  id?: string;
}) {
  const t = useTexts(texts);
  const items = (useServers().data ?? []).map((one) => ({ value: one.id, label: one.name, about: one.slug }));
  return (
    <Combobox
      several
      items={items}
      label={t.server}
      placeholder={t.servers}
      chosen={chosen}
      onChange={onChange}
      {...wiring}
    />
  );
}
