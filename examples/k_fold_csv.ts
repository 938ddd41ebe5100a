/**
 * Cross-validation on a table: how well a net tells three kinds of iris from four lengths, and whether it does better than
 * logistic regression. Every flower is in the test part of one fold of ten, as many of each kind in every fold; what training
 * may not know of the test part, the mean and the deviation too, is computed from the other nine.
 *
 *     deno run --allow-read --allow-ffi --allow-env examples/k_fold_csv.ts
 *     deno run --allow-read --allow-ffi --allow-env examples/k_fold_csv.ts TABLE.csv COLUMN   # a table of your own, and its label
 *
 * `iris.csv` holds the 150 flowers of Fisher (The use of multiple measurements in taxonomic problems, 1936), with the figures of
 * his paper, as scikit-learn 1.9.1 has them.
 */
import { data, manualSeed, nn, noGrad, optim, scope, type Tensor } from "../mod.ts";
import { csv } from "../data/images/mod.ts";
import { summarize } from "../tools/report/statistics.ts";

const defaults = {
  /** The file, and the column of the classes; all others are numbers. */
  path: new URL("iris.csv", import.meta.url).pathname,
  label: "species",
  /** The number of folds, and how often all is done again with other folds. */
  folds: 10,
  repeats: 3,
  /** Training steps of the net, each on all flowers, and its hidden features. */
  steps: 150,
  width: 16,
  lr: 0.02,
  weightDecay: 0.01,
  seed: 0,
  /** Tells what happens. */
  say: (line: string): void => console.log(line),
};

/** All samples of a part, as two tensors. */
type Part = readonly [x: Tensor, y: Tensor];

/** Tests both models on every fold. Returns their accuracies, and how often the net took one class for another. */
export async function main(options: Partial<typeof defaults> = {}) {
  const { path, label, folds, repeats, steps, width, lr, weightDecay, seed, say } = { ...defaults, ...options };
  const set = await csv(path, { label }), { classes, columns } = set;
  say(`${set.length} rows, ${columns.length} columns: ${columns.join(", ")}; classes ${classes.join(", ")}`);
  const [, { data: labels }] = set.batch(Array.from({ length: set.length }, (_, k) => k));
  const stratify = labels as Int32Array,
    make = (k: number) => data.kFold(set, folds, { shuffle: true, seed: k, stratify });

  const accuracies = { net: [] as number[], regression: [] as number[] };
  const confusion = classes.map(() => classes.map(() => 0));
  for (let repeat = 0; repeat < repeats; repeat++) {
    manualSeed(seed + repeat);
    for (const { train, test } of make(seed + repeat)) {
      const { mean, deviation } = await data.statistics(train), normalize = data.normalize(mean, deviation);
      const known = await whole(train, normalize), unknown = await whole(test, normalize);
      const net = new nn.Sequential(
        new nn.Linear(columns.length, width),
        new nn.Tanh(),
        new nn.Linear(width, classes.length),
      );
      trainNet(net, known, { steps, lr, weightDecay });
      const regression = new nn.Linear(columns.length, classes.length);
      trainRegression(regression, known);
      const guesses = guess(net, unknown);
      accuracies.net.push(share(guesses, unknown));
      accuracies.regression.push(share(guess(regression, unknown), unknown));
      unknown[1].toArray<number[]>().forEach((row, k) => confusion[row]![guesses[k]!]!++);
      for (const each of [...known, ...unknown]) each.dispose();
    }
  }
  for (const [name, all] of Object.entries(accuracies)) {
    const { mean, deviation } = summarize(all);
    say(`${name.padEnd(10)}  ${percent(mean)} right, ${percent(deviation)} deviation over ${all.length} folds`);
  }
  return { accuracies, confusion, classes };
}

/** A part of the dataset in one batch. */
async function whole(part: data.Dataset, normalize: data.Augmentation): Promise<Part> {
  const { value } = await new data.DataLoader(part, { batchSize: part.length, augment: [normalize] })
    [Symbol.asyncIterator]().next();
  return value as Part;
}

/** Adam on all samples at once. */
function trainNet(net: nn.Module, [x, y]: Part, settings: { steps: number; lr: number; weightDecay: number }): void {
  const { steps, ...options } = settings;
  const lossOf = new nn.CrossEntropyLoss(), optimizer = new optim.AdamW(net.parameters(), options);
  for (let step = 0; step < steps; step++) {
    using _ = scope();
    optimizer.resetGrad();
    lossOf.call(net.call(x), y).backward();
    optimizer.step();
  }
}

/** Logistic regression: a convex problem, so that a few steps of L-BFGS end at its one solution. */
function trainRegression(layer: nn.Linear, [x, y]: Part): void {
  const lossOf = new nn.CrossEntropyLoss({ reduction: "sum" });
  const optimizer = new optim.LBFGS(layer.parameters(), { lineSearch: "strongWolfe", maxIterations: 100 });
  using _ = scope();
  optimizer.step(() => {
    optimizer.resetGrad();
    // The penalty of scikit-learn's LogisticRegression with C = 1.
    const loss = lossOf.call(layer.call(x), y).add(layer.weight.square().sum().div(2));
    loss.backward();
    return loss;
  });
}

function guess(net: nn.Module, [x]: Part): number[] {
  using _ = scope();
  return noGrad(() => net.call(x)).argmax({ axis: 1 }).toArray<number[]>();
}

/** The share of guesses that are right. */
function share(guesses: readonly number[], [, y]: Part): number {
  const labels = y.toArray<number[]>();
  return guesses.filter((guess, k) => guess === labels[k]).length / guesses.length;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

if (import.meta.main) {
  const [path, label] = Deno.args;
  const { confusion, classes } = await main(path === undefined ? {} : { path, ...label !== undefined && { label } });
  const length = Math.max(...classes.map((name) => name.length));
  for (const [k, row] of confusion.entries()) {
    console.log(
      `${classes[k]!.padEnd(length)} was taken for ${row.map((count, j) => `${classes[j]} ${count}`).join(", ")}`,
    );
  }
}
