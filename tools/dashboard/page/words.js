/** Numbers and times as people read them. */

/** Three digits: 0.0312, 12.5, 2.1e-5. @param {number | null | undefined} value */
export function number(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return value.toExponential(1).replace("e+", "e");
  return size >= 1000 ? count(value) : value.toPrecision(3);
}

/** A number beside an axis, with no more digits than it needs. @param {number} value */
export function tick(value) {
  const short = String(Number(value.toPrecision(5)));
  return short.length <= 7 ? short : number(value);
}

/** @param {number | null | undefined} share */
export function percent(share) {
  return share === null || share === undefined || !Number.isFinite(share) ? "–" : `${(share * 100).toFixed(2)}\u00a0%`;
}

/** How sure a model is: 99.99 % is not yet 100. @param {number | undefined} probability */
export function certainty(probability) {
  if (probability === undefined) return "–";
  return probability >= 1 ? "100\u00a0%" : `${(Math.floor(probability * 1000) / 10).toFixed(1)}\u00a0%`;
}

/** A whole number: 61,200. @param {number | null | undefined} value */
export function count(value) {
  return value === null || value === undefined || !Number.isFinite(value)
    ? "–"
    : Math.round(value).toLocaleString("en-US");
}

/** 1:02:03, or 2:03. @param {number} seconds */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds)), pair = (/** @type {number} */ part) => String(part).padStart(2, "0");
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return hours > 0 ? `${hours}:${pair(minutes)}:${pair(whole % 60)}` : `${minutes}:${pair(whole % 60)}`;
}
