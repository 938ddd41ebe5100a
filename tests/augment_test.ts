/** Augmentations, against torchvision, SciPy and numbers made by hand; mixtures; statistics. */
import fixtures from "./fixtures/augmentations.json" with { type: "json" };
import { affineWarp } from "../data/augment/affine.ts";
import { makeSmoother } from "../data/augment/elastic.ts";
import { warpStep } from "../data/augment/warp.ts";
import { data, nn, scope, type Tensor, tensor, train } from "../mod.ts";
import { testWith } from "./permissions.ts";
import { assert, assertEquals, assertExact, assertRejectsLike, assertThrowsLike } from "./support.ts";

/** A value without its type, as a program in JavaScript would pass it. */
// deno-lint-ignore no-explicit-any
const given = (value: unknown): any => value;

/** [batch, 1, height, width] of 1, 2, 3, ... */
function counted(batch: number, height: number, width: number, channels = 1): Tensor {
  const shape = [batch, channels, height, width];
  return tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, k) => k + 1), { shape });
}

/** The first image of the augmented batch, row by row. */
function rows(x: Tensor, one: data.Augmentation, seed = 0): number[][] {
  return data.augment(x, [one], { seed }).toArray<number[][][][]>()[0]![0]!;
}

function assertNear(found: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 2e-6): void {
  assertEquals(found.length, expected.length);
  for (let k = 0; k < found.length; k++) {
    const apart = Math.abs(found[k]! - expected[k]!);
    assert(apart <= tolerance, `element ${k} is ${found[k]}, not ${expected[k]}`);
  }
}

const quarter = (degrees: number) => data.randomAffine({ degrees: [degrees, degrees] });
const image = [[1, 2, 3], [4, 5, 6], [7, 8, 9]];

/** Augmentations that have one outcome, of 3 x 3 pixels of 1 to 9. */
const exact: Record<string, [one: data.Augmentation, expected: number[][]]> = {
  "randomFlip(1)": [data.randomFlip(1), [[3, 2, 1], [6, 5, 4], [9, 8, 7]]],
  "randomFlip(0)": [data.randomFlip(0), image],
  "randomCrop(0)": [data.randomCrop(0), image],
  "an affine map of nothing": [data.randomAffine({}), image],
  "a quarter turn": [quarter(90), [[7, 4, 1], [8, 5, 2], [9, 6, 3]]],
  "a half turn": [quarter(180), [[9, 8, 7], [6, 5, 4], [3, 2, 1]]],
  "a quarter turn back": [quarter(-90), [[3, 6, 9], [2, 5, 8], [1, 4, 7]]],
  "elastic distortion by nothing": [data.elastic({ alpha: 0 }), image],
  "cutout(0)": [data.cutout(0), image],
  "a cutout of all": [data.cutout(6), [[0, 0, 0], [0, 0, 0], [0, 0, 0]]],
  "normalize(1, 2)": [data.normalize(1, 2), [[0, 0.5, 1], [1.5, 2, 2.5], [3, 3.5, 4]]],
};
for (const [name, [one, expected]] of Object.entries(exact)) {
  testWith([], `augment() does ${name}`, () => assertExact(rows(counted(1, 3, 3), one), expected));
}

testWith([], "randomCrop() moves all channels alike, over zeros or over the mirrored image", () => {
  /** Where a pixel of the moved image comes from; -1 for beyond it. */
  const source = {
    zeros: (place: number, length: number) => place >= 0 && place < length ? place : -1,
    reflect: (place: number, length: number) => length - 1 - Math.abs(length - 1 - Math.abs(place)),
  };
  for (const fill of ["zeros", "reflect"] as const) {
    const seen = new Set<string>(), [height, width] = [4, 5];
    const moved = data.augment(counted(200, height, width, 2), [data.randomCrop(2, { fill })]).toArray<
      number[][][][]
    >();
    for (const [k, channels] of moved.entries()) {
      const of = (down: number, right: number) =>
        [0, 1].map((channel) =>
          Array.from({ length: height }, (_, row) =>
            Array.from({ length: width }, (_, column) => {
              const y = source[fill](row - down, height), x = source[fill](column - right, width);
              return y < 0 || x < 0 ? 0 : 1 + ((2 * k + channel) * height + y) * width + x;
            }))
        );
      const all = [-2, -1, 0, 1, 2].flatMap((down) => [-2, -1, 0, 1, 2].map((right) => [down, right] as const));
      const fits = all.filter(([down, right]) => JSON.stringify(of(down, right)) === JSON.stringify(channels));
      assertEquals(fits.length, 1, `image ${k}`);
      seen.add(String(fits[0]));
    }
    assertEquals(seen.size, 25, "all moves are drawn");
  }
});

