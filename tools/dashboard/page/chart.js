/**
 * A figure with curves over the steps: uPlot draws, and everything that is text stands beside the drawing, where it can be
 * read aloud, selected and found.
 */
// @ts-types="npm:uplot@1.6.32"
import uPlot from "./uplot.js";
import { count } from "./words.js";

/**
 * A curve: a value for each x, in ascending order; null where there is none.
 *
 * @typedef {{ x: number[], y: (number | null)[], low?: (number | null)[], high?: (number | null)[] }} Curve
 *
 * How a curve looks: its name, the variable of `style.css` that has its colour, whether its points are marked, and whether a
 * smooth curve is drawn over what was measured.
 *
 * @typedef {{ name: string, color: string, isMarked?: boolean, isSmoothed?: boolean }} CurveStyle
 *
 * @typedef {{
 *   title: string, curves: CurveStyle[], show: (value: number | null | undefined) => string, tick: (value: number) => string,
 *   range?: (low: number, high: number) => [number, number], hasLog?: boolean, isWide?: boolean,
 * }} ChartStyle
 */

/** How far a curve is smoothed to either side, as a share of its points. */
const smoothingShare = 1 / 80;

/**
 * The mean of the values around each one. At the beginning, where a curve is steep, they are as few to the right as to the
 * left; at the end the last ones are taken, so that the newest value does not jump.
 *
 * @param {(number | null)[]} values
 */
export function smoothed(values) {
  const farthest = Math.floor(values.length * smoothingShare), sums = [0], counts = [0];
  for (const [k, value] of values.entries()) {
    sums.push((sums[k] ?? 0) + (value ?? 0));
    counts.push((counts[k] ?? 0) + (value === null ? 0 : 1));
  }
  return values.map((_, k) => {
    const radius = Math.min(k, farthest), begin = k - radius, end = Math.min(values.length, k + radius + 1);
    const found = (counts[end] ?? 0) - (counts[begin] ?? 0);
    return found === 0 ? null : ((sums[end] ?? 0) - (sums[begin] ?? 0)) / found;
  });
}

const isPositive = (/** @type {number | null} */ value) => value !== null && value > 0;

export class Chart {
  /** The figure. */
  element = document.createElement("figure");
  #style;
  /** Called with the range of x that was drawn over, or null for the whole. */
  #onZoom;
  #plot = document.createElement("div");
  #place = document.createElement("span");
  /** @type {HTMLOutputElement[]} */
  #outputs = [];
  #isLog;
  /** @type {[number, number]} */
  #range = [0, 1];
  /** @type {[number, number] | null} */
  #zoom = null;
  /**
   * The curves, and beside each one its values as they are read: smoothed, where the style says so.
   *
   * @type {(Curve & { shown: (number | null)[] })[]}
   */
  #curves = [];
  /** @type {uPlot | null} */
  #drawn = null;

