/** Loaders with workers: the same batches as without, errors in their turn, and no worker left. */
import { data, memory, type Tensor, tensor } from "../mod.ts";
import { testWith } from "./permissions.ts";
import { assert, assertEquals, assertMatch, assertRejectsLike, fromFileUrl } from "./support.ts";

const count = 23, shape = [count, 1, 6, 5];
const pixels = Uint8Array.from({ length: 30 * count }, (_, k) => k * 37 % 251);
const labels = Int32Array.from({ length: count }, (_, k) => k % 10);

const bytes = () => new data.ArrayDataset({ data: pixels, shape }, { data: labels, shape: [count] }, { divisor: 255 });
const floats = () =>
  new data.ArrayDataset({ data: Float32Array.from(pixels), shape }, { data: labels, shape: [count] });

/** Samples that count backwards, which only the class itself knows. */
class Backwards extends data.ArrayDataset {
  override batch(indices: ArrayLike<number>) {
    return super.batch(Array.from(indices, (index) => count - 1 - index));
  }
}

/** Every kind of dataset, as workers see them. */
const datasets: Record<string, () => data.Dataset> = {
  "bytes": bytes,
  "floats": floats,
  "a subset of a subset": () => data.subset(data.subset(bytes(), [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5]), 9),
  "drawn digits": () => data.digits({ train: 9 }),
  "a class of one's own": () =>
    new Backwards({ data: pixels, shape }, { data: labels, shape: [count] }, { divisor: 255 }),
  "single tensors": () => ({
    length: 7,
    get: (index) => Promise.resolve([tensor([[[index, 1], [2, 3]]]), tensor(index, { dtype: "int32" })]),
  }),
};

/** Every augmentation. */
const augment = [
  data.randomCrop(1, { fill: "reflect" }),
  data.randomFlip(),
  data.randomAffine({ degrees: 20, scale: 0.2 }),
  data.elastic({ alpha: 3, sigma: 1 }),
  data.normalize(0.3, 0.4),
  data.cutout(2),
  data.mixup(0.5, { classes: 10 }),
  data.cutmix(1, { classes: 10 }),
];

/** The rest of the epoch that a loader is in: all bits of all batches, as texts. */
async function epochOf(loader: data.DataLoader): Promise<string[]> {
  const batches: string[] = [];
  for await (const batch of loader) {
    batches.push(batch.map((part) => `${part.dtype} ${part.shape}: ${part.toTypedArray().join()}`).join("; "));
  }
  return batches;
}

for (const [name, make] of Object.entries(datasets)) {
  testWith(["read"], `batches of ${name} are the same for any number of workers, and after resuming`, async () => {
    const options = { batchSize: 4, shuffle: true, seed: 5, augment };
    const plain = new data.DataLoader(make(), options);
    const epochs = [await epochOf(plain), await epochOf(plain)];
    assert(epochs[0]!.join() !== epochs[1]!.join());
    for (const [workers, prefetch] of [[0, 3], [1, 0], [3, 9]] as const) {
      const loader = new data.DataLoader(make(), { ...options, workers, prefetch });
      assertEquals([await epochOf(loader), await epochOf(loader)], epochs, `${workers} workers`);
      const late = new data.DataLoader(make(), { ...options, seed: 0, workers, prefetch });
      late.loadStateDict({ epoch: 1, batch: 1, seed: 5, batchSize: 4 });
      assertEquals(await epochOf(late), epochs[1]!.slice(1), `resumed with ${workers} workers`);
    }
  });
}

testWith(["read"], "what happens to a sample does not depend on the batch that it is in", async () => {
  const rowsOf = async (batchSize: number, workers: number) => {
    const samples: string[] = [],
      loader = new data.DataLoader(bytes(), { batchSize, workers, augment: augment.slice(0, 6) });
    for await (const [x] of loader) {
      const size = x.size / x.shape[0]!, all = x.toTypedArray();
      for (let k = 0; k < x.shape[0]!; k++) samples.push(all.slice(k * size, (k + 1) * size).join());
    }
    return samples;
  };
  assertEquals(await rowsOf(1, 0), await rowsOf(7, 2));
});

testWith(["read"], "workers make batches without augmentations, of any element type", async () => {
  for (const x of [tensor([[1.5], [2.5]]), tensor(Int32Array.of(1, 2), { shape: [2, 1] }), tensor([[true], [false]])]) {
    const set = new data.ArrayDataset(x, tensor([3, 4]));
    assertEquals(await epochOf(new data.DataLoader(set, { workers: 1 })), await epochOf(new data.DataLoader(set)));
  }
  assertEquals(await epochOf(new data.DataLoader(data.subset(bytes(), 0), { workers: 2 })), []);
});

testWith(["read"], "workers end when a loop breaks or throws, and all memory comes back", async () => {
  const before = memory().bytes;
  for (const make of Object.values(datasets)) {
    const loader = new data.DataLoader(make(), { batchSize: 2, workers: 2, augment });
    for await (const _ of loader) break;
    await assertRejectsLike(async () => {
      for await (const _ of loader) throw new Error("stop");
    }, /^Error: stop$/);
  }
  assert(memory().bytes <= before, `${memory().bytes - before} bytes are left`);
});

testWith(["read"], "an error in a worker is thrown in the turn of its batch, as what it is", async () => {
  const loader = new data.DataLoader(bytes(), { batchSize: 6, workers: 2, augment: [data.mixup(1, { classes: 9 })] });
  const seen: Tensor[] = [];
  await assertRejectsLike(async () => {
    for await (const [x] of loader) seen.push(x);
  }, /^RangeError: Cannot mix: label 9 must be an integer in \[0, 9\)/);
  assertEquals(seen.length, 1);
  const failing: data.Dataset = { length: 3, get: () => Promise.reject(new Error("the sample is lost")) };
  await assertRejectsLike(() => epochOf(new data.DataLoader(failing, { workers: 2 })), /the sample is lost/);
});

/** Runs a program in a process with these permissions, and returns what it says. */
async function say(permissions: readonly string[], program: string): Promise<{ code: number; said: string }> {
  const path = await Deno.makeTempFile({ suffix: ".ts" }), mod = new URL("../mod.ts", import.meta.url);
  try {
    await Deno.writeTextFile(path, `import { data } from ${JSON.stringify(mod.href)};\n${program}`);
    const args = ["run", "--quiet", "--no-prompt", "--no-config", ...permissions, path];
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
    return { code, said: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(path);
  }
}

const start =
  `const loader = new data.DataLoader(data.digits({ train: 8 }), { workers: 1, augment: [data.randomFlip()] });
const loop = loader[Symbol.asyncIterator]();
await loop.next().then(({ value }) => console.log(String(value[0].shape)), (error) => console.log(String(error)));`;
const library = fromFileUrl(new URL("..", import.meta.url));

testWith(["read", "run", "write"], "workers that may not be read say which permission they need", async () => {
  const { code, said } = await say([], start);
  assertEquals(code, 0);
  assertMatch(said, /^Error: Cannot start workers: they need --allow-read=\/\S*\/core,\/\S*\/data,\/\S*\/kernels$/m);
});

testWith(["read", "run", "write"], "a process ends although a loop with workers was left without an end", async () => {
  const rooms = ["core", "data", "kernels"].map((room) => `${library}${room}`);
  const { code, said } = await say([`--allow-read=${rooms.join()}`], start);
  assertEquals(code, 0);
  assertMatch(said, /^1,1,28,28$/m);
});
