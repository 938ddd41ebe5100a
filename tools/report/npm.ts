/**
 * The packages of the report, by the names that it uses: the document that plots draw on (linkedom, ISC), the plots (Observable
 * Plot, ISC) and PNG files (pngjs, MIT). No other file of the folder names a package.
 */
export { parseHTML } from "npm:linkedom@0.18.12";
export * as Plot from "npm:@observablehq/plot@0.6.17";
// @ts-types="./npm.d.ts"
export { PNG } from "npm:pngjs@7.0.0";
