/**
 * The packages of this folder, by the names that it uses: pngjs (MIT), MozJPEG compiled to WebAssembly by jSquash
 * (Apache-2.0) and Papa Parse (MIT). No other file of the folder names a package, but for `npm.js` beside it.
 */
// @ts-types="./npm.d.ts"
export { PNG } from "npm:pngjs@7.0.0";
// @ts-types="./npm.d.ts"
export { default as decodeJpeg, init as initJpeg } from "npm:@jsquash/jpeg@1.6.0/decode.js";
// @ts-types="./papaparse.d.ts"
export { default as Papa } from "npm:papaparse@5.7.1";
// @ts-types="./npm.d.ts"
export { jpegModule } from "./npm.js";
