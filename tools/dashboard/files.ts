/**
 * The files that the server gives, each by its path: a table, so that no path of a request reaches the disk. They are imported
 * as texts, which needs no permission to read.
 */
import chart from "./page/chart.js" with { type: "text" };
import icon from "./page/icon.svg" with { type: "text" };
import index from "./page/index.html" with { type: "text" };
import main from "./page/main.js" with { type: "text" };
import matrix from "./page/matrix.js" with { type: "text" };
import samples from "./page/samples.js" with { type: "text" };
import state from "./page/state.js" with { type: "text" };
import style from "./page/style.css" with { type: "text" };
import words from "./page/words.js" with { type: "text" };
import { uplotScript, uplotStyle } from "./npm.ts";

const script = "text/javascript; charset=utf-8", css = "text/css; charset=utf-8";

/** The text and type of each file. */
export const files: Readonly<Record<string, { readonly text: string; readonly type: string }>> = {
  "/": { text: index, type: "text/html; charset=utf-8" },
  "/icon.svg": { text: icon, type: "image/svg+xml" },
  "/style.css": { text: style, type: css },
  "/uplot.css": { text: uplotStyle, type: css },
  "/uplot.js": { text: uplotScript, type: script },
  "/chart.js": { text: chart, type: script },
  "/main.js": { text: main, type: script },
  "/matrix.js": { text: matrix, type: script },
  "/samples.js": { text: samples, type: script },
  "/state.js": { text: state, type: script },
  "/words.js": { text: words, type: script },
};