testWith([], "randomFlip() mirrors the share of images that is asked for", () => {
  const flipped = data.augment(counted(2000, 1, 2), [data.randomFlip(0.3)]).toArray<number[][][][]>();
  const count = flipped.filter((image) => image[0]![0]![0]! > image[0]![0]![1]!).length;
  assert(Math.abs(count - 600) < 5 * Math.sqrt(2000 * 0.3 * 0.7), `${count} of 2000`);
});

testWith([], "cutout() clears a square about any pixel, and nothing else", () => {
  const [height, width, size] = [5, 6, 3], middles = new Set<string>();
  for (const [channel] of data.augment(counted(400, height, width), [data.cutout(size)]).toArray<number[][][][]>()) {
    const holes = channel!.flatMap((row, y) => row.flatMap((value, x) => value === 0 ? [[y, x] as const] : []));
    const [ys, xs] = [holes.map(([y]) => y), holes.map(([, x]) => x)];
    const [top, bottom, left, right] = [Math.min(...ys), Math.max(...ys), Math.min(...xs), Math.max(...xs)];
    assertEquals(holes.length, (bottom - top + 1) * (right - left + 1), "it is a rectangle");
    assert(bottom - top < size && right - left < size);
    middles.add([top, bottom, left, right].join());
  }
  assertEquals(middles.size, height * width, "every pixel is a middle");
});

testWith([], "an affine map is torchvision's", () => {
  for (const { angle, translate, scale, shear, shape, result } of fixtures.affine) {
    const [channels, height, width] = shape as [number, number, number];
    const image = Float32Array.from({ length: channels * height * width }, (_, k) => k * 31 % 17 / 16);
    // The numbers are drawn in this order: angle, right, down, scale, shear.
    const drawn = [angle, 0.5 + translate[0]! / width / 2, 0.5 + translate[1]! / height / 2, scale, shear];
    const fields = { degrees: [0, 0], translate: [1, 1], scale: [1, 1], shear: [0, 0] };
    const warp = affineWarp(given(fields), shape);
    warpStep([warp], shape)(image, 0, given({ between: () => drawn.shift() }));
    assertNear(image, result);
  }
});

testWith([], "randomAffine() draws from the intervals that it is given", () => {
  const options = { degrees: 10, translate: [0.1, 0.2], scale: 0.3, shear: [-5, 8] } as const;
  assertEquals(data.randomAffine(options), {
    kind: "affine",
    degrees: [-10, 10],
    translate: [0.1, 0.2],
    scale: [0.7, 1.3],
    shear: [-5, 8],
  });
  // A translation by whole pixels is a move.
  const fields = given({ degrees: [0, 0], translate: [1 / 3, 0], scale: [1, 1], shear: [0, 0] });
  const line = Float32Array.of(1, 2, 3), moved = warpStep([affineWarp(fields, [1, 1, 3])], [1, 1, 3]);
  moved(line, 0, given({ between: (low: number, high: number) => high === 1 && low === 0 ? 1 : low }));
  assertExact([...line], [0, 1, 2]);
});

testWith([], "a field is smoothed, and an image read between its pixels, as SciPy does both", () => {
  for (const { shape, alpha, sigma, moves, result } of fixtures.elastic) {
    const [height, width] = shape as [number, number], pixels = height * width;
    const field = Float64Array.from({ length: 2 * pixels }, (_, k) => k * 7919 % 1000 / 500 - 1);
    makeSmoother(height, width, sigma)(field);
    assertNear(field, moves);
    const image = Float32Array.from({ length: pixels }, (_, k) => k * 31 % 17 / 16);
    const warp = (x: Float64Array, y: Float64Array) => {
      for (let pixel = 0; pixel < pixels; pixel++) {
        x[pixel]! += alpha * field[2 * pixel]!;
        y[pixel]! += alpha * field[2 * pixel + 1]!;
      }
    };
    warpStep([warp], [1, height, width])(image, 0, given(null));
    assertNear(image, result);
  }
});

