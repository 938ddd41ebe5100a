/** The report: which runs it plans, what it makes of their numbers, and that its pages are what the kept results make. */
import { data, io, nn, scope } from "../mod.ts";
import { type Experiment, keyOf, languages, type Run, runsOf } from "../tools/report/experiments.ts";
import { modelPath } from "../tools/report/card.ts";
import { confusionFigure, sumOf } from "../tools/report/figures/confusion.ts";
import { curvesFigure, logTicks } from "../tools/report/figures/curves.ts";
import { mistakesFigure, stripOf } from "../tools/report/figures/mistakes.ts";
import { readExperiments, reportFolder, resultsFolder, staleOf, writePages, writeText } from "../tools/report/files.ts";
import { flagsOf, makePages, pageName } from "../tools/report/page.ts";
import { listOf, minutesOf, missing, nameOf } from "../tools/report/plan.ts";
import { curveOf, readResults, type Result, type Results, resultText } from "../tools/report/results.ts";
import { judgeMore, judgeSame, summarize } from "../tools/report/statistics.ts";
import { PNG } from "../tools/report/npm.ts";
import { fill, format, formatDifference, words } from "../tools/report/words.ts";
import { openModel } from "../tools/train/model.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertThrows,
  fromFileUrl,
  globSync,
  XMLValidator,
} from "./support.ts";

const both = (text: string) => ({ en: text, zh: text });

/** An experiment of two variants and two seeds. */
const experiment: Experiment = {
  name: "depth",
  title: both("Depth & <width>"),
  question: both("Does it matter?"),
  seeds: [0, 1],
  minutes: 3,
  base: { data: "digits", epochs: 2 },
  variants: [
    { name: "flat", config: { depth: 1 } },
    { name: "deep", config: { depth: 4 }, minutes: 5 },
    { name: "pytorch", config: {}, pytorch: "flat" },
  ],
  goal: { accuracy: 0.9, or: "pytorch" },
  expected: [
    { text: both("Deep is better."), field: "accuracy", more: "deep", less: "flat" },
    { text: both("Both are the same."), field: "accuracy", same: ["flat", "pytorch"], within: 0.001 },
  ],
  lesson: both("{accuracy of deep} against {accuracy of flat}: {accuracy of deep minus flat}."),
  show: ["confusion", "mistakes"],
};

/** A result of a run with this accuracy. */
function resultOf(run: Run, accuracy: number): Result {
  return {
    config: run.config,
    pytorch: run.of !== null,
    accuracy,
    loss: 1 - accuracy,
    confusion: [[9, 1], [2, 8]],
    parameters: 152650,
    seconds: 12,
    totalSeconds: 90,
    epochs: 2,
    machine: { cpu: "Some CPU", cores: 2, threads: 2, device: "cpu", level: "x86_64_v3" },
    curve: [
      { epoch: 1, loss: 0.5, testLoss: 0.6, accuracy: accuracy - 0.1 },
      { epoch: 2, loss: 0.25, testLoss: 0.5, accuracy },
    ],
    mistakes: [],
  };
}

function resultsOf(runs: readonly Run[], accuracy: (run: Run) => number): Results {
  return new Map(runs.map((run) => [run.key, { result: resultOf(run, accuracy(run)), path: nameOf(run) }]));
}

Deno.test("plan: each variant at each seed, and PyTorch's with the config of what it stands beside", async () => {
  const runs = await runsOf([experiment]);
  assertEquals(runs.map(nameOf), [
    "depth/flat-0",
    "depth/flat-1",
    "depth/deep-0",
    "depth/deep-1",
    "depth/pytorch-0",
    "depth/pytorch-1",
  ]);
  assertEquals(runs.map(({ config }) => config.depth), [1, 1, 4, 4, 1, 1]);
  assertEquals(runs[4]!.of?.key, runs[0]!.key);
  assertEquals(new Set(runs.map(({ key }) => key)).size, 6);
});

