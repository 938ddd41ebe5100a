/** Datasets of modules: the same batches wherever they are opened, and errors that name the sample. */
import { data, memory, Tensor } from "../../mod.ts";
import { testWith } from "../permissions.ts";
import { assert, assertEquals, assertRejects } from "../support.ts";

type Pair = [x: Tensor, y: Tensor];

// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;
const url = new URL("./module_sets.ts", import.meta.url);

/** A batch as text. */
function textOf(batch: unknown): string {
  return JSON.stringify(
    batch,
    (_, value) => value instanceof Tensor ? `${value.dtype} ${value.shape}: ${value.toTypedArray()}` : value,
  );
}

/** The batches of the second epoch: a worker takes as long to start as the whole library. */
async function epochOf(dataset: data.Dataset<Pair>, options: data.DataLoaderOptions<Pair, Pair>): Promise<string[]> {
  const texts: string[] = [], loader = new data.DataLoader<Pair, Pair>(dataset, options);
  loader.loadStateDict({ ...loader.stateDict(), epoch: 1 });
  for await (const batch of loader) texts.push(textOf(batch));
  return texts;
}

testWith(["read"], "a dataset of a module gives the same batches for any number of workers", async () => {
  const before = memory().tensors;
  const augment = [data.randomFlip(), data.mixup(0.5, { classes: 20 })];
  const images = await data.moduleDataset(url, { argument: { count: 11 } });
  const whole = await data.moduleDataset(url, { name: "whole" });
  const records = given(await data.moduleDataset(url, { name: "records" }));
  const cases: [dataset: data.Dataset, options: object, workers?: number][] = [
    [images, { augment, shuffle: true, batchSize: 3 }, 3],
    [data.subset(images, [7, 3, 9, 1]), { augment, batchSize: 3 }],
    [data.randomSplit(images, [0.5, 0.5])[1]!, { shuffle: true, batchSize: 2 }],
    [records, { shuffle: true, batchSize: 2 }],
    [whole, { batchSize: 2 }],
  ];
  for (const [dataset, options, workers = 1] of cases) {
    const plain = await epochOf(dataset, { ...options, seed: 4 });
    assertEquals(await epochOf(dataset, { ...options, seed: 4, workers }), plain);
  }
  for await (const _ of new data.DataLoader(images, { workers: 1 })) break;
  const [first] = await epochOf(records, { batchSize: 2 });
  assertEquals(JSON.parse(first!), {
    name: ["record 0", "record 1"],
    x: "float32 2,1: 0,1",
    parts: ["float32 2: 0,1", "bool 2: 1,0"],
  });
  assert(memory().tensors <= before);
});

testWith(["read"], "an error of a sample names it, here and in workers, in its turn", async () => {
  const broken = await data.moduleDataset(url, { argument: { count: 9, broken: 5 } });
  const strange = given(await data.moduleDataset(url, { name: "strange" }));
  for (const workers of [0, 1]) {
    let batches = 0;
    await assertRejects(
      async () => {
        for await (const _ of new data.DataLoader(broken, { batchSize: 2, workers })) batches++;
      },
      Error,
      "Cannot get sample 5: its file is cut",
    );
    assertEquals(batches, 2);
    await assertRejects(
      async () => {
        for await (const _ of new data.DataLoader(strange, { workers }));
      },
      Error,
      "Cannot get sample 0: ",
    );
  }
});

testWith(["read"], "what is no module with a dataset is refused", async () => {
  const cases: [url: unknown, options: unknown, text: string][] = [
    ["./sets.ts", {}, 'Cannot open module dataset: "./sets.ts", it must be a URL'],
    [3, {}, "Cannot open module dataset: 3, it must be a URL"],
    [url, { export: "images" }, "there is no option export"],
    [url, { name: 3 }, "name 3 must be a text"],
    [url, { name: "nothing" }, "3, it must be a dataset with length and get()"],
    [url, { name: "toString" }, "undefined, it must be a dataset"],
    [url, { argument: () => 1 }, "could not be cloned"],
    [new URL("./no_such_module.ts", url), {}, "no_such_module.ts"],
    [url, {}, "Cannot destructure"],
  ];
  for (const [from, options, text] of cases) {
    await assertRejects(() => data.moduleDataset(given(from), given(options)), Error, text);
  }
});