testWith([], "warps that follow one another read the image once, in their order", () => {
  const scale = (factor: number) => data.randomAffine({ scale: [factor, factor] });
  const turn = data.randomAffine({ degrees: [90, 90] }), lean = data.randomAffine({ shear: [45, 45] });
  const of = (...list: data.Augmentation[]) => data.augment(counted(1, 5, 5), list).toTypedArray();
  // What is too small to be seen, and what was moved out of sight, comes back.
  assertExact(of(scale(0.25), scale(4)), of());
  assertExact(of(scale(4), scale(0.25)), of());
  assertExact(of(turn, turn, turn, turn), of());
  // A normalization between them makes two steps of them.
  assert(of(scale(4), data.normalize(0, 1), scale(0.25))[0] === 0);
  // Turns and shears do not commute: turned first, it is the rows that lean.
  assertNear(of(lean, turn), of(lean, data.normalize(0, 1), turn));
  assertNear(of(turn, data.randomFlip(0), lean), of(turn, lean));
  assert(of(lean, turn).join() !== of(turn, lean).join());
});

testWith([], "the displacements of elastic() have the deviation alpha / (sigma sqrt(12 pi))", () => {
  // A ramp is moved by the displacement along it. Only the middle lies so far from the borders that no zeros reach it.
  const side = 48, x = new Float32Array(200 * side * side).map((_, k) => k % side), alpha = 34, sigma = 4;
  const moved = data.augment(tensor(x, { shape: [200, 1, side, side] }), [data.elastic({ alpha, sigma })])
    .toTypedArray();
  let sum = 0, squares = 0, count = 0;
  for (let k = 0; k < x.length; k++) {
    const row = Math.floor(k / side) % side, column = k % side;
    if (Math.min(row, column, side - 1 - row, side - 1 - column) < 20) continue;
    const apart = moved[k]! - x[k]!;
    sum += apart;
    squares += apart * apart;
    count++;
  }
  const expected = alpha / (sigma * Math.sqrt(12 * Math.PI)), found = Math.sqrt(squares / count);
  assert(Math.abs(sum / count) < 0.2, `mean ${sum / count}`);
  assert(Math.abs(found / expected - 1) < 0.1, `${found} is not ${expected}`);
});

testWith([], "statistics() finds mean and deviation of each channel, in float64", async () => {
  const flat = { data: Float32Array.of(1, 2, 3, 4, 10, 20, 30, 40), shape: [2, 2, 2] };
  const labels = { data: new Int32Array(2), shape: [2] };
  const { mean, deviation } = await data.statistics(new data.ArrayDataset(flat, labels));
  // The channels are 1, 2, 10, 20 and 3, 4, 30, 40.
  assertEquals(mean, [8.25, 19.25]);
  assertNear(deviation, [Math.sqrt(58.1875), Math.sqrt(260.6875)], 1e-12);
  // Over several batches, with a mean far larger than the deviation: sums of squares would lose it in float32.
  const far = { data: new Float32Array(5000).map((_, k) => 4000 + k % 2), shape: [5000, 1] };
  const found = await data.statistics(new data.ArrayDataset(far, { data: new Int32Array(5000), shape: [5000] }));
  assertNear(found.mean, [4000.5], 1e-9);
  assertNear(found.deviation, [0.5], 1e-9);
  const single: data.Dataset = { length: 2, get: (k) => [tensor([k, 5]), tensor(k)] };
  assertEquals(await data.statistics(single), { mean: [0.5, 5], deviation: [0.5, 0] });
});

/** Batches of a loader with its augmentations, as arrays. */
async function batchesOf(loader: data.DataLoader): Promise<[x: number[][], y: number[][]][]> {
  const all: [number[][], number[][]][] = [];
  for await (const [x, y] of loader) {
    using _ = scope();
    all.push([x.reshape([x.shape[0]!, -1]).toArray(), y.toArray()]);
  }
  return all;
}

