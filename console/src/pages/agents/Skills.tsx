import type { AgentDetails, SkillView } from "@/api/schema";
import { Badge } from "@/components/Badge";
import { Mono } from "@/components/Code";
import { Facts, Section } from "@/components/Page";
import { linkStyle, RouteLink } from "@/components/RouteLink";
import { Time } from "@/components/Time";
import { useCommonTexts } from "@/lib/common";
import { useTexts } from "@/lib/i18n";
import { agentTexts } from "./texts";

/** What an agent can do, each skill with the tool that it is, beside what is known of the agent. */
export function Skills({ agent }: { agent: AgentDetails }) {
  const t = useTexts(agentTexts);
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)]">
      <Section title={t.skills} flush>
        {agent.skills.length === 0 && <p className="px-4 pb-6 text-muted">{t.noSkills}</p>}
        <ul>
          {agent.skills.map((one) => (
            <Skill key={one.id} skill={one} />
          ))}
        </ul>
      </Section>
      <About agent={agent} />
    </div>
  );
}

function Skill({ skill }: { skill: SkillView }) {
  const t = useTexts(agentTexts);
  return (
    <li className="space-y-1.5 border-t border-line px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <h3 className="font-medium">{skill.name}</h3>
        {skill.tags.map((one) => (
          <Badge key={one}>{one}</Badge>
        ))}
      </div>
      <p className="line-clamp-4 text-muted">{skill.description}</p>
      <p className="text-xs text-muted">
        {t.asTool}:{" "}
        {skill.tool ? (
          <RouteLink to={`/tools/${skill.tool}`} className={linkStyle}>
            <Mono>{skill.handle}</Mono>
          </RouteLink>
        ) : (
          <Mono>{skill.handle}</Mono>
        )}
      </p>
      {skill.examples.length > 0 && (
        <p className="text-xs text-muted">
          {t.examples}: {skill.examples.slice(0, 5).join(" · ")}
        </p>
      )}
    </li>
  );
}

function About({ agent }: { agent: AgentDetails }) {
  const t = useTexts(agentTexts);
  const common = useCommonTexts();
  return (
    <Section title={t.facts}>
      <Facts
        items={[
          [t.itsName, agent.title ?? "–"],
          [t.itsVersion, agent.agent_version ?? "–"],
          [t.versions, agent.protocol_versions.join(", ") || t.noVersions],
          [t.streaming, agent.streaming ? common.yes : common.no],
          [
            t.address,
            <Mono key="address" className="break-all">
              {agent.url}
            </Mono>,
          ],
          [t.credential, agent.credential ? t.credentials[agent.credential.type] : t.credentials.none],
          [common.visibility, common.visibilities[agent.visibility]],
          [t.checked, <Time key="checked" at={agent.checked_at} />],
        ]}
      />
      <div className="mt-4 flex flex-wrap gap-4">
        <RouteLink to="/calls" search={{ upstream: agent.id }} className={linkStyle}>
          {t.calls}
        </RouteLink>
        <RouteLink to="/events" search={{ upstream: agent.id }} className={linkStyle}>
          {t.events}
        </RouteLink>
      </div>
    </Section>
  );
}
