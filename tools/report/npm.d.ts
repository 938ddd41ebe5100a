/** The types of what `npm.ts` re-exports without types of its own, as far as the report uses it. */

export declare const PNG: {
  sync: {
    /** A PNG file of these pixels, given as red, green, blue and alpha, a byte each. The file keeps 0: gray, 2: red, green and blue. */
    write(image: { width: number; height: number; data: Uint8Array }, options: { colorType: 0 | 2 }): Uint8Array;
    /** The pixels of a PNG file. */
    read(bytes: Uint8Array): { width: number; height: number; data: Uint8Array };
  };
};