Deno.test("plan: what is done is skipped, what changed is done anew, what is shared is done once", async () => {
  const runs = await runsOf([experiment]), results = resultsOf(runs.slice(0, 3), () => 0.9);
  assertEquals(missing(runs, results).map(nameOf), ["depth/deep-1", "depth/pytorch-0", "depth/pytorch-1"]);
  const changed = await runsOf([{ ...experiment, base: { ...experiment.base, lr: 0.002 } }]);
  assertEquals(missing(changed, results).length, 6);
  const twice = await runsOf([experiment, { ...experiment, name: "again" }]);
  assertEquals(missing(twice, results).map(nameOf), ["depth/deep-1", "depth/pytorch-0", "depth/pytorch-1"]);
  // A run that was measured takes what it took.
  assertEquals([minutesOf(runs[0]!, results), minutesOf(runs[3]!, results), minutesOf(runs[4]!, results)], [1.5, 5, 3]);
  assertMatch(listOf(twice, results), /^depth\/deep +1 of 2 done +1 to do, 1\.5 min each$/m);
  assertMatch(listOf(twice, results), /^again\/deep +1 of 2 done +1 shared with an experiment above$/m);
  assertMatch(listOf(twice, results), /3 runs to do, about 11 min one after the other$/);
});

Deno.test("plan: where a run works and how fast does not make it another", async () => {
  const key = await keyOf({ data: "digits" });
  assertEquals(await keyOf({ data: "digits", out: "elsewhere", threads: 1, quiet: true, epochs: 8 }), key);
  assert(await keyOf({ data: "digits", epochs: 9 }) !== key);
  assert(await keyOf({ data: "digits" }, true) !== key);
});

Deno.test("plan: what is wrong with experiments is said", async () => {
  const cases: [change: Partial<Experiment>, message: string][] = [
    [{ seeds: [] }, "Cannot plan depth: it has no seeds"],
    [{ variants: [] }, "Cannot plan depth: it has no variants"],
    [{ name: "Depth" }, 'Cannot plan experiments: the name "Depth" must be of a-z, 0-9, . and -'],
    [
      { variants: [{ name: "a", config: {} }, { name: "a", config: {} }] },
      'Cannot plan depth: the name "a" comes twice',
    ],
    [{ goal: { accuracy: 1, or: "keras" } }, "Cannot plan depth: keras is not one of its variants flat, deep, pytorch"],
    [{ base: { data: "digits", epochs: -1 } }, "Cannot plan depth, flat: Cannot train: epochs -1"],
  ];
  for (const [change, message] of cases) {
    await assertRejects(() => runsOf([{ ...experiment, ...change }]), Error, message);
  }
});

Deno.test("statistics: mean and sample deviation of numbers worked out by hand", () => {
  // Squares of the distances from 5: 9 1 1 1 0 0 4 16, in sum 32; 32 / 7 = 4.571...
  const { mean, deviation, least, most, count } = summarize([2, 4, 4, 4, 5, 5, 7, 9]);
  assertEquals([mean, least, most, count], [5, 2, 9, 8]);
  assert(Math.abs(deviation - 2.138089935299395) < 1e-12);
  assertEquals(summarize([3]), { count: 1, mean: 3, deviation: 0, least: 3, most: 3 });
  assertThrows(() => summarize([]), RangeError, "Cannot summarize: there are no numbers");
});

Deno.test("statistics: a difference counts beyond two standard errors, and one number has no spread", () => {
  const low = summarize([1, 2, 3]), high = summarize([4, 5, 6]), near = summarize([2, 3, 4]);
  // Each has deviation 1, so the difference has the standard error sqrt(2 / 3) = 0.816.
  assertEquals(judgeMore(high, low), "confirmed");
  assertEquals(judgeMore(low, high), "contradicted");
  assertEquals(judgeMore(near, low), "undecided");
  assertEquals(judgeMore(summarize([9]), low), "undecided");
  assertEquals(judgeSame(near, low, 1), "confirmed");
  assertEquals(judgeSame(high, low, 1), "contradicted");
});

