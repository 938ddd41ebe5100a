/** The confusion matrix: a table with a row for each class and a column for each prediction, and the errors made most often. */
import { count, percent } from "./words.js";

/** A table of more classes cannot be read; the errors made most often still can. */
const classesMax = 30, pairsMax = 5;

/** The matrix if it is one: equally many rows and columns of numbers. @param {unknown} value @returns {number[][] | null} */
export function matrixOf(value) {
  const isSquare = Array.isArray(value) && value.length > 0 &&
    value.every((row) => Array.isArray(row) && row.length === value.length && row.every(Number.isFinite));
  return isSquare ? value : null;
}

/**
 * The errors made most often: `{ label, guess, times }`, most often first.
 *
 * @param {number[][]} matrix
 */
export function confusions(matrix) {
  return matrix
    .flatMap((row, label) => row.map((times, guess) => ({ label, guess, times })))
    .filter(({ label, guess, times }) => label !== guess && times > 0)
    .sort((a, b) => b.times - a.times)
    .slice(0, pairsMax);
}

/**
 * Fills the section.
 *
 * @param {HTMLElement} section
 * @param {number[][]} matrix
 * @param {(label: number) => string} nameOf
 * @param {number} epoch
 */
export function showMatrix(section, matrix, nameOf, epoch) {
  const find = (/** @type {string} */ selector) => /** @type {HTMLElement} */ (section.querySelector(selector));
  const total = matrix.flat().reduce((sum, times) => sum + times, 0);
  const right = matrix.reduce((sum, row, k) => sum + (row[k] ?? 0), 0);
  find("#matrix-note").textContent = `epoch ${epoch}: ${count(right)} of ${count(total)} right, ${
    percent(right / total)
  }`;
  const pairs = confusions(matrix).map(({ label, guess, times }) => `${nameOf(label)} as ${nameOf(guess)} (${times})`);
  find("#matrix-pairs").textContent = pairs.length > 0 ? `Most often mistaken: ${pairs.join(", ")}` : "No mistakes.";
  find(".scroller").replaceChildren(...(matrix.length <= classesMax ? [table(matrix, nameOf)] : []));
}

/** @param {number[][]} matrix @param {(label: number) => string} nameOf */
function table(matrix, nameOf) {
  const element = document.createElement("table"), caption = element.createCaption();
  caption.id = "matrix-caption";
  caption.textContent = "Rows: what the images are. Columns: what the model says.";
  const head = element.createTHead().insertRow(), body = element.createTBody();
  head.append(document.createElement("td"), ...matrix.map((_, k) => header(nameOf(k), "col")));
  const worst = Math.max(1, ...confusions(matrix).map(({ times }) => times));
  for (const [label, row] of matrix.entries()) {
    const sum = row.reduce((sum, times) => sum + times, 0), line = body.insertRow();
    line.append(header(nameOf(label), "row"));
    for (const [guess, times] of row.entries()) {
      const cell = line.insertCell(), isRight = label === guess;
      cell.textContent = String(times);
      cell.className = times === 0 ? "none" : isRight ? "right" : "wrong";
      cell.style.setProperty("--share", String(isRight ? times / Math.max(1, sum) : times / worst));
      cell.title = `${nameOf(label)} taken for ${nameOf(guess)}: ${times} of ${sum}`;
    }
  }
  return element;
}

/** @param {string} text @param {"row" | "col"} scope */
function header(text, scope) {
  const cell = document.createElement("th");
  cell.scope = scope;
  cell.textContent = text;
  return cell;
}
