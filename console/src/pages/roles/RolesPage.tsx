import { useQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { everyPage } from "@/api/queries";
import type { GrantSummary, RoleSummary } from "@/api/schema";
import { useSession } from "@/app/session";
import { Badge } from "@/components/Badge";
import { Button } from "@/components/Button";
import { Menu } from "@/components/Menu";
import { Page, Section } from "@/components/Page";
import { useRoles } from "@/components/pickers";
import { useRemoval } from "@/components/Removal";
import { RouteLink } from "@/components/RouteLink";
import { Failed, SkeletonLines } from "@/components/States";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { RoleForm } from "./RoleForm";
import { texts } from "./texts";

export default function RolesPage() {
  const t = useTexts(texts);
  const { can } = useSession();
  const { gone } = useRemoval();
  const [making, setMaking] = useState(false);
  const roles = useRoles();
  const grants = useQuery({
    queryKey: ["roles", "grants"],
    queryFn: () =>
      everyPage((cursor) => ask(api.GET("/grants", { params: { query: { cursor, limit: 500 } } }))),
    enabled: can("role.write"),
  });
  const create = can("role.write") && (
    <Button kind="primary" onClick={() => setMaking(true)}>
      <Plus aria-hidden />
      {t.create}
    </Button>
  );
  const shown = (roles.data ?? []).filter((one) => !gone.has(one.id));
  return (
    <Page title={t.title} about={t.about} actions={create}>
      {roles.error && <Failed error={roles.error} retry={() => void roles.refetch()} />}
      {roles.isLoading && <SkeletonLines />}
      <div className="grid gap-4 lg:grid-cols-2">
        {shown.map((one) => (
          <RoleCard
            key={one.id}
            role={one}
            grants={(grants.data ?? []).filter((grant) => grant.role === one.name)}
          />
        ))}
      </div>
      <RoleForm open={making} onClose={() => setMaking(false)} />
    </Page>
  );
}

function RoleCard({ role, grants }: { role: RoleSummary; grants: GrantSummary[] }) {
  const t = useTexts(texts);
  const all = role.permissions.includes("*");
  return (
    <Section
      title={
        <span className="flex items-center gap-2">
          {role.name}
          <Badge tone={role.built_in ? "plain" : "accent"}>{role.built_in ? t.builtIn : t.own}</Badge>
        </span>
      }
      about={role.description}
      actions={!role.built_in && <RoleMenu role={role} />}
    >
      <details>
        <summary className="text-sm text-muted hover:text-ink">
          {all ? t.everything : t.count(role.permissions.length)}
        </summary>
        <ul className="mt-2 flex flex-wrap gap-1">
          {role.permissions.map((one) => (
            <li key={one}>
              <Badge className="font-mono font-normal">{one}</Badge>
            </li>
          ))}
        </ul>
      </details>
      {grants.length > 0 && <Holders grants={grants} />}
    </Section>
  );
}

function Holders({ grants }: { grants: GrantSummary[] }) {
  const t = useTexts(texts);
  return (
    <div className="mt-3 border-t border-line pt-3">
      <h3 className="mb-1.5 text-xs font-medium text-muted">{t.given}</h3>
      <ul className="flex flex-wrap gap-x-4 gap-y-1">
        {grants.map((one) => (
          <li key={one.id}>
            <RouteLink to={`/users/${one.user}`} className="hover:text-accent">
              {one.email}
            </RouteLink>
            <span className="ml-1 text-xs text-faint">{one.team ?? t.scopeAll}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function RoleMenu({ role }: { role: RoleSummary }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const { can } = useSession();
  const { remove } = useRemoval();
  const [changing, setChanging] = useState(false);
  if (!can("role.write")) return null;
  const discard = () =>
    remove({
      id: role.id,
      words: common.deleted(role.name),
      run: () => ask(api.DELETE("/roles/{id}", { params: { path: { id: role.id } } })),
      affects: [["roles"], ["users"]],
    });
  return (
    <>
      <Menu
        label={`${common.actions}: ${role.name}`}
        items={[
          { label: t.change, onSelect: () => setChanging(true) },
          { label: common.delete, danger: true, onSelect: discard },
        ]}
      />
      <RoleForm key={role.updated_at} role={role} open={changing} onClose={() => setChanging(false)} />
    </>
  );
}
