/** Types of what `std.ts` takes of Deno's standard library, as the library declares them. */

export declare function stripAnsiCode(string: string): string;