/** `count` images [1, 4, 4], each full of its label. */
function flags(count: number): data.ArrayDataset {
  const shape = [count, 1, 4, 4], x = Float32Array.from({ length: 16 * count }, (_, k) => k >> 4);
  return new data.ArrayDataset({ data: x, shape }, {
    data: Int32Array.from({ length: count }, (_, k) => k),
    shape: [count],
  });
}

testWith([], "mixup() mixes inputs and targets by one weight, and targets sum to 1", async () => {
  const augment = [data.mixup(1, { classes: 8 })], weights: number[] = [];
  const loader = new data.DataLoader(flags(8), { batchSize: 8, augment });
  for (let epoch = 0; epoch < 300; epoch++) {
    const [[x, y]] = await batchesOf(loader) as [[number[][], number[][]]];
    for (const [k, target] of y.entries()) {
      assertNear([target.reduce((a, b) => a + b)], [1]);
      // Each image holds its own label everywhere, so that the mixed pixel is the mixed label.
      assertNear(x[k]!, new Array(16).fill(target.reduce((sum, share, label) => sum + share * label, 0)), 1e-5);
      assert(target.filter((share) => share > 0).length <= 2);
    }
    const own = y.map((target, k) => target[k]!).filter((share) => share < 1);
    if (own.length > 0) weights.push(own[0]!);
    assertNear(own, own.map(() => own[0]!));
  }
  // Beta(1, 1) is uniform: mean 1/2, deviation 0.29.
  const mean = weights.reduce((a, b) => a + b) / weights.length;
  const spread = Math.sqrt(weights.reduce((sum, weight) => sum + (weight - mean) ** 2, 0) / weights.length);
  assert(Math.abs(mean - 0.5) < 0.08 && Math.abs(spread - Math.sqrt(1 / 12)) < 0.04, `${mean} ± ${spread}`);
});

testWith([], "the weights of mixup() have the moments of Beta(alpha, alpha)", async () => {
  for (const alpha of [0.001, 0.2, 5]) {
    const set = new data.ArrayDataset(tensor([[1], [0]]), tensor([[1], [0]])), weights: number[] = [];
    const loader = new data.DataLoader(set, { batchSize: 2, augment: [data.mixup(alpha)] });
    for (let epoch = 0; epoch < 2000; epoch++) weights.push((await batchesOf(loader))[0]![1][0]![0]!);
    const mixed = weights.reduce((sum, weight) => sum + 4 * weight * (1 - weight), 0) / weights.length;
    // E[4 w (1 - w)] = 2 alpha / (2 alpha + 1), for those half of the batches in which the two samples meet.
    const expected = alpha / (2 * alpha + 1);
    assert(Math.abs(mixed - expected) < 0.05, `alpha ${alpha}: ${mixed}, not ${expected}`);
  }
});

testWith([], "cutmix() gives targets the shares of the area that is seen, also where it is cut off", async () => {
  const augment = [data.cutmix(1, { classes: 8 })], loader = new data.DataLoader(flags(8), { batchSize: 8, augment });
  const shares = new Set<number>();
  for (let epoch = 0; epoch < 200; epoch++) {
    for (const [x, y] of await batchesOf(loader)) {
      for (const [k, target] of y.entries()) {
        const seen = new Array(8).fill(0);
        for (const pixel of x[k]!) seen[pixel] += 1 / 16;
        assertNear(target, seen);
        shares.add(target[k]!);
      }
    }
  }
  assert(shares.size > 5, `${shares.size} areas`);
});

testWith([], "each batch gets one of several mixtures, and the loss takes the targets", async () => {
  const augment = [data.mixup(1, { classes: 8 }), data.cutmix(1, { classes: 8 }), data.normalize(0, 1)];
  const loader = new data.DataLoader(flags(8), { batchSize: 8, augment }), loss = new nn.CrossEntropyLoss();
  let whole = 0;
  for (let epoch = 0; epoch < 60; epoch++) {
    for (const [x] of await batchesOf(loader)) if (x.flat().every((pixel) => Number.isInteger(pixel))) whole++;
  }
  assert(whole > 15 && whole < 45, `${whole} of 60 by cutmix`);
  for await (const [x, y] of loader) {
    using _ = scope();
    assert(Number.isFinite(loss.call(x.reshape([8, 16]).at(":, :8"), y).item()));
  }
});

