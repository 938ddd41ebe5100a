/** The types of what `npm.ts` re-exports, as far as this folder uses it. */

export declare const PNG: {
  sync: {
    /** The pixels as red, green, blue and alpha: bytes, or 16 bits each of a file that has these, if they stay unscaled. */
    read(
      bytes: Uint8Array,
      options: { skipRescale: boolean },
    ): { width: number; height: number; data: Uint8Array | Uint16Array };
  };
};

/** Starts the decoder, in a memory of its own. `printErr` gets its warnings line by line. */
export declare function initJpeg(
  module: WebAssembly.Module,
  options: { printErr: (line: string) => void },
): Promise<void>;

/** The pixels as red, green, blue and alpha; with `preserveOrientation`, turned upright by the file's EXIF orientation. */
export declare function decodeJpeg(
  bytes: Uint8Array,
  options: { preserveOrientation: boolean },
): Promise<{ width: number; height: number; data: Uint8ClampedArray }>;

/** The decoder's compiled module. */
export declare const jpegModule: WebAssembly.Module;

export { decodeJpeg as default, initJpeg as init };