  /** @param {ChartStyle} style @param {(range: [number, number] | null) => void} onZoom */
  constructor(style, onZoom) {
    this.#style = style;
    this.#onZoom = onZoom;
    this.#isLog = style.hasLog ?? false;
    this.element.className = style.isWide ? "card wide" : "card";
    const caption = document.createElement("figcaption"), heading = document.createElement("h2");
    heading.textContent = style.title;
    this.#place.className = "note";
    caption.append(heading, this.#place);
    if (style.hasLog) caption.append(this.#logSwitch());
    this.#plot.className = "plot";
    this.#plot.tabIndex = 0;
    this.#plot.setAttribute("role", "img");
    this.#plot.setAttribute("aria-label", `${style.title} by step; arrow keys move through it`);
    this.element.append(caption, this.#legend(), this.#plot);
    this.#listen();
  }

  /**
   * Draws curves, one for each of the style's, over a range of x.
   *
   * @param {Curve[]} curves
   * @param {[number, number]} range
   */
  show(curves, range) {
    this.#range = range;
    this.#curves = curves.map((curve, k) => {
      return { ...curve, shown: this.#style.curves[k]?.isSmoothed ? smoothed(curve.y) : curve.y };
    });
    this.element.dataset["points"] = curves.map(({ y }) => y.filter((value) => value !== null).length).join();
    this.#draw();
  }

  /** The range of x that is shown; null for the whole. @param {[number, number] | null} range */
  set zoom(range) {
    this.#zoom = range;
    if (this.#drawn !== null) this.#drawn.setData(this.#drawn.data);
  }

  /** Draws anew: in other colours, or on another scale. */
  redraw() {
    this.#drawn?.destroy();
    this.#drawn = null;
    this.#draw();
  }

  #logSwitch() {
    const label = document.createElement("label"), box = document.createElement("input");
    box.type = "checkbox";
    box.checked = this.#isLog;
    box.addEventListener("change", () => {
      this.#isLog = box.checked;
      this.redraw();
    });
    label.append(box, " logarithmic");
    return label;
  }

  #legend() {
    const list = document.createElement("ul");
    list.className = "legend";
    for (const { name, color, isMarked } of this.#style.curves) {
      const item = document.createElement("li"), key = document.createElement("span");
      const output = document.createElement("output");
      key.className = isMarked ? "key marked" : "key";
      key.style.setProperty("--color", `var(${color})`);
      output.setAttribute("aria-live", "off");
      output.textContent = this.#style.show(null);
      item.append(key, `${name} `, output);
      list.append(item);
      this.#outputs.push(output);
    }
    return list;
  }

  #listen() {
    new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = this.#plot;
      if (width > 0) this.#drawn?.setSize({ width, height });
    }).observe(this.#plot);
    const moves = { ArrowLeft: -1, ArrowRight: 1, PageUp: -50, PageDown: 50, Home: -Infinity, End: Infinity };
    this.#plot.addEventListener("keydown", (event) => {
      const move = moves[/** @type {keyof moves} */ (event.key)], drawn = this.#drawn;
      if (move === undefined || drawn === null) return;
      event.preventDefault();
      for (const output of this.#outputs) output.setAttribute("aria-live", "polite");
      const x = /** @type {number[]} */ (drawn.data[0]), { min = 0, max = 0 } = drawn.scales["x"] ?? {};
      const first = x.findIndex((step) => step >= min), last = x.findLastIndex((step) => step <= max);
      const index = Math.max(first, Math.min(last, (drawn.cursor.idx ?? last) + move));
      drawn.setCursor({ left: drawn.valToPos(/** @type {number} */ (x[index]), "x"), top: 10 });
    });
    this.#plot.addEventListener("blur", () => {
      for (const output of this.#outputs) output.setAttribute("aria-live", "off");
      this.#drawn?.setCursor({ left: -10, top: -10 });
    });
  }

  /** The columns that uPlot draws for each curve: low, high, measured, smoothed. */
  #tables() {
    return this.#curves.map(({ x, y, shown, low = y, high = y }, k) => {
      const above = (/** @type {(number | null)[]} */ values) =>
        this.#isLog ? values.map((value) => isPositive(value) ? value : null) : values;
      const columns = this.#style.curves[k]?.isSmoothed ? [low, high, y, shown] : [y];
      return /** @type {uPlot.AlignedData} */ ([x, ...columns.map(above)]);
    });
  }

  #draw() {
    // Nothing can be drawn without points, and on a logarithmic scale without one above 0.
    const isEmpty = !this.#curves.some(({ x, y }) => this.#isLog ? y.some(isPositive) : x.length > 0);
    if (isEmpty) {
      this.#drawn?.destroy();
      this.#drawn = null;
      return this.#read(null);
    }
    const data = uPlot.join(this.#tables());
    const { clientWidth: width, clientHeight: height } = this.#plot;
    if (this.#drawn !== null) this.#drawn.setData(data);
    else if (width > 0) this.#drawn = new uPlot(this.#options(width, height), data, this.#plot);
    this.#read(this.#drawn?.cursor.idx ?? null);
  }

  /** @param {number} width @param {number} height @returns {uPlot.Options} */
  #options(width, height) {
    const computed = getComputedStyle(this.element),
      color = (/** @type {string} */ name) => computed.getPropertyValue(name);
    const { tick, range, curves } = this.#style, isLog = this.#isLog;
    /** @type {uPlot.Series[]} */
    const series = [{}];
    /** @type {uPlot.Band[]} */
    const bands = [];
    for (const { color: name, isMarked = false, isSmoothed } of curves) {
      const stroke = color(name);
      if (isSmoothed) {
        const at = series.length, none = { stroke: "transparent", width: 0, points: { show: false }, spanGaps: true };
        series.push(none, none);
        bands.push({ series: [at + 1, at], fill: `${stroke}30` });
        series.push({ stroke: `${stroke}55`, width: 1, points: { show: false }, spanGaps: true });
      }
      series.push({
        stroke,
        width: 2,
        spanGaps: true,
        points: isMarked ? { show: true, size: 7, fill: color("--card"), width: 2 } : { show: false },
      });
    }
    const axis = {
      stroke: color("--muted"),
      font: "12px system-ui, sans-serif",
      grid: { stroke: color("--line"), width: 1 },
      ticks: { show: false },
    };
    return {
      width,
      height,
      series,
      bands,
      legend: { show: false },
      padding: [8, 12, 0, 0],
      scales: {
        x: { time: false, range: () => this.#zoom ?? this.#range },
        y: isLog ? { distr: 3 } : range === undefined ? {} : { range: (_, low, high) => range(low ?? 0, high ?? 1) },
      },
      axes: [
        {
          ...axis,
          values: (_, all) => all.map((value) => Number.isInteger(value) ? count(value) : ""),
          space: 44,
          size: 26,
        },
        { ...axis, values: (_, all) => all.map((value) => value === null ? "" : tick(value)), space: 34, size: 62 },
      ],
      cursor: {
        sync: { key: "run" },
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        bind: { dblclick: () => () => (this.#onZoom(null), null) },
      },
      hooks: {
        setCursor: [(drawn) => this.#read(drawn.cursor.idx ?? null)],
        setSelect: [(drawn) => {
          const { left, width } = drawn.select;
          if (width < 4) return;
          this.#onZoom([drawn.posToVal(left, "x"), drawn.posToVal(left + width, "x")]);
          drawn.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        }],
      },
    };
  }

  /** Shows the values at a place of the drawing's x, or else the last ones. @param {number | null} index */
  #read(index) {
    const data = this.#drawn?.data, step = index === null ? undefined : data?.[0][index];
    this.#place.textContent = step === undefined ? "" : `step ${count(step)}`;
    for (const [k, { x, shown }] of this.#curves.entries()) {
      const place = step === undefined ? x.length - 1 : x.findLastIndex((each) => each <= step);
      const value = shown.slice(0, place + 1).findLast((each) => each !== null);
      const output = this.#outputs[k];
      if (output) output.textContent = this.#style.show(value);
    }
  }
}
