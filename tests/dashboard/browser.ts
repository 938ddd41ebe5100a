/** The browser of these tests: a Chromium that is on the path, or that `DENEB_CHROMIUM` names. */
import { environment } from "../../kernels/native/environment.ts";
import type { Browser } from "./npm.ts";

/** The browser's program; null if there is none. */
export const browserPath: string | null = findBrowser();

function findBrowser(): string | null {
  const folders = (environment("PATH") ?? "").split(":");
  const paths = folders.flatMap((folder) => ["chromium", "chromium-browser"].map((name) => `${folder}/${name}`));
  const isThere = (path: string) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  };
  return environment("DENEB_CHROMIUM") ?? paths.find(isThere) ?? null;
}

/** Starts the browser without a window. Error if there is none. */
export async function launch(): Promise<Browser> {
  if (browserPath === null) {
    throw new Error("Cannot start Chromium: there is none on the path; DENEB_CHROMIUM names one");
  }
  // The package asks for permissions when it is imported, which a test run without them does not have.
  const { chromium } = await import("./npm.ts");
  return await chromium.launch({ executablePath: browserPath });
}
