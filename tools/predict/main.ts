/**
 * Says what a trained model sees in images: the most probable classes of each, and in a terminal a picture of what the model is
 * shown.
 *
 *     deno task predict runs/mnist digit.png
 */
import { setDefaultDevice } from "../../mod.ts";
import { picture } from "../picture.ts";
import { runProgram } from "../program.ts";
import { type OpenedModel, openModel } from "../train/model.ts";
import { look, type Sight } from "./look.ts";
import { readWords } from "./words.ts";

/** The classes that are printed for an image. */
const classesShown = 3;

const help = `Says what a trained model sees in images.

  deno task predict [flags] MODEL IMAGE...

  MODEL           the folder of a run, or the model.safetensors in it
  IMAGE           a PNG or JPEG file of any size

  --json          prints a line of JSON for each image
  --model FILE    runs the file that made the model, where a run had --model FILE.ts
  --device NAME   auto, cpu, opencl, cuda, wasm or reference  (auto)
  --help          this page`;

/** Opens the model of a run's folder, or of a file. */
async function open(path: string, code: string | undefined): Promise<OpenedModel> {
  const about = await Deno.stat(path).catch((cause) => {
    const why = cause instanceof Deno.errors.NotFound ? "there is no such folder or file" : (cause as Error).message;
    throw new Error(`Cannot open model ${path}: ${why}`, { cause });
  });
  const opened = await openModel(about.isDirectory ? `${path}/model.safetensors` : path, code);
  const [channels] = opened.info.image;
  if (channels === 1 || channels === 3) return opened;
  throw new RangeError(`Cannot open model ${path}: its images have ${channels} channels, they must have 1 or 3`);
}

/** What is printed of an image, as people read it. */
function told(path: string, { classes, pixels, isInverted }: Sight, image: OpenedModel["info"]["image"]): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`.padStart(8);
  // A model's file may name its classes as it likes: nothing in a name may steer the terminal.
  const rows = classes.slice(0, classesShown).map(({ name, probability }) => ({
    name: name.replace(/\p{Cc}/gu, "?"),
    probability,
  }));
  const widest = Math.max(...rows.map(({ name }) => name.length));
  const colours = image[0] === 3 && !Deno.noColor;
  return [
    `${path}: ${rows[0]!.name}`,
    ...rows.map(({ name, probability }) => `  ${name.padEnd(widest)} ${percent(probability)}`),
    ...(isInverted ? ["  It is dark on light; the model was shown it light on dark."] : []),
    ...(Deno.stdout.isTerminal() ? picture(pixels, image, { colours }).map((line) => `  ${line}`) : []),
  ].join("\n");
}

/** Predicts as the command line says. Returns the exit code, 1 if an image could not be read. */
async function main(words: readonly string[]): Promise<number> {
  const asked = readWords(words);
  if (asked.help) {
    console.log(help);
    return 0;
  }
  if (asked.model === null || asked.images.length === 0) {
    const missing = asked.model === null ? "a model and images are" : "images are";
    throw new RangeError(`Cannot predict: ${missing} missing; deno task predict MODEL IMAGE..., --help says more`);
  }
  await setDefaultDevice(asked.device);
  const opened = await open(asked.model, asked.code);
  let failures = 0;
  for (const path of asked.images) {
    try {
      const sight = await look(opened, path), { classes, isInverted } = sight;
      console.log(asked.json ? JSON.stringify({ path, isInverted, classes }) : told(path, sight, opened.info.image));
    } catch (error) {
      failures++;
      const { message } = error as Error;
      const named = message.includes(path) ? message : `Cannot predict ${path}: ${message}`;
      if (asked.json) console.log(JSON.stringify({ path, error: named }));
      else console.error(named);
    }
  }
  return failures === 0 ? 0 : 1;
}

if (import.meta.main) await runProgram(main);
