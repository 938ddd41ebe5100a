/** The thread of `open.ts`: it serves the dashboard that the first message asks for, until it is told to close. */
import { type Dashboard, type DashboardOptions, serveDashboard } from "./server.ts";

/** What the thread tells. */
export type Answer =
  | { kind: "open"; url: string }
  | { kind: "error"; message: string }
  | { kind: "say"; line: string }
  | { kind: "closed" };

const thread = self as unknown as {
  postMessage(answer: Answer): void;
  onmessage: (event: MessageEvent<DashboardOptions | "close">) => void;
};
let dashboard: Dashboard | null = null;

thread.onmessage = async ({ data }) => {
  if (data === "close") {
    await dashboard?.close();
    thread.postMessage({ kind: "closed" });
    return;
  }
  try {
    dashboard = serveDashboard({ ...data, say: (line) => thread.postMessage({ kind: "say", line }) });
    thread.postMessage({ kind: "open", url: dashboard.url });
  } catch (error) {
    thread.postMessage({ kind: "error", message: (error as Error).message });
  }
};
