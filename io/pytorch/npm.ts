/** The package of this folder: fflate (MIT), which reads zip archives. No other file of the folder names a package. */
export { unzipSync } from "npm:fflate@0.8.3";
