export type Segment = { name: "queue" | "upstream" | "answer"; from: number; length: number };
type Times = { total_ms: number; upstream_ms: number; queue_ms: number };

/** The parts of a call's time, in milliseconds from its beginning. One that never went on to an upstream was all in Gatehouse. */
export function segments({ total_ms, upstream_ms, queue_ms }: Times): Segment[] {
  const queue = Math.min(queue_ms || (upstream_ms ? 0 : total_ms), total_ms);
  const upstream = Math.min(upstream_ms, total_ms - queue);
  const sent = queue + upstream;
  return [
    { name: "queue", from: 0, length: queue },
    { name: "upstream", from: queue, length: upstream },
    { name: "answer", from: sent, length: Math.max(0, total_ms - sent) },
  ];
}
