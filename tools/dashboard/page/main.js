/** The page: it follows the server's messages, and draws what they changed before the next frame. */
import { Chart, smoothed } from "./chart.js";
import { matrixOf, showMatrix } from "./matrix.js";
import { predictionsOf, samplesOf, showSamples } from "./samples.js";
import { applied, emptyState, metric, newestOf, progressOf, statusOf } from "./state.js";
import { count, duration, number, percent, tick } from "./words.js";

/** @typedef {import("./state.js").State} State */

const find = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));

const upFrom0 = (
  /** @type {number} */ _,
  /** @type {number} */ high,
) => /** @type {[number, number]} */ ([0, high > 0 ? high * 1.05 : 1]);

/**
 * The charts: how each looks, and its curves in a state.
 *
 * @type {{ style: import("./chart.js").ChartStyle, curves: (state: State) => import("./chart.js").Curve[] }[]}
 */
const plans = [
  {
    style: {
      title: "Loss",
      show: number,
      tick,
      hasLog: true,
      isWide: true,
      curves: [
        { name: "training", color: "--training", isSmoothed: true },
        { name: "validation", color: "--validation", isMarked: true },
      ],
    },
    curves: (state) => [curve(state, "loss", "lossLow", "lossHigh"), epochCurve(state, "loss")],
  },
  {
    style: {
      title: "Accuracy",
      show: percent,
      tick: (share) => `${tick(share * 100)} %`,
      range: (
        low,
        high,
      ) => [Math.max(0, low - 0.1 * (high - low) - 1e-3), Math.min(1, high + 0.1 * (high - low) + 1e-3)],
      curves: [{ name: "validation", color: "--validation", isMarked: true }],
    },
    curves: (state) => [epochCurve(state, "accuracy")],
  },
  {
    style: {
      title: "Learning rate",
      show: number,
      tick,
      range: upFrom0,
      curves: [{ name: "of the step", color: "--training" }],
    },
    curves: (state) => [curve(state, "lr")],
  },
  {
    style: {
      title: "Images per second",
      show: count,
      tick: count,
      range: upFrom0,
      curves: [{ name: "training", color: "--training", isSmoothed: true }],
    },
    curves: (state) => [curve(state, "rate")],
  },
  {
    style: {
      title: "Gradient norm",
      show: number,
      tick,
      range: upFrom0,
      curves: [{ name: "of all gradients", color: "--training", isSmoothed: true }],
    },
    curves: (state) => [curve(state, "norm", "normLow", "normHigh")],
  },
];

/**
 * A curve of points.
 *
 * @typedef {Exclude<keyof State["columns"], "step">} Column
 * @param {State} state
 * @param {Column} y
 * @param {Column} low
 * @param {Column} high
 */
function curve({ columns }, y, low = y, high = y) {
  return { x: columns.step, y: columns[y], low: columns[low], high: columns[high] };
}

/** A curve of a validation metric. @param {State} state @param {string} name */
function epochCurve({ epochs }, name) {
  const measured = epochs.filter((epoch) => metric(epoch, name) !== null);
  return { x: measured.map(({ step }) => step), y: measured.map((epoch) => metric(epoch, name)) };
}

let state = emptyState(), isConnected = false, isDue = false;
/** What was drawn last. */
let drawn = emptyState();

const charts = plans.map(({ style }) =>
  new Chart(style, (range) => {
    for (const chart of charts) chart.zoom = range;
    whole.hidden = range === null;
  })
);
const whole = document.createElement("button");
whole.type = "button";
whole.hidden = true;
whole.textContent = "Show the whole run";
whole.addEventListener("click", () => {
  for (const chart of charts) chart.zoom = null;
  whole.hidden = true;
});
find("charts").append(whole, ...charts.map(({ element }) => element));

/** The numbers above the charts: name, value, and what else there is to say. @param {State} state */
function tiles({ columns, epochs }) {
  const last = (/** @type {Column} */ name) => columns[name].at(-1);
  const recent = (/** @type {Column} */ name) => smoothed(columns[name]).at(-1);
  const newest = (/** @type {string} */ name) => epochs.findLast((epoch) => metric(epoch, name) !== null);
  const accuracies = epochs.map((epoch) => metric(epoch, "accuracy") ?? -1), highest = Math.max(...accuracies);
  const best = epochs[accuracies.indexOf(highest)]?.epoch;
  return [
    ["Training loss", number(recent("loss")), "recent mean"],
    ["Validation loss", number(metric(newest("loss"), "loss")), newest("loss") ? `epoch ${newest("loss")?.epoch}` : ""],
    [
      "Accuracy",
      percent(metric(newest("accuracy"), "accuracy")),
      highest >= 0 ? `best ${percent(highest)}, epoch ${best}` : "",
    ],
    ["Learning rate", number(last("lr")), ""],
    ["Images per second", count(recent("rate")), "recent mean"],
    ["Gradient norm", number(recent("norm")), last("norm") === null ? "not logged" : "recent mean"],
  ];
}

