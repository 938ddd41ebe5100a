/**
 * The model of a run: made from its config and from what its data look like, saved with both, and made again from the file.
 */
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { io, nn } from "../../mod.ts";
import { type Config, makeConfig, parseConfig } from "./config.ts";

/** What a model must know of the data, and what it takes to show it another image. */
export interface ImageInfo {
  /** The channels, height and width of an image. */
  readonly image: readonly [channels: number, height: number, width: number];
  /** The name of each class: label k means `classes[k]`. */
  readonly classes: readonly string[];
  /** The mean and the deviation of each channel, by which pixels in 0..1 are normalized; null if they are not. */
  readonly statistics: { readonly mean: readonly number[]; readonly deviation: readonly number[] } | null;
}

/** What a file that `--model` names exports by default. */
export type ModelMaker = (info: ImageInfo, config: Config) => nn.Module | Promise<nn.Module>;

/** The model that a config asks for. TypeError for a file that exports no function, or whose function makes no module. */
export async function buildModel(config: Config, info: ImageInfo): Promise<nn.Module> {
  const { model, width, depth, norm, dropout, residual, patch, expansion } = config;
  const { image, classes: { length: classes } } = info, common = { width, depth, norm, dropout, residual, classes };
  if (model === "mlpresnet") {
    return new nn.models.MLPResNet({ ...common, inputs: image[0] * image[1] * image[2] });
  }
  if (model === "resmlp") return new nn.models.ResMLP({ ...common, image, patch, expansion });
  return await buildFrom(model, config, info);
}

async function buildFrom(path: string, config: Config, info: ImageInfo): Promise<nn.Module> {
  if (!/\.[mc]?[jt]s$/.test(path)) {
    throw new RangeError(
      `Cannot make model ${path}: it must be mlpresnet, resmlp, or a file of TypeScript or JavaScript`,
    );
  }
  let make: ModelMaker;
  try {
    ({ default: make } = await import(pathToFileURL(resolve(path)).href));
  } catch (cause) {
    throw new Error(`Cannot make model ${path}: ${(cause as Error).message}`, { cause });
  }
  if (typeof make !== "function") {
    throw new TypeError(
      `Cannot make model ${path}: its default export must be a function ({ image, classes }, config)`,
    );
  }
  const model = await make(info, config);
  if (!(model instanceof nn.Module)) {
    throw new TypeError(`Cannot make model ${path}: its function must return a module of deneb's nn`);
  }
  return model;
}

/** The names in a file's metadata. */
const configName = "deneb.config", infoName = "deneb.images";

/** Saves a model with all that it takes to make it again and to show it an image. */
export async function saveModel(path: string, model: nn.Module, config: Config, info: ImageInfo): Promise<void> {
  const { image, classes, statistics } = info;
  const metadata = {
    [configName]: JSON.stringify(config),
    [infoName]: JSON.stringify({ image, classes, statistics }),
  };
  await io.save(path, model.stateDict(), { metadata });
}

/** A model from its file, in evaluation mode, with its config and what it must know of images. */
export interface OpenedModel {
  readonly model: nn.Module;
  readonly config: Config;
  readonly info: ImageInfo;
}

/**
 * Makes the model of a file that {@linkcode saveModel} wrote.
 *
 * A model of another maker than Deneb's is made only if `code` names the very file of the config: what a file of weights
 * names must not run because it is opened. SyntaxError for a file that does not say how its model is made, RangeError for a
 * config that cannot be, TypeError for weights that do not fit it.
 */
export async function openModel(path: string, code?: string): Promise<OpenedModel> {
  const metadata = await io.loadMetadata(path);
  const config = makeConfig(parseConfig(path, partOf(path, metadata, configName)));
  const info = checkInfo(path, JSON.parse(partOf(path, metadata, infoName)));
  if (!known.includes(config.model) && config.model !== code) {
    throw new Error(`Cannot open model ${path}: it is made by ${config.model}, --model ${config.model} runs that file`);
  }
  const model = await buildModel(config, info), state = await io.load(path);
  try {
    model.loadStateDict(state);
  } catch (cause) {
    throw new TypeError(`Cannot open model ${path}: ${(cause as Error).message}`, { cause });
  } finally {
    for (const tensor of Object.values(state)) tensor.dispose();
  }
  model.eval();
  return { model, config, info };
}

/** The models that are made here. */
const known = ["mlpresnet", "resmlp"];

function partOf(path: string, metadata: Readonly<Record<string, string>>, name: string): string {
  const part = metadata[name];
  if (part !== undefined) return part;
  throw new SyntaxError(`Cannot open model ${path}: its metadata has no ${name}, which deno task train writes`);
}

/** What a file says of images. SyntaxError unless all of it is there. */
function checkInfo(path: string, info: Partial<ImageInfo> | null): ImageInfo {
  const { image, classes, statistics } = info ?? {},
    isSize = (side: unknown) => Number.isSafeInteger(side) && (side as number) > 0;
  const isList = (list: unknown, fits: (item: unknown) => boolean) => Array.isArray(list) && list.every(fits);
  const isPerChannel = (list: unknown) => isList(list, Number.isFinite) && (list as number[]).length === image?.[0];
  const isWhole = isList(image, isSize) && image?.length === 3 && isList(classes, (name) => typeof name === "string") &&
    (statistics === null || (isPerChannel(statistics?.mean) && isPerChannel(statistics?.deviation)));
  if (isWhole) return { image: image!, classes: classes!, statistics: statistics! };
  throw new SyntaxError(`Cannot open model ${path}: its metadata does not say which images it takes`);
}
