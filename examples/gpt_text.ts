/**
 * A small GPT that learns to write TypeScript from the library's own sources, character by character, in the shape of nanoGPT.
 * Beside its figure stand those of models that only count which character follows the last ones.
 *
 *     deno run --allow-read --allow-ffi --allow-env examples/gpt_text.ts            # the sources of this repository
 *     deno run --allow-read --allow-ffi --allow-env examples/gpt_text.ts FILE.txt   # a text of your own
 */
import { capture, data, manualSeed, nn, noGrad, optim, scope, type Tensor, tensor } from "../mod.ts";
import { CharTokenizer } from "../data/text/mod.ts";

const defaults = {
  /** The documents to learn from; the sources of this repository if none are given. A tenth of them tests the model. */
  texts: null as readonly string[] | null,
  /** The number of training steps, each on `batchSize` pieces of the text. */
  steps: 2000,
  batchSize: 16,
  /** Characters in a piece, which is as far as the model looks back. */
  block: 64,
  /** Features of a character, and the number of blocks and heads. */
  width: 96,
  depth: 3,
  heads: 4,
  /** The highest learning rate; it rises for a tenth of the steps and falls along a cosine. */
  lr: 3e-3,
  /** Pieces of the test text that measure the model. */
  tests: 1000,
  /** What the model goes on from, the number of new characters, and how freely they are drawn. */
  prompt: "/** The sum of ",
  count: 600,
  temperature: 0.7,
  topK: 20,
  seed: 0,
  /** Tells what happens. */
  say: (line: string): void => console.log(line),
  /** Takes what the model writes, a character at a time. */
  write: (text: string): void => void Deno.stdout.writeSync(new TextEncoder().encode(text)),
};

/** Trains the model. Returns its bits per character of the test text, those of counted models, and what it writes. */
export async function main(options: Partial<typeof defaults> = {}) {
  const { texts, steps, batchSize, block, tests, seed, say, write, ...others } = { ...defaults, ...options };
  const { width, depth, heads, lr, prompt, count, temperature, topK } = others;
  manualSeed(seed);

  // Every tenth document is for testing. Characters that come first in one of these are all the same unknown one.
  const documents = texts ?? await sources();
  const [train, test] = [false, true].map((isTest) =>
    documents.filter((_, k) => k % 10 === 9 === isTest).join("\n")
  ) as [string, string];
  const tokenizer = CharTokenizer.of(train + prompt, { specialTokens: ["<?>"], unknown: "<?>" });
  const tokens = tokenizer.encode(train), testTokens = tokenizer.encode(test);
  say(`${tokens.length} characters to learn from, ${testTokens.length} to test, ${tokenizer.vocabSize} different ones`);

  const counts = new Counted(tokens, 5, tokenizer.vocabSize), orders = [1, 2, 3, 5];
  const counted = orders.map((order) => counts.bits(testTokens, order));
  const listed = orders.map((order, k) => `${counted[k]!.toFixed(3)} by counts of ${order}`).join(", ");
  say(`bits per character of the test text: ${listed} in a row`);

  const model = new nn.models.GPT({ vocabulary: tokenizer.vocabSize, block, width, depth, heads });
  const lossOf = new nn.CrossEntropyLoss();
  const loss = (x: Tensor, y: Tensor) => lossOf.call(model.call(x).flatten(0, 1), y.flatten());
  const optimizer = new optim.AdamW(model.parameters(), { lr, betas: [0.9, 0.99], weightDecay: 0.1 });
  const schedule = new optim.OneCycle(optimizer, { maxLr: lr, steps, pctStart: 0.1, cycleMomentum: false });
  const step = capture((x: Tensor, y: Tensor) => {
    const value = loss(x, y);
    optimizer.resetGrad();
    value.backward();
    optim.clipGradNorm(model.parameters(), 1);
    optimizer.step();
    return value;
  });

  // Pieces begin at any character, as chance wants it.
  const pieces = data.nextTokenWindows(tokens, { length: block, stride: 1 });
  const sampler = new data.RandomSampler(pieces, { replacement: true, numSamples: steps * batchSize });
  const start = performance.now();
  let k = 0;
  for await (const [x, y] of new data.DataLoader(pieces, { batchSize, sampler, seed })) {
    using _ = scope();
    const value = step(x, y);
    schedule.step();
    if (k++ % Math.ceil(steps / 10) === 0 || k === steps) {
      const bits = (value.item() as number) / Math.LN2, seconds = (performance.now() - start) / 1000;
      say(`step ${k}  ${bits.toFixed(3)} bits per character  ${seconds.toFixed(0)} s`);
    }
  }

  model.eval();
  const judge = capture((x: Tensor, y: Tensor) => noGrad(() => loss(x, y)));
  const bits = await measure(judge, testTokens, block, tests);
  say(`${bits.toFixed(3)} bits per character of the test text, a perplexity of ${(2 ** bits).toFixed(2)}\n`);

  write(prompt);
  const begin = tensor(tokenizer.encode(prompt)).reshape([1, -1]);
  let text = "";
  const onToken = (token: Tensor) => {
    const piece = tokenizer.decode([token.item() as number]);
    text += piece;
    write(piece);
  };
  model.generate(begin, { count, temperature, topK, onToken }).dispose();
  write("\n");
  return { bits, counted, text };
}

