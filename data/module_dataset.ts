/** Datasets of modules, which workers can open by themselves, so that samples are read and decoded beside the training. */
import { checkOptions, checkText, refuse } from "../core/internal.ts";
import type { Tensor } from "../core/mod.ts";
import type { Dataset } from "./contract.ts";
import { openModule } from "./workers/module.ts";
import { offerSource } from "./workers/source.ts";

/** Options of {@linkcode moduleDataset}. */
export interface ModuleDatasetOptions {
  /** The name of the export, "default" by default. */
  name?: string;
  /** What the export is called with, if it is a function. Workers get a copy. */
  argument?: unknown;
}

/**
 * The dataset that a module exports: itself, or what a function of that name gives or promises for `argument`.
 *
 * A loader with `workers` opens the module in each of them and asks it there for samples, also for a {@linkcode subset} of it
 * and for splits. Batches are the same for any number of workers, if the dataset gives the same sample for the same number
 * wherever it is opened. With a `collate` of one's own, samples are asked for where the loop runs. Workers need the permission
 * to read the module.
 *
 * An error of `get` names the sample. TypeError for what is no URL and for an export that gives no dataset; Error for an
 * argument that cannot be copied; what importing throws.
 *
 * @example
 * ```ts
 * import { data } from "deneb";
 *
 * const source = "export default (count) => ({ length: count, get: (index) => [index, index * index] });";
 * const squares = await data.moduleDataset<number[]>(`data:text/javascript,${encodeURIComponent(source)}`, { argument: 9 });
 * if (squares.length !== 9 || String(await squares.get(3)) !== "3,9") throw new Error("another sample");
 * ```
 */
export async function moduleDataset<S = [x: Tensor, y: Tensor]>(
  url: URL | string,
  options: ModuleDatasetOptions = {},
): Promise<Dataset<S>> {
  const action = "open module dataset";
  const { name = "default", argument } = checkOptions(action, options, '{ argument: "folder" }', ["name", "argument"]);
  checkText(action, "name", name);
  if (!(url instanceof URL) && !(typeof url === "string" && URL.canParse(url))) {
    return refuse(action, url, 'a URL, such as new URL("./scans.ts", import.meta.url)');
  }
  const module = { href: String(url), name, argument: structuredClone(argument) };
  const dataset = await openModule(module) as Dataset<S>;
  offerSource(dataset, () => ({ arrays: null, module, placeOf: (index) => index }));
  return dataset;
}
