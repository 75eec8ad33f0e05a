import { api, ask } from "@/api/client";
import { useList } from "@/api/queries";
import type { InvitationSummary } from "@/api/schema";
import { Button } from "@/components/Button";
import { type Column, DataTable } from "@/components/DataTable";
import { Section } from "@/components/Page";
import { useRemoval } from "@/components/Removal";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

/** Links that nobody has taken yet. */
export function Invitations() {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const { gone, remove } = useRemoval();
  const list = useList(["invitations", "list"], (cursor) =>
    ask(api.GET("/invitations", { params: { query: { cursor, limit: 100 } } })),
  );
  const open = list.items.filter((one) => one.state === "open" && !gone.has(one.id));
  if (!open.length) return null;
  const withdraw = (one: InvitationSummary) =>
    remove({
      id: one.id,
      words: common.removed(one.email ?? t.anybody),
      run: () => ask(api.DELETE("/invitations/{id}", { params: { path: { id: one.id } } })),
      affects: [["invitations"]],
    });
  const columns: Column<InvitationSummary>[] = [
    { id: "for", header: t.forWhom, width: "minmax(9rem, 2fr)", cell: (one) => one.email ?? t.anybody },
    {
      id: "role",
      header: t.roles,
      width: "minmax(6rem, 1fr)",
      from: "sm",
      cell: (one) => one.team?.name ?? one.role ?? "–",
    },
    {
      id: "expires",
      header: t.expires,
      width: "8rem",
      from: "sm",
      cell: (one) => <Time at={one.expires_at} />,
    },
    {
      id: "act",
      header: common.actions,
      quiet: true,
      width: "5rem",
      align: "right",
      cell: (one) => (
        <Button kind="quiet" size="small" onClick={() => withdraw(one)}>
          {common.remove}
        </Button>
      ),
    },
  ];
  return (
    <Section title={t.openInvitations} className="mt-6" flush>
      <DataTable
        label={t.openInvitations}
        rows={open}
        columns={columns}
        rowKey={(one) => one.id}
        empty={null}
      />
    </Section>
  );
}
