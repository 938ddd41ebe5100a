/** What the dashboard remembers of a log: the same whenever it is asked, and little however long the log is. */
import { type Changes, History, pointsMax } from "../../tools/dashboard/history.ts";
import { applied, emptyState } from "../../tools/dashboard/page/state.js";
import { testUnless } from "../permissions.ts";
import { assert, assertEquals } from "../support.ts";
import { linesOf, logOf, lossOf, rate } from "./logs.ts";

const test = (name: string, body: () => void) => testUnless(null, `dashboard history: ${name}`, body);

/** The state of a page after messages. */
function pageOf(messages: readonly Changes[]) {
  return messages.reduce(
    (state, changes) => applied(state, { folder: "run", problem: null, ...changes }),
    emptyState(),
  );
}

function historyOf(lines: string): History {
  const history = new History();
  for (const line of lines.split("\n").slice(0, -1)) history.add(line);
  return history;
}

const step = (step: number, more: Record<string, unknown> = {}) =>
  `${
    JSON.stringify({
      kind: "step",
      epoch: 1,
      step,
      seen: 10 * step,
      loss: 1,
      lr: 0.1,
      gradNorm: null,
      seconds: 0.5,
      ...more,
    })
  }\n`;

test("a page that hears of it line by line, in pieces or at once knows the same", () => {
  const cases = [
    linesOf(logOf()),
    // Past the place where points are joined, and joined again.
    linesOf(logOf({ stepsPerEpoch: pointsMax })),
    // A run that is taken up at step 30 after it got to step 50, and one that begins anew in the same log.
    linesOf(logOf({ steps: 50 })) + linesOf([{ ...logOf()[0]!, step: 30, resumed: true }]) +
    linesOf(logOf().filter(({ step }) => (step as number) > 30)),
    linesOf(logOf()) + linesOf(logOf({ steps: 7 })),
    `no event\n${linesOf(logOf({ steps: 7 }))}{"kind":"step"}\n`,
  ];
  for (const text of cases) {
    const lines = text.split("\n").slice(0, -1), history = new History();
    for (const every of [1, 7, 1000]) {
      const told = new History(), messages: Changes[] = [];
      let known = 0;
      for (const [index, line] of lines.entries()) {
        told.add(line);
        if ((index + 1) % every !== 0 && index + 1 < lines.length) continue;
        messages.push(told.since(known));
        known = told.lines;
        // A message that comes twice changes nothing.
        if (index % 3 === 0) messages.push(messages.at(-1)!);
      }
      const late = pageOf([told.since(0)]), page = pageOf(messages);
      // The page that stayed has all metrics of old epochs, which one that comes late does not need.
      const numbers = (state: typeof page) => ({
        ...state,
        epochs: state.epochs.map(({ step, validation }) => [step, (validation as { loss: number }).loss]),
        newest: Object.entries(state.newest).filter(([, event]) => event !== null),
      });
      assertEquals(numbers(page), numbers(late));
      assertEquals(page.epochs.at(-1), late.epochs.at(-1));
    }
    for (const line of lines) history.add(line);
    assertEquals(history.since(history.lines).points.columns.step, [], "nothing is new after the last line");
  }
});

test("a hundred thousand steps are few points, with every peak", () => {
  const history = new History(), count = 100_000, peak = 54_321;
  for (let k = 1; k <= count; k++) {
    history.add(step(k, { loss: k === peak ? 99 : k === peak + 1 ? -7 : 1, gradNorm: k === peak ? 50 : 1 }));
  }
  const { points: { columns } } = history.since(0);
  const length = columns.step.length, place = columns.step.findIndex((step) => step >= peak);
  assert(length <= pointsMax && length > pointsMax / 2, `${length} points`);
  assertEquals([Math.max(...columns.lossHigh), Math.min(...columns.lossLow)], [99, -7]);
  assertEquals([columns.lossHigh[place], columns.normHigh[place], columns.normLow[place]], [99, 50, 1]);
  assertEquals(columns.step.at(-1), count);
  // A point stands for 64 steps: one of them is 99, one -7, and the others 1.
  assertEquals(columns.step.slice(0, 2), [64, 128]);
  assertEquals(columns.loss[place], Number(((99 - 7 + 62) / 64).toPrecision(6)));
  const bytes = JSON.stringify(history.since(0)).length;
  assert(bytes < 200_000, `${bytes} bytes`);
});

test("neighbours are joined into means, extremes and rates when there are too many points", () => {
  const text = linesOf(logOf({ epochs: 1, stepsPerEpoch: pointsMax + 1 })),
    { columns } = historyOf(text).since(0).points;
  assertEquals(columns.step.length, pointsMax / 2 + 1);
  const six = (value: number) => Number(value.toPrecision(6));
  assertEquals([columns.step[1], columns.loss[1]], [4, six((lossOf(3) + lossOf(4)) / 2)]);
  assertEquals([columns.lossLow[1], columns.lossHigh[1]], [lossOf(4), six(lossOf(3))]);
  assertEquals([columns.norm[1], columns.rate[1]], [six(lossOf(3) + lossOf(4)), rate]);
  assertEquals(columns.step.at(-1), pointsMax + 1);
});

test("what a step does not have is no point, or no value of one", () => {
  const text = step(1) + step(2, { loss: null, skipped: true }) + step(2, { gradNorm: 3, seconds: 0 }) +
    step(2, { loss: 5 }) + step(3, { seconds: undefined, lr: null });
  const { columns } = historyOf(text).since(0).points;
  assertEquals(columns.step, [1, 2, 3], "a step that was skipped, and one that is there already, are left out");
  assertEquals(columns.norm, [null, 3, null]);
  assertEquals([columns.rate, columns.lr], [[20, null, null], [0.1, 0.1, 0]]);
});

test("lines that hold no event are counted, and kinds of others are let through", () => {
  const broken = [
    "",
    "{",
    "[]",
    "null",
    "7",
    '{"kind":"step"}',
    '{"kind":1,"epoch":1,"step":1,"seen":1}',
    '{"kind":"step","epoch":1,"step":"2","seen":1}',
  ];
  const history = historyOf(
    broken.map((line) => `${line}\n`).join("") + '{"kind":"note","epoch":1,"step":1,"seen":1}\n' + step(1),
  );
  assertEquals([history.lines, history.broken], [broken.length + 2, broken.length]);
  assertEquals(history.since(0).points.columns.step, [1]);
});

test("only the newest epoch has more than numbers, and a run that goes on has not ended", () => {
  const { epochs: { events } } = historyOf(linesOf(logOf())).since(0);
  assertEquals(events.map(({ validation }) => Object.keys(validation as object).length), [2, 2, 4]);
  const resumed = historyOf(linesOf(logOf()) + linesOf([{ ...logOf()[0]!, step: 60, resumed: true }]));
  assertEquals(resumed.since(0).newest.end, null);
  assertEquals(resumed.since(0).points.columns.step.length, 60);
});
