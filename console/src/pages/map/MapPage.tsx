import { Waypoints } from "lucide-react";
import { buttonStyle } from "@/components/Button";
import { Page, Section } from "@/components/Page";
import { RouteLink } from "@/components/RouteLink";
import { Empty, Failed, SkeletonLines } from "@/components/States";
import { useTexts } from "@/lib/i18n";
import { useMedia } from "@/lib/theme";
import { useUrl } from "@/lib/urlState";
import { RangePicker } from "../metrics/RangePicker";
import { rangeOf } from "../metrics/range";
import { PathTable } from "./PathTable";
import { Picture } from "./Picture";
import { mapTexts } from "./texts";
import { useMap } from "./useMap";

export default function MapPage() {
  const t = useTexts(mapTexts);
  const [url] = useUrl();
  const { map, leftOut, error, retry } = useMap(rangeOf(url));
  return (
    <Page title={t.title} about={t.about} actions={<RangePicker />}>
      {map ? (
        <Known {...map} leftOut={leftOut} />
      ) : (
        <Section>
          {error ? <Failed error={error} retry={() => void retry()} /> : <SkeletonLines lines={12} />}
        </Section>
      )}
    </Page>
  );
}

type Map = NonNullable<ReturnType<typeof useMap>["map"]>;

function Known({ nodes, paths, leftOut }: Map & { leftOut: number }) {
  const t = useTexts(mapTexts);
  const hasRoom = useMedia("(min-width: 48rem)");
  if (!nodes.length) return <Nothing />;
  return (
    <div className="space-y-4">
      {hasRoom && (
        <Section>
          <Picture nodes={nodes} paths={paths} />
        </Section>
      )}
      <Section title={t.paths} about={leftOut ? t.leftOut(leftOut) : t.pathsWords} flush>
        <PathTable nodes={nodes} paths={paths} />
      </Section>
    </div>
  );
}

function Nothing() {
  const t = useTexts(mapTexts);
  const action = (
    <RouteLink to="/start" className={buttonStyle({ kind: "primary" })}>
      {t.begin}
    </RouteLink>
  );
  return (
    <Section>
      <Empty sign={Waypoints} title={t.empty} action={action}>
        {t.emptyWords}
      </Empty>
    </Section>
  );
}
