/**
 * The compiled decoder of JPEG files, imported as a module of its own kind, so that no permission is needed to read its
 * file. TypeScript does not know this form of import yet.
 */
// deno-lint-ignore no-import-prefix
import source jpegModule from "npm:@jsquash/jpeg@1.6.0/codec/dec/mozjpeg_dec.wasm";
export { jpegModule };