Deno.test("results: a log becomes a curve of at most a hundred points, with the last one", () => {
  const line = (epoch: number) =>
    JSON.stringify({ kind: "epoch", epoch, loss: 1 / epoch, validation: { loss: 2, accuracy: 0.5 } });
  const log = (epochs: number) =>
    [`{"kind":"step","epoch":1,"loss":9}`, ...Array.from({ length: epochs }, (_, k) => line(k + 1)), ""].join("\n");
  assertEquals(curveOf(log(2)), [
    { epoch: 1, loss: 1, testLoss: 2, accuracy: 0.5 },
    { epoch: 2, loss: 0.5, testLoss: 2, accuracy: 0.5 },
  ]);
  const long = curveOf(log(250));
  assertEquals([long[0]!.epoch, long.at(-1)!.epoch], [1, 250]);
  assert(long.length <= 100, `${long.length}`);
});

testWith(
  ["read", "write"],
  "results: what is written is read again, under the key of its run",
  () =>
    inTemporaryFolder(async (folder) => {
      const [run] = await runsOf([experiment]), result = resultOf(run!, 0.75);
      await writeText(`${folder}/${nameOf(run!)}.json`, resultText(result));
      const found = await readResults(folder);
      assertEquals([...found], [[run!.key, { result, path: `${folder}/${nameOf(run!)}` }]]);
      // Fields that are younger than the result have their defaults; fields that are gone make it nobody's.
      const { captured: _, ...older } = run!.config;
      await writeText(`${folder}/depth/flat-0.json`, resultText({ ...result, config: older }));
      assertEquals([...(await readResults(folder)).keys()], [run!.key]);
      const gone = { ...run!.config, colour: "red" } as unknown as Result["config"];
      await writeText(`${folder}/depth/flat-0.json`, resultText({ ...result, config: gone }));
      assertEquals((await readResults(folder)).has(run!.key), false);
      assertEquals((await readResults(`${folder}/nowhere`)).size, 0);
      await writeText(`${folder}/depth/flat-0.json`, "{");
      await assertRejects(() => readResults(folder), SyntaxError, "flat-0.json: it is not JSON");
    }),
);

Deno.test("words: numbers with their units", () => {
  const accuracy = summarize([0.98, 0.99, 0.985]);
  assertEquals(format("accuracy", accuracy), "98.50 ± 0.50 %");
  assertEquals(format("accuracy", summarize([0.9955])), "99.55 %");
  assertEquals(format("seconds", summarize([9000, 9060])), "151 ± 1 min");
  assertEquals(format("parameters", summarize([152650])), "152,650");
  assertEquals(formatDifference("accuracy", -0.0031, words.en), "−0.31 points");
  assertEquals(formatDifference("accuracy", 0.0031, words.zh), "+0.31 个百分点");
});

Deno.test("words: placeholders are filled, wait for their results, or are refused", () => {
  const samples: Record<string, number[]> = { a: [0.5], b: [0.25] };
  const lookup = (_: string, name: string) => samples[name] ? summarize(samples[name]) : null;
  assertEquals(
    fill("{accuracy of a}, {accuracy of a minus b}, {loss of a over b}", lookup, words.en),
    "50.00 %, +25.00 points, 2.00×",
  );
  assertEquals(fill("{accuracy of a} {accuracy of c}", lookup, words.en), null);
  assertThrows(() => fill("{accuracy a}", lookup, words.en), RangeError, 'Cannot fill "{accuracy a}"');
});

