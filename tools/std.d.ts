/** The types of the functions that `std.ts` re-exports, as Deno's standard library declares them. */

export declare function stripAnsiCode(string: string): string;
