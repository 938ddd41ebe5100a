/** Images of the test set, each with what the model says of it. */
import { certainty } from "./words.js";

/**
 * What the log's event `samples`, and the metric of that name, hold.
 *
 * @typedef {{ shape: [channels: number, height: number, width: number], images: string[], labels: number[] }} Samples
 * @typedef {{ predictions: number[], probabilities: number[] }} Predictions
 */

const isNumbers = (/** @type {unknown} */ value) => Array.isArray(value) && value.every(Number.isFinite);

/** The images if they are some. @param {any} event @returns {Samples | null} */
export function samplesOf(event) {
  const isWhole = isNumbers(event?.shape) && event.shape.length === 3 && isNumbers(event.labels) &&
    Array.isArray(event.images) && event.images.every((/** @type {unknown} */ image) => typeof image === "string");
  return isWhole ? event : null;
}

/** What a model said if it said it. @param {any} value @returns {Predictions | null} */
export function predictionsOf(value) {
  return isNumbers(value?.predictions) && isNumbers(value.probabilities) ? value : null;
}

/**
 * Fills the section.
 *
 * @param {HTMLElement} section
 * @param {Samples} samples
 * @param {{ epoch: number, value: Predictions } | null} newest what the model said last
 * @param {(label: number) => string} nameOf
 */
export function showSamples(section, { shape, images, labels }, newest, nameOf) {
  const said = newest?.value;
  const list = /** @type {HTMLElement} */ (section.querySelector("ul"));
  const note = /** @type {HTMLElement} */ (section.querySelector("#samples-note"));
  const right = labels.filter((label, k) => said?.predictions[k] === label).length;
  note.textContent = newest === null ? "" : `epoch ${newest.epoch}: ${right} of ${labels.length} right`;
  list.replaceChildren(...images.map((image, k) => {
    const item = document.createElement("li"), text = document.createElement("p"), picture = canvas(image, shape);
    const label = labels[k] ?? -1, guess = said?.predictions[k];
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", `an image of ${nameOf(label)}`);
    if (guess === undefined) text.textContent = nameOf(label);
    else {
      const isRight = guess === label, mark = document.createElement("strong");
      item.className = isRight ? "right" : "wrong";
      mark.textContent = isRight ? `${nameOf(guess)} ✓` : `${nameOf(guess)} ✗`;
      text.append(mark, ` ${certainty(said?.probabilities[k])}`);
      if (!isRight) text.append(document.createElement("br"), `it is ${nameOf(label)}`);
    }
    item.append(picture, text);
    return item;
  }));
}

/** An image of bytes [channels, height, width] in base64. @param {string} image @param {Samples["shape"]} shape */
function canvas(image, [channels, height, width]) {
  const element = document.createElement("canvas"),
    bytes = Uint8Array.from(atob(image), (letter) => letter.charCodeAt(0));
  element.width = width;
  element.height = height;
  const context = /** @type {CanvasRenderingContext2D} */ (element.getContext("2d"));
  const pixels = context.createImageData(width, height), plane = width * height;
  for (let k = 0; k < plane; k++) {
    for (let channel = 0; channel < 3; channel++) {
      pixels.data[4 * k + channel] = bytes[Math.min(channel, channels - 1) * plane + k] ?? 0;
    }
    pixels.data[4 * k + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
  return element;
}