/** The mean bits of a character in some pieces from all over the text. */
async function measure(judge: (x: Tensor, y: Tensor) => Tensor, tokens: Int32Array, block: number, count: number) {
  const all = data.nextTokenWindows(tokens, { length: block }), every = Math.max(1, Math.floor(all.length / count));
  const indices = Array.from({ length: Math.min(count, all.length) }, (_, k) => k * every);
  let sum = 0, pieces = 0;
  for await (const [x, y] of new data.DataLoader(data.subset(all, indices), { batchSize: 50 })) {
    using _ = scope();
    sum += (judge(x, y).item() as number) * x.shape[0]!;
    pieces += x.shape[0]!;
  }
  return sum / pieces / Math.LN2;
}

/** The TypeScript sources of the library, by path. */
async function sources(): Promise<string[]> {
  const found: string[] = [];
  const look = async (folder: URL) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) await look(new URL(`${name}/`, folder));
      else if (name.endsWith(".ts")) found.push(new URL(name, folder).href);
    }
  };
  for (const room of ["core", "nn", "optim", "data", "io", "train"]) {
    await look(new URL(`../${room}/`, import.meta.url));
  }
  return await Promise.all(found.sort().map((path) => Deno.readTextFile(new URL(path))));
}

/**
 * What follows the last characters, by counts: as often as it did, and for what never did, by one character less (Witten and Bell
 * 1991).
 */
class Counted {
  readonly #vocabulary: number;
  /** For each number of characters before, and each of their values as one number: what followed, and how often. */
  readonly #followers: readonly Map<number, { total: number; counts: Map<number, number> }>[];

  constructor(tokens: Int32Array, most: number, vocabulary: number) {
    this.#vocabulary = vocabulary;
    this.#followers = Array.from({ length: most }, (_, before) => {
      const rows = new Map<number, { total: number; counts: Map<number, number> }>();
      for (let k = before; k < tokens.length; k++) {
        const key = this.#key(tokens, k, before), token = tokens[k]!;
        let row = rows.get(key);
        if (row === undefined) rows.set(key, row = { total: 0, counts: new Map() });
        row.total++;
        row.counts.set(token, (row.counts.get(token) ?? 0) + 1);
      }
      return rows;
    });
  }

  #key(tokens: Int32Array, k: number, before: number): number {
    let key = 0;
    for (let j = k - before; j < k; j++) key = key * this.#vocabulary + tokens[j]!;
    return key;
  }

  /** The mean bits of a character of a text, by counts of so many characters in a row. */
  bits(tokens: Int32Array, order: number): number {
    let sum = 0;
    for (let k = 0; k < tokens.length; k++) {
      let probability = 1 / this.#vocabulary;
      for (let before = 0; before < Math.min(order, k + 1); before++) {
        const row = this.#followers[before]!.get(this.#key(tokens, k, before));
        if (row === undefined) break;
        const { total, counts } = row;
        probability = ((counts.get(tokens[k]!) ?? 0) + counts.size * probability) / (total + counts.size);
      }
      sum -= Math.log2(probability);
    }
    return sum / tokens.length;
  }
}

if (import.meta.main) {
  const [path] = Deno.args;
  if (path === undefined) await main();
  else {
    // One text is cut into twenty documents, of which two are for testing.
    const text = await Deno.readTextFile(path), size = Math.ceil(text.length / 20);
    const parts = Array.from({ length: 20 }, (_, k) => text.slice(k * size, (k + 1) * size));
    await main({ texts: parts, prompt: text.slice(0, 20) });
  }
}
