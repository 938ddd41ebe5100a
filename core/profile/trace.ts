/** Events in the Trace Event Format, which Chrome's about:tracing and Perfetto show. */
import { kindOf, type ProfileEvent } from "./events.ts";

/** The events as JSON: a line for each device, times in microseconds. */
export function traceOf(events: readonly ProfileEvent[]): string {
  const devices = [...new Set(events.map(({ device }) => device))];
  const names = devices.map((name, tid) => ({ name: "thread_name", ph: "M", pid: 1, tid, args: { name } }));
  const spans = events.map((event) => ({
    name: kindOf(event),
    cat: event.backward ? "backward" : "forward",
    ph: "X",
    pid: 1,
    tid: devices.indexOf(event.device),
    ts: 1000 * event.start,
    dur: 1000 * event.milliseconds,
    args: {
      instruction: event.name,
      module: event.module,
      bytes: event.bytes,
      operations: event.operations,
      replayed: event.replayed,
    },
  }));
  return JSON.stringify({ displayTimeUnit: "ms", traceEvents: [...names, ...spans] });
}
