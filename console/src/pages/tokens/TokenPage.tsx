import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, ask } from "@/api/client";
import type { TokenSummary } from "@/api/schema";
import { useSession } from "@/app/session";
import { Button, buttonStyle } from "@/components/Button";
import { Mono } from "@/components/Code";
import { Facts, Page, Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Failed, SkeletonLines } from "@/components/States";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { AccessShown } from "./AccessShown";
import { ChangeToken, RevokeToken, RotateToken } from "./TokenActions";
import { TokenBadge, Whose } from "./TokensPage";
import { TokenUse } from "./TokenUse";
import { texts } from "./texts";

export default function TokenPage() {
  const t = useTexts(texts);
  const { id } = useParams({ strict: false }) as { id: string };
  const query = useQuery({
    queryKey: ["tokens", id],
    queryFn: () => ask(api.GET("/tokens/{id}", { params: { path: { id } } })),
  });
  if (query.data) return <Known token={query.data} />;
  return (
    <Page title={t.title} back={{ to: "/tokens", words: t.back }}>
      {query.error ? <Failed error={query.error} retry={() => void query.refetch()} /> : <SkeletonLines />}
    </Page>
  );
}

function Known({ token }: { token: TokenSummary }) {
  const t = useTexts(texts);
  const { can } = useSession();
  const actions = can("token.write", { ...token, visibility: token.team ? "team" : "private" }) &&
    !token.revoked_at && <Actions token={token} />;
  return (
    <Page
      title={token.name}
      beside={<TokenBadge token={token} />}
      back={{ to: "/tokens", words: t.back }}
      actions={actions}
    >
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="space-y-4">
          <About token={token} />
          <TokenUse id={token.id} />
        </div>
        {!token.revoked_at && <Access id={token.id} />}
      </div>
    </Page>
  );
}

function Actions({ token }: { token: TokenSummary }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const [open, setOpen] = useState<"change" | "rotate" | "revoke" | null>(null);
  const close = () => setOpen(null);
  return (
    <>
      <Button onClick={() => setOpen("change")}>{common.edit}</Button>
      <Button onClick={() => setOpen("rotate")}>{t.rotate}</Button>
      <Button kind="danger" onClick={() => setOpen("revoke")}>
        {t.revoke}
      </Button>
      <ChangeToken
        key={`change ${token.id} ${open}`}
        token={token}
        open={open === "change"}
        onClose={close}
      />
      <RotateToken token={token} open={open === "rotate"} onClose={close} />
      <RevokeToken token={token} open={open === "revoke"} onClose={close} />
    </>
  );
}

function About({ token }: { token: TokenSummary }) {
  const t = useTexts(texts);
  const common = useCommonTexts();
  const windows = token.windows.map(
    (one) => `${one.days?.join(" ") ?? ""} ${one.start}–${one.end} ${one.timezone}`,
  );
  return (
    <Section title={t.facts}>
      <Facts
        items={[
          [t.hint, <Mono key="hint">…{token.hint}</Mono>],
          [t.whose, <Whose key="whose" token={token} />],
          [t.made, <Time key="made" at={token.created_at} />],
          [common.lastUsed, <Time key="used" at={token.last_used_at} fallback={common.never} />],
          [t.expires, <Time key="expires" at={token.expires_at} fallback={common.never} />],
          [t.addresses, token.allowed_ips.join(", ") || t.anywhere],
          [t.hours, windows.join("; ") || t.atAnyTime],
          [t.rate, token.rate_limit ?? t.unlimited],
          [t.quota, token.daily_quota ?? t.unlimited],
          ...(token.previous_until
            ? ([[t.previous, <Time key="previous" at={token.previous_until} />]] as [
                string,
                React.ReactNode,
              ][])
            : []),
        ]}
      />
      <div className="mt-4 flex flex-wrap gap-2">
        <RouteLink to="/explain" search={{ principal: token.id }} className={buttonStyle({ size: "small" })}>
          {t.explain}
        </RouteLink>
        <RouteLink to="/calls" search={{ principal: token.id }} className={buttonStyle({ size: "small" })}>
          {t.calls}
        </RouteLink>
      </div>
    </Section>
  );
}

function Access({ id }: { id: string }) {
  const t = useTexts(texts);
  const access = useQuery({
    queryKey: ["tokens", id, "access"],
    queryFn: () => ask(api.GET("/tokens/{id}/access", { params: { path: { id } } })),
  });
  return (
    <Section title={t.accessNow}>
      {access.error && <Failed error={access.error} retry={() => void access.refetch()} />}
      {access.isLoading && <SkeletonLines />}
      {access.data && <AccessShown access={access.data} />}
    </Section>
  );
}
