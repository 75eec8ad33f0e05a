import { Bot, Boxes, SquareTerminal } from "lucide-react";
import type { ReactNode } from "react";
import type { TokenAccess } from "@/api/schema";
import { Badge } from "@/components/Badge";
import { Note } from "@/components/Note";
import { useTexts } from "@/lib/i18n";
import { texts } from "./texts";

/** Exactly what a token opens: servers with their tools by the names that agents see, agents, and parts of the API. */
export function AccessShown({ access }: { access: TokenAccess }) {
  const t = useTexts(texts);
  if (!access.usable) {
    return (
      <Note tone="warn" title={t.opensNothing}>
        {access.reason}
      </Note>
    );
  }
  return (
    <ul className="space-y-3">
      {access.servers.map((one) => (
        <Opened
          key={one.id}
          sign={<Boxes aria-hidden />}
          name={one.name}
          about={t.toolCount(one.tools.length)}
          names={[...one.tools, ...one.prompts, ...one.resources]}
        />
      ))}
      {access.agents.map((one) => (
        <Opened key={one.id} sign={<Bot aria-hidden />} name={one.name} names={[]} />
      ))}
      {access.api.length > 0 && (
        <Opened
          sign={<SquareTerminal aria-hidden />}
          name={t.api}
          about={t.permissions(access.api.length)}
          names={access.api.map((one) => one.permission)}
        />
      )}
    </ul>
  );
}

function Opened({
  sign,
  name,
  about,
  names,
}: {
  sign: ReactNode;
  name: string;
  about?: string;
  names: string[];
}) {
  return (
    <li className="min-w-0">
      <p className="flex items-center gap-2 [&_svg]:size-4 [&_svg]:text-muted">
        {sign}
        <span className="min-w-0 truncate font-medium">{name}</span>
        {about && <span className="shrink-0 text-xs text-muted">{about}</span>}
      </p>
      {names.length > 0 && (
        <ul
          tabIndex={0}
          aria-label={name}
          className="mt-1.5 flex max-h-48 flex-wrap gap-1 overflow-y-auto pl-6"
        >
          {names.map((one) => (
            <li key={one} className="max-w-full">
              <Badge className="font-mono font-normal">{one}</Badge>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}
