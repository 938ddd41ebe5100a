/** The types of what `npm.ts` re-exports without types of its own, as far as the report uses it. */

export declare const PNG: {
  sync: {
    /** A PNG file of these pixels: red, green, blue and alpha, a byte each. */
    write(image: { width: number; height: number; data: Uint8Array }): Uint8Array;
    /** The pixels of a PNG file. */
    read(bytes: Uint8Array): { width: number; height: number; data: Uint8Array };
  };
};
