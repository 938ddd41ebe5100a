/** uPlot, which draws the curves, as npm has it: the text of its module and of its style, which the page asks the server for. */
export { default as uplotScript } from "npm:uplot@1.6.32/dist/uPlot.esm.js" with { type: "text" };
export { default as uplotStyle } from "npm:uplot@1.6.32/dist/uPlot.min.css" with { type: "text" };
