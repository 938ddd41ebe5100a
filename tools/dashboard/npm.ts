/**
 * The package of the page: uPlot (MIT), which draws the curves; here the texts of its module and of its style, which the page
 * asks the server for. No other file of this folder names a package, but for the types in `page/chart.js`.
 */
export { default as uplotScript } from "npm:uplot@1.6.32/dist/uPlot.esm.js" with { type: "text" };
export { default as uplotStyle } from "npm:uplot@1.6.32/dist/uPlot.min.css" with { type: "text" };