function draw() {
  isDue = false;
  drawHeader();
  const { columns, epochs, newest: { samples } } = state;
  if (columns !== drawn.columns || epochs !== drawn.epochs) {
    // All charts have the same steps from left to right.
    const first = columns.step[0] ?? 0, last = Math.max(columns.step.at(-1) ?? 0, epochs.at(-1)?.step ?? 0);
    for (const [k, { curves }] of plans.entries()) charts[k]?.show(curves(state), [first, Math.max(last, first + 1)]);
    find("tiles").replaceChildren(...tiles(state).map(tileOf));
  }
  if (epochs !== drawn.epochs || samples !== drawn.newest.samples) drawLooks();
  drawn = state;
}

/** @param {string[]} texts name, value and note */
function tileOf([name = "", value = "", more = ""]) {
  const tile = document.createElement("div"), term = document.createElement("dt");
  const figure = document.createElement("dd"), note = document.createElement("dd");
  term.textContent = name;
  figure.textContent = value;
  note.textContent = more;
  note.className = "note";
  tile.append(term, figure, note);
  return tile;
}

/** Draws the images and the confusion matrix. */
function drawLooks() {
  const { epochs, newest: { samples } } = state, classes = samples?.["classes"], images = samplesOf(samples);
  const nameOf = (/** @type {number} */ label) => String(Array.isArray(classes) ? classes[label] ?? label : label);
  find("samples").hidden = images === null;
  if (images !== null) showSamples(find("samples"), images, newestOf(epochs, "samples", predictionsOf), nameOf);
  const matrix = newestOf(epochs, "confusion", matrixOf);
  find("matrix").hidden = matrix === null;
  if (matrix !== null) showMatrix(find("matrix"), matrix.value, nameOf, matrix.epoch);
}

function drawHeader() {
  const { folder, problem, at, broken, newest: { start } } = state;
  const status = statusOf(state, isConnected, Date.now()), progress = progressOf(state);
  find("folder").textContent = folder || "Deneb";
  document.title = folder ? `${folder} – ${status.text}` : "Deneb";
  // A reader says it once for each change.
  if (find("status").textContent !== status.text) find("status").textContent = status.text;
  find("status").dataset["state"] = status.kind;
  const bar = /** @type {HTMLProgressElement} */ (find("progress"));
  if (typeof progress?.share === "number") bar.value = progress.share;
  const parts = at === null ? [] : [
    `epoch ${at.epoch}${start ? ` of ${start["epochs"]}` : ""}`,
    `step ${count(at.step)}${progress?.total ? ` of ${count(progress.total)}` : ""}`,
    ...(Number.isFinite(progress?.elapsed) ? [duration(progress?.elapsed ?? 0)] : []),
    ...(status.kind === "running" && progress?.left ? [`about ${duration(progress.left)} left`] : []),
    ...(start?.["resumed"] ? [`taken up at step ${count(start.step)}`] : []),
    ...(typeof start?.["parameters"] === "number" ? [`${count(start["parameters"])} parameters`] : []),
    ...(broken > 0 ? [`${count(broken)} broken ${broken === 1 ? "line" : "lines"} of the log left out`] : []),
  ];
  find("place").textContent = parts.join(" · ");
  find("problem").hidden = problem === null;
  find("problem").textContent = problem;
}

/** Draws before the next frame, once for all that came since the last one. */
function schedule() {
  if (!isDue) requestAnimationFrame(draw);
  isDue = true;
}

const source = new EventSource("events");
source.addEventListener("open", () => {
  isConnected = true;
  schedule();
});
source.addEventListener("message", ({ data }) => {
  state = applied(state, JSON.parse(data));
  schedule();
});
source.addEventListener("error", () => {
  isConnected = false;
  // With a run that is over the server has gone, too.
  if (state.newest.end) source.close();
  schedule();
});
// The silence of a run is noticed by the clock.
setInterval(drawHeader, 1000);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const chart of charts) chart.redraw();
});
