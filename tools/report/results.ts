/**
 * What a run found, small enough to be kept in the repository: the pages are made from these files alone. A result stands in
 * docs/report/results/<experiment>/<variant>-<seed>.json, with the worst mistakes as an image beside it.
 */
import type { Config } from "../train/config.ts";
import { keyOf } from "./experiments.ts";

/** The machine of a run. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  /** The threads that computed. */
  readonly threads: number;
  readonly device: string;
  /** The level of instructions, where the device has such; else "". */
  readonly level: string;
}

/** A point of a curve. */
export interface Point {
  readonly epoch: number;
  /** The mean loss of the epoch's batches. */
  readonly loss: number;
  /** Of the test set after the epoch: the loss that is trained, with its label smoothing. */
  readonly testLoss: number | null;
  readonly accuracy: number | null;
}

/** A test image that the model took for another class. */
export interface Mistake {
  /** Its place in the test set. */
  readonly index: number;
  readonly label: number;
  readonly guess: number;
  /** The probability that the model gave its guess. */
  readonly probability: number;
}

/** The result of a run. */
export interface Result {
  /** The fields that the run computed by. */
  readonly config: Partial<Config>;
  /** Whether PyTorch did the run. */
  readonly pytorch: boolean;
  readonly accuracy: number;
  readonly loss: number;
  /** Rows are labels, columns what the model said. */
  readonly confusion: readonly (readonly number[])[];
  readonly parameters: number;
  /** Of training alone. */
  readonly seconds: number;
  readonly totalSeconds: number;
  readonly epochs: number;
  readonly machine: Machine;
  readonly curve: readonly Point[];
  /** The surest mistakes, whose images stand beside each other in the PNG file of the same name. */
  readonly mistakes: readonly Mistake[];
  /** Of a model that is kept in the repository: the bytes of its file, and the share of test images that this very file knows. */
  readonly kept?: { readonly accuracy: number; readonly bytes: number };
}

/** The most points that a kept curve has. */
const pointsMax = 100;

/** Results by the key of their runs, and the file of each, without its ending. */
export type Results = ReadonlyMap<string, { readonly result: Result; readonly path: string }>;

/**
 * All results of a folder; none where there is no folder. Fields that a result's config lacks have their defaults: they are
 * younger than the result. One whose fields are refused today belongs to no run. SyntaxError for a file that is no JSON.
 */
export async function readResults(folder: string): Promise<Results> {
  const found = new Map<string, { result: Result; path: string }>();
  for (const experiment of entries(folder).filter(({ isDirectory }) => isDirectory)) {
    for (const { name } of entries(`${folder}/${experiment.name}`).filter(({ name }) => name.endsWith(".json"))) {
      const path = `${folder}/${experiment.name}/${name}`, result = parse(path, Deno.readTextFileSync(path)) as Result;
      const key = await keyOf(result.config, result.pytorch).catch(() => path);
      found.set(key, { result, path: path.slice(0, -".json".length) });
    }
  }
  return found;
}

/** The entries of a folder by name; none where there is no folder. */
function entries(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)].sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(`Cannot read ${path}: it is not JSON (${(cause as Error).message})`, { cause });
  }
}

/** The text of a result's file: numbers of five digits, one point of the curve a line. */
export function resultText(result: Result): string {
  const short = (_: string, value: unknown) => typeof value === "number" ? Number(value.toPrecision(5)) : value;
  const line = (value: unknown) => JSON.stringify(value, short);
  const list = (items: readonly unknown[]) =>
    items.length === 0 ? "[]" : `[\n${items.map((item) => `    ${line(item)}`).join(",\n")}\n  ]`;
  const exact = ["accuracy", "parameters", "config", "kept"]; // Five digits are too few for these.
  const rows = Object.entries(result).map(([name, value]) => {
    const text = ["curve", "mistakes", "confusion"].includes(name)
      ? list(value as unknown[])
      : exact.includes(name)
      ? JSON.stringify(value)
      : line(value);
    return `  ${JSON.stringify(name)}: ${text}`;
  });
  return `{\n${rows.join(",\n")}\n}\n`;
}

/** The events of a log that make a curve: see `train.TrainEvent`. */
interface EpochLine {
  readonly epoch: number;
  readonly loss: number;
  readonly validation: { readonly loss?: number; readonly accuracy?: number } | null;
}

/** The curve of a log of events, one a line, with at most a hundred points; the last epoch is always there. */
export function curveOf(log: string): Point[] {
  const all = log.split("\n").filter((line) => line.includes('"kind":"epoch"')).map((line) =>
    JSON.parse(line) as EpochLine
  );
  const stride = Math.ceil(all.length / pointsMax), last = all.length - 1;
  return all.filter((_, k) => k === 0 || (last - k) % stride === 0).map(({ epoch, loss, validation }) => ({
    epoch,
    loss,
    testLoss: validation?.loss ?? null,
    accuracy: validation?.accuracy ?? null,
  }));
}