testWith([], "augment() by hand does what a loader does in that epoch", async () => {
  const set = data.digits({ train: 6 }), augment = [data.randomCrop(3), data.elastic(), data.cutout(9)];
  const loader = new data.DataLoader(set, { batchSize: 6, augment, seed: 4 });
  const plain = new data.DataLoader(set, { batchSize: 6 });
  for (let epoch = 0; epoch < 2; epoch++) {
    const raw: Tensor[] = [];
    for await (const [x] of plain) raw.push(x.keep());
    for await (const [x] of loader) {
      assertExact(data.augment(raw[0]!, augment, { seed: 4, epoch }).toTypedArray(), x.toTypedArray());
      assertExact(
        data.augment(raw[0]!.at("2:"), augment, { seed: 4, epoch, first: 2 }).toTypedArray(),
        x.at("2:").toTypedArray(),
      );
    }
    for (const x of raw) x[Symbol.dispose]?.();
  }
});

testWith([], "FlipAveraged answers with the mean for an image and its mirror image", async () => {
  const weight = Float32Array.from({ length: 6 }, (_, k) => k * k),
    model = new nn.Sequential(new nn.Flatten(), new nn.Linear(3, 2));
  model.loadStateDict({ "1.weight": tensor(weight, { shape: [3, 2] }), "1.bias": tensor([1, -1]) });
  const both = new train.FlipAveraged(model), line = tensor([[[[1, 2, 4]]]]);
  // By hand: [1, 2, 4] and [4, 2, 1] by the columns [0, 4, 16] and [1, 9, 25].
  assertExact(both.call(line).toArray(), [[(72 + 24) / 2 + 1, (119 + 47) / 2 - 1]]);
  assertEquals(both.parameters().length, 2);
  assertThrowsLike(() => both.call(tensor([[1, 2, 4]])), /^TypeError: Cannot mirror: inputs \[1, 3\] must be/);
  const labels = tensor(Int32Array.of(1)), loader = new data.DataLoader(new data.ArrayDataset(line, labels));
  assertEquals([await train.evaluate(both, loader), both.training], [1, true]);
});

const bytes = tensor(new Uint8Array(4), { shape: [1, 1, 2, 2] }), small = () => counted(1, 2, 2);

