/**
 * What the page knows of the run. Messages replace the ends of its lists, so that one that comes twice changes nothing.
 *
 * @typedef {import("../server.ts").Message} Message
 * @typedef {import("../history.ts").Columns} Columns
 * @typedef {import("../history.ts").Logged} Logged
 * @typedef {{
 *   folder: string, problem: string | null, broken: number, at: Message["at"], columns: Columns, epochs: Logged[],
 *   newest: Message["newest"],
 * }} State
 */

/** @returns {State} */
export function emptyState() {
  return {
    folder: "",
    problem: null,
    broken: 0,
    at: null,
    columns: { step: [], loss: [], lossLow: [], lossHigh: [], lr: [], norm: [], normLow: [], normHigh: [], rate: [] },
    epochs: [],
    newest: {},
  };
}

/**
 * The state after a message.
 *
 * @param {State} state
 * @param {Message} message
 * @returns {State}
 */
export function applied(state, { whole, folder, problem, broken, at, points, epochs, newest }) {
  const before = whole ? emptyState() : state,
    isGrown = points.from < before.columns.step.length || points.columns.step.length > 0;
  // A list that does not change stays the same array, by which it is known that nothing needs to be drawn.
  const replaced = (
    /** @type {any[]} */ list,
    /** @type {number} */ from,
    /** @type {readonly unknown[]} */ rest,
  ) => from === list.length && rest.length === 0 ? list : list.slice(0, from).concat(rest);
  const columns = /** @type {any} */ (Object.fromEntries(
    Object.entries(before.columns).map(([name, column]) => [
      name,
      replaced(column, points.from, points.columns[/** @type {keyof Columns} */ (name)]),
    ]),
  ));
  return {
    folder,
    problem,
    broken,
    at,
    columns: isGrown ? columns : before.columns,
    epochs: replaced(before.epochs, epochs.from, epochs.events),
    newest: { ...before.newest, ...newest },
  };
}

/** A metric of an epoch's validation; null if it has none. @param {Logged | undefined} epoch @param {string} name */
export function metric(epoch, name) {
  const value = /** @type {any} */ (epoch?.["validation"])?.[name];
  return typeof value === "number" ? value : null;
}

/**
 * The newest value of a metric that is no number, and its epoch; null if there is none that `read` accepts.
 *
 * @template T
 * @param {Logged[]} epochs
 * @param {string} name
 * @param {(value: unknown) => T | null} read
 */
export function newestOf(epochs, name, read) {
  for (const { epoch, validation } of epochs.toReversed()) {
    const value = read(/** @type {any} */ (validation)?.[name]);
    if (value !== null) return { epoch, value };
  }
  return null;
}

/** Milliseconds without an event after which a run that has not ended may have been killed. */
const silence = 30_000;

/**
 * How the run is doing.
 *
 * @param {State} state
 * @param {boolean} isConnected
 * @param {number} now milliseconds since 1970
 * @returns {{ kind: "waiting" | "running" | "done" | "stopped" | "silent" | "lost", text: string }}
 */
export function statusOf({ at, newest: { end } }, isConnected, now) {
  if (end) {
    const words = { done: "finished", early: "stopped early, as told", aborted: "stopped by hand" };
    const reason = /** @type {keyof words} */ (end["reason"]);
    return { kind: reason === "aborted" ? "stopped" : "done", text: words[reason] ?? "ended" };
  }
  if (!isConnected) return { kind: "lost", text: "connection lost, trying again" };
  if (at === null) return { kind: "waiting", text: "waiting for the run" };
  const last = Date.parse(at.time ?? "");
  if (now - last > silence) {
    return { kind: "silent", text: `nothing new since ${new Date(last).toLocaleTimeString()}` };
  }
  return { kind: "running", text: "running" };
}

/**
 * How far the run is: the share of its steps, the seconds since it began or was taken up again, and those that are left.
 *
 * @param {State} state
 */
export function progressOf({ at, newest: { start, end } }) {
  if (at === null) return null;
  const total = typeof start?.["steps"] === "number" ? start["steps"] : null;
  const elapsed = (Date.parse(at.time ?? "") - Date.parse(String(start?.time))) / 1000;
  const done = start ? at.step - start.step : 0;
  const left = total !== null && done > 0 && !end ? (total - at.step) * (elapsed / done) : null;
  return { total, share: total === null ? null : Math.min(1, at.step / Math.max(1, total)), elapsed, left };
}
