/** What draws pictures, loaded only by those who ask for one. */
type Plots = typeof import("./plot.ts");

/**
 * `plot.ts`. It takes packages of npm, which Deno would fetch at the start of a program that names the file; an address that is put
 * together is followed when it is reached.
 */
export async function plots(): Promise<Plots> {
  const { href } = new URL("plot.ts", import.meta.url);
  return await import(href) as Plots;
}
