/** Where the report reads and writes. */
import { io } from "../../mod.ts";
import type { Experiment } from "./experiments.ts";
import type { Pages } from "./page.ts";

/** The folder of the pages, and in it that of the results. */
export const reportFolder = "docs/report", resultsFolder = `${reportFolder}/results`;
/** The folder of the runs themselves, which are not kept in the repository. */
export const runsFolder = "runs/report";

/** The experiments of the file. SyntaxError for a file that is not JSON. */
export function readExperiments(): Experiment[] {
  const path = `${reportFolder}/experiments.json`;
  try {
    return JSON.parse(Deno.readTextFileSync(path));
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${path}: ${(cause as Error).message}`, { cause });
  }
}

/** Writes text whole or not at all, and makes its folder. */
export async function writeText(path: string, text: string): Promise<void> {
  await writeBytes(path, new TextEncoder().encode(text));
}

/** As {@linkcode writeText}, for bytes. */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  await io.writeWhole(path, bytes);
}

/** The pages whose files are missing or differ, and figures that belong to no page. */
export function staleOf(pages: Pages, folder: string): string[] {
  const differing = [...pages].filter(([path, text]) => textOf(`${folder}/${path}`) !== text).map(([path]) => path);
  return [...differing, ...strays(pages, folder)];
}

/** Writes the pages that differ, and removes figures that no page shows. Gives the paths of both. */
export async function writePages(pages: Pages, folder: string): Promise<string[]> {
  const stale = staleOf(pages, folder);
  for (const path of stale) {
    const text = pages.get(path);
    if (text === undefined) await Deno.remove(`${folder}/${path}`);
    else await writeText(`${folder}/${path}`, text);
  }
  return stale;
}

function strays(pages: Pages, folder: string): string[] {
  try {
    return [...Deno.readDirSync(`${folder}/figures`)].map(({ name }) => `figures/${name}`).filter((path) =>
      !pages.has(path)
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function textOf(path: string): string | null {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