/** What augmentations refuse, by the text. */
const refused: Record<string, [call: () => unknown, pattern: RegExp]> = {
  "a crop by half a pixel": [
    () => data.randomCrop(0.5),
    /^RangeError: Cannot make crop: padding 0\.5 must be an integer/,
  ],
  "a crop over colours": [() => data.randomCrop(1, given({ fill: "red" })), /fill "red" must be "zeros" or "reflect"/],
  "an unknown option": [() => data.randomCrop(1, given({ fil: "zeros" })), /did you mean fill\?/],
  "a reflection of more than the image": [
    () => data.augment(small(), [data.randomCrop(2, { fill: "reflect" })]),
    /^RangeError: Cannot crop: padding 2 must be smaller than images of 2 x 2/,
  ],
  "a share above 1": [
    () => data.randomFlip(1.5),
    /^RangeError: Cannot make flip: probability 1\.5 must lie in \[0, 1\]/,
  ],
  "no options": [() => data.randomAffine(given(undefined)), /^TypeError: Cannot make affine map: options undefined/],
  "an endless angle": [() => data.randomAffine({ degrees: Infinity }), /degrees Infinity must lie in/],
  "an alpha beyond any image": [() => data.elastic({ alpha: 1e6 }), /alpha 1000000 must lie in \[0, 1000000\)/],
  "a negative angle": [() => data.randomAffine({ degrees: -5 }), /degrees -5 must lie in \[0/],
  "three angles": [() => data.randomAffine({ degrees: given([1, 2, 3]) }), /degrees of 3 numbers must be one or two/],
  "an interval that ends first": [() => data.randomAffine({ shear: [5, -5] }), /shear from 5 to -5/],
  "a shear of a right angle": [() => data.randomAffine({ shear: 90 }), /^RangeError: Cannot make affine map: shear/],
  "a size of nothing": [() => data.randomAffine({ scale: 1 }), /^RangeError: Cannot make affine map: scale 0/],
  "a translation by two images": [() => data.randomAffine({ translate: 2 }), /translate 2 must lie in \[0, 1\]/],
  "a negative alpha": [() => data.elastic({ alpha: -1 }), /alpha -1 must lie in \[0/],
  "an endless sigma": [() => data.elastic({ sigma: 1e9 }), /sigma 1000000000 must lie in \[0, 1000\)/],
  "a negative square": [() => data.cutout(-1), /^RangeError: Cannot make cutout: size -1/],
  "a mean that is none": [
    () => data.normalize(NaN, 1),
    /^RangeError: Cannot normalize: mean NaN must be a finite number/,
  ],
  "a mean that is a text": [() => data.normalize([0, given("1")], 1), /mean "1" must be a finite number/],
  "a deviation of 0": [() => data.normalize(0, [1, 0]), /deviation 0 must be another number/],
  "means of other channels": [
    () => data.augment(small(), [data.normalize([1, 2, 3], 1)]),
    /^TypeError: Cannot normalize: 3 values do not fit the channels of samples \[1, 2, 2\]/,
  ],
  "an alpha of 0": [() => data.mixup(0), /^RangeError: Cannot make mixup: alpha 0 must lie in \[0\.001/],
  "no classes": [() => data.cutmix(1, { classes: 0 }), /^RangeError: Cannot make cutmix: classes 0/],
  "inputs without height": [
    () => data.augment(tensor([[1, 2]]), [data.randomFlip()]),
    /^TypeError: Cannot flip: samples of shape \[2\] must be \[channels, height, width\]/,
  ],
  "bytes": [() => data.augment(bytes, [data.randomFlip()]), /^TypeError: Cannot augment: inputs Uint8Array .* float32/],
  "a number": [() => data.augment(tensor(1), [data.normalize(0, 1)]), /^TypeError: Cannot augment: shape \[\]/],
  "no list": [
    () => data.augment(small(), given(data.randomFlip())),
    /^TypeError: Cannot augment: an Object, it must be a list/,
  ],
  "what looks like an augmentation": [
    () => data.augment(small(), [{ kind: "crop", padding: -1, fill: "zeros" }]),
    /^TypeError: Cannot augment: an Object, it must be an augmentation/,
  ],
  "a mixture of inputs alone": [
    () => data.augment(small(), [data.mixup()]),
    /^TypeError: Cannot augment: "mixup", it must be an augmentation of single samples/,
  ],
  "a function as an augmentation of a loader": [
    () => new data.DataLoader(flags(2), { augment: [given(data.randomFlip)] }),
    /^TypeError: Cannot make DataLoader: the function randomFlip, it must be an augmentation/,
  ],
};
for (const [name, [call, pattern]] of Object.entries(refused)) {
  testWith([], `augmentations refuse ${name}`, () => assertThrowsLike(call, pattern));
}

testWith([], "batches that cannot be augmented end the loop with an error", async () => {
  const read = (set: data.Dataset, one: data.Augmentation) => () =>
    batchesOf(new data.DataLoader(set, { batchSize: 2, augment: [one] }));
  await assertRejectsLike(
    read(flags(2), data.mixup()),
    /^TypeError: Cannot mix: .* \[2\] must come with \{ classes: n \}, as labels/,
  );
  await assertRejectsLike(read(flags(9), data.mixup(1, { classes: 1 })), /^RangeError: Cannot mix: label 1 must be/);
  const wide = new data.ArrayDataset(counted(2, 1, 1), tensor([[1, 0], [0, 1]], { dtype: "float64" }));
  await assertRejectsLike(read(wide, data.mixup()), /^TypeError: Cannot mix: targets float64 \[2, 2\] must be float32/);
  const byte = new data.ArrayDataset(bytes, tensor([1]));
  await assertRejectsLike(read(byte, data.normalize(0, 1)), /^TypeError: Cannot augment: inputs Uint8Array/);
  await assertRejectsLike(() => data.statistics(data.subset(flags(2), 0)), /^RangeError: .* has no samples/);
  await assertRejectsLike(() => data.statistics(given(3)), /^TypeError: Cannot compute statistics: 3/);
  const bare = new data.ArrayDataset(tensor([1, 2]), tensor([1, 2]));
  await assertRejectsLike(
    () => data.statistics(bare),
    /^TypeError: .* samples of shape \[\] must be \[channels, \.\.\.\]/,
  );
});