Deno.test("pages: verdicts, goals and lessons follow the numbers, in each language", async () => {
  const runs = await runsOf([experiment]);
  const results = resultsOf(runs, ({ variant, seed }) => (variant.name === "deep" ? 0.8 : 0.95) + seed / 1000);
  const plain = { ...experiment, show: ["confusion"] as const };
  const report = { experiments: [plain], runs: await runsOf([plain]), results };
  const pages = makePages(report), english = pages.get("README.md")!, chinese = pages.get("README.zh.md")!;
  for (
    const [page, wanted] of [
      [english, ["Deep is better. **It is not so**: `deep` − `flat` = −15.00 points", "Both are the same. So it is"]],
      [chinese, ["**结果并非如此**：`deep` − `flat` = −15.00 个百分点", "80.05 ± 0.07 % against 95.05 ± 0.07 %"]],
    ] as const
  ) {
    for (const text of wanted) assert(page.includes(text), text);
    assertEquals(/[{}]|undefined|NaN/.exec(page), null);
  }
  assertMatch(english, /\| at least 90\.00 % and at least PyTorch's \| 95\.05 ± 0\.07 % \(2\) \| yes \|/);
  // Both pages say the same: the same numbers in the same order, the same figures but for the language.
  const numbers = (page: string) => page.match(/[+−]?\d+\.\d+/g)!.filter((number) => !number.startsWith("0."));
  assertEquals(numbers(english.slice(english.indexOf("##"))), numbers(chinese.slice(chinese.indexOf("##"))));
  assertEquals(makePages(report), pages, "a second time");
});

Deno.test("pages: a goal is reached, or the least that would do, or neither", async () => {
  const degree = async (accuracy: number) => {
    const short = { ...experiment, show: [], goal: { accuracy: 0.9, least: 0.8 } }, runs = await runsOf([short]);
    const page = makePages({ experiments: [short], runs, results: resultsOf(runs, () => accuracy) }).get("README.md")!;
    return /\| at least 90\.00 %; 80\.00 % would do \| [^|]* \| ([^|]*) \|/.exec(page)?.[1];
  };
  assertEquals([await degree(0.9), await degree(0.85), await degree(0.79)], ["yes", "the least", "no"]);
});

Deno.test("pages: without results they say what is missing, and show no number", async () => {
  const runs = await runsOf([experiment]);
  const pages = makePages({ experiments: [experiment], runs, results: new Map() });
  assertEquals([...pages.keys()].sort(), [
    "README.md",
    "README.zh.md",
    "figures/mlp_resnet.svg",
    "figures/res_mlp.svg",
  ]);
  assertMatch(pages.get("README.md")!, /0 of 6 runs are done/);
  assertMatch(pages.get("README.md")!, /\| at least 90\.00 % and at least PyTorch's \| – \| – \|/);
});

/** Fails unless the text is well-formed XML of an image that says what it is. */
function assertSvg(svg: string, path: string): void {
  assertEquals(XMLValidator.validate(svg), true, path);
  assertMatch(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" width="\d+" height="\d+" /, path);
  assertMatch(svg, /<title>[^<]+<\/title>/, path);
  assertEquals(/NaN|undefined|Infinity/.exec(svg), null, path);
}

Deno.test("figures: well-formed, also of one epoch, of no result, and of names with signs", async () => {
  const runs = await runsOf([experiment]), results = resultsOf(runs.slice(0, 1), () => 0.9);
  for (const [path, text] of makePages({ experiments: [experiment], runs, results })) {
    if (path.endsWith(".svg")) assertSvg(text, path);
  }
  const words = { title: "a < b & c", loss: "loss", error: "error", epoch: "epoch" };
  const point = { epoch: 1, loss: 0, testLoss: null, accuracy: 1 };
  assertSvg(curvesFigure([{ name: "perfect", curves: [[point]] }], words), "a curve without an error");
  const strip = stripOf([[0, 0.5, 1, 2]], [1, 2, 2]);
  assertEquals([...PNG.sync.read(strip).data].filter((_, k) => k % 4 === 1), [0, 128, 255, 255]);
  const mistake = { index: 3, label: 1, guess: 0, probability: 0.987 };
  const svg = mistakesFigure([mistake], strip, ["cat", "dog"], "mistakes");
  assertSvg(svg, "mistakes");
  assertMatch(svg, />dog<[\s\S]*>cat, 99 %</);
  const matrix = sumOf([[[9, 1], [2, 8]], [[10, 0], [0, 10]]]);
  assertEquals(matrix, [[19, 1], [2, 18]]);
  assertSvg(confusionFigure(matrix, ["cat", "dog"], { title: "t", label: "l", guess: "g" }), "confusion");
});

Deno.test("figures: round numbers stand at a logarithmic axis", () => {
  const cases: [least: number, most: number, ticks: number[]][] = [
    [1.2, 45, [2, 5, 10, 20]],
    [0.01, 1, [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1]],
    [1.3, 4.7, [1.5, 2, 3, 4]],
    [47, 62, [50, 55, 60]],
    [1.31, 1.38, [1.32, 1.34, 1.36, 1.38]],
    [2, 2, [2]],
  ];
  for (const [least, most, ticks] of cases) assertEquals(logTicks(least, most), ticks, `${least} to ${most}`);
});

testWith(
  ["read"],
  "experiments.json: every config is one that can be trained, every text has both languages",
  async () => {
    const experiments = readExperiments(), runs = await runsOf(experiments);
    assert(runs.length > 0);
    const texts = experiments.flatMap((
      { title, question, lesson, expected = [] },
    ) => [title, question, lesson, ...expected.map(({ text }) => text)]);
    for (const text of texts) for (const language of languages) assert(text[language].length > 0, JSON.stringify(text));
    // Numbers in texts are placeholders of the same variants in each language.
    for (const { name, lesson } of experiments) {
      const all = languages.map((language) => (lesson[language].match(/\{[^}]*\}/g) ?? []).sort());
      assertEquals(all[0], all[1], name);
    }
    // Lessons can be filled when all runs are done.
    const results = resultsOf(runs, () => 0.5);
    const quiet = experiments.map(({ show: _, ...experiment }) => experiment);
    const pages = makePages({ experiments: quiet, runs: await runsOf(quiet), results });
    for (const language of languages) assertEquals(/[{}]/.exec(pages.get(pageName(language))!), null);
  },
);

testWith(["read"], "docs/report: the pages are what the kept results make, and every figure is there", async () => {
  const experiments = readExperiments(), runs = await runsOf(experiments), results = await readResults(resultsFolder);
  const pages = makePages({ experiments, runs, results });
  assertEquals(staleOf(pages, reportFolder), [], "run deno task report --pages");
  for (const language of languages) {
    for (const [, path] of pages.get(pageName(language))!.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)) {
      assert(Deno.statSync(`${reportFolder}/${path}`), path);
    }
  }
  for (const path of globSync(`${reportFolder}/results/**/*.json`)) assert(Deno.statSync(path).size < 20_000, path);
  const kept = new Set(runs.map(({ key }) => key));
  assertEquals(
    [...results].filter(([key]) => !kept.has(key)).map(([, { path }]) => path),
    [],
    "results of no run: their configs changed, or their variants are gone",
  );
});

testWith(["read"], "docs/report/mnist.safetensors: small, and made again as its card says", async () => {
  const path = `${reportFolder}/${modelPath}`;
  assert((await Deno.stat(path)).size < 600_000);
  await scope(async () => {
    const model = new nn.models.MLPResNet();
    model.loadStateDict(await io.load(path));
    model.eval();
    const { model: opened, config } = await openModel(path), [image] = await data.digits({ test: 1, seed: 0 }).get(0);
    assertEquals([config.model, config.data], ["mlpresnet", "mnist"]);
    const [one, other] = [model, opened].map((each) => each.call(image.reshape([1, 784])).toArray());
    assertEquals(one, other);
  });
});

testWith(
  ["read", "write"],
  "files: only what differs is written, and figures of no page go",
  () =>
    inTemporaryFolder(async (folder) => {
      const pages = new Map([["README.md", "text\n"], ["figures/a.svg", "<svg/>"]]);
      assertEquals(await writePages(pages, folder), ["README.md", "figures/a.svg"]);
      assertEquals(await writePages(pages, folder), []);
      await Deno.writeTextFile(`${folder}/figures/b.svg`, "");
      assertEquals(staleOf(pages, folder), ["figures/b.svg"]);
      assertEquals(await writePages(pages, folder), ["figures/b.svg"]);
      assertEquals(staleOf(pages, folder), []);
    }),
);

Deno.test("flags: a config as words of deno task train", () => {
  assertEquals(
    flagsOf({ data: "mnist", augment: "", batchSize: 32, captured: false, residual: true }),
    ' --data mnist --augment "" --batch-size 32 --no-captured --residual',
  );
});

testWith(
  ["read", "write", "run"],
  "deno task report: a run leaves a result, of which the pages are made",
  () =>
    inTemporaryFolder(async (folder) => {
      const report = async (...words: string[]) => {
        const path = (name: string) => fromFileUrl(import.meta.resolve(`../${name}`));
        const flags = ["--config", path("deno.json"), `--lock=${path("deno.lock")}`, "--frozen"];
        const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", "--quiet", "--no-check", ...flags, path("tools/report/main.ts"), ...words],
          cwd: folder,
          env: { DENEB_DEVICE: "wasm", NO_COLOR: "1" },
        }).output();
        const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
        return { code, stdout: text(stdout), stderr: text(stderr) };
      };
      const tiny: Experiment = {
        ...experiment,
        name: "tiny",
        base: { data: "digits", limit: 64, batchSize: 32, width: 8, epochs: 2, device: "wasm" },
        variants: experiment.variants.slice(0, 2),
        goal: { accuracy: 0.1 },
        expected: [],
        keep: true,
      };
      await writeText(`${folder}/docs/report/experiments.json`, JSON.stringify([tiny]));
      assertMatch((await report("--list")).stdout, /^tiny\/flat +0 of 2 done +2 to do, 3\.0 min each$/m);
      assertMatch((await report("--only", "huge")).stderr, /^Cannot report: --only huge is not one of tiny$/m);
      assertMatch((await report("--one", "tiny/flat-7")).stderr, /^Cannot run tiny\/flat-7: /);
      assertMatch(
        (await report("--jobs", "0")).stderr,
        /^Cannot read --jobs: "0" must be a whole number from 1 to 10000$/m,
      );
      const ran = await report("--one", "tiny/flat-0");
      assertEquals(ran.code, 0, ran.stderr);
      assertMatch((await report("--list")).stdout, /^tiny\/flat +1 of 2 done +1 to do/m);
      const [found] = (await readResults(`${folder}/${resultsFolder}`)).values(), { result } = found!;
      assertEquals([result.epochs, result.curve.length, result.config.depth], [2, 2, 1]);
      assertEquals(result.kept!.bytes, (await Deno.stat(`${folder}/${reportFolder}/mnist.safetensors`)).size);
      assert(result.mistakes.every(({ label, guess }) => label !== guess), "a mistake that is none");
      assertEquals((await report("--check")).code, 1);
      assertEquals((await report("--pages")).code, 0);
      assertEquals((await report("--check")).code, 0);
      const page = await Deno.readTextFile(`${folder}/docs/report/README.md`);
      assertMatch(page, /1 of 4 runs are done/);
      assertMatch(page, /!\[Depth & <width>\]\(figures\/tiny-mistakes\.en\.svg\)/);
      // What is forgotten is to be done; here only pages are made, so that it stays so.
      assertEquals((await report("--again", "--pages")).code, 0);
      assertMatch((await report("--list")).stdout, /^tiny\/flat +0 of 2 done +2 to do/m);
      assertEquals([...Deno.readDirSync(`${folder}/docs/report/results/tiny`)], []);
      assertEquals((await report("--one", "tiny/flat-0")).code, 0);
      // A changed config takes the result away from its run.
      await writeText(
        `${folder}/docs/report/experiments.json`,
        JSON.stringify([{ ...tiny, base: { ...tiny.base, width: 9 } }]),
      );
      assertMatch((await report("--list")).stdout, /^tiny\/flat +0 of 2 done +2 to do/m);
    }),
);
