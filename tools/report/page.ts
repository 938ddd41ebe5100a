/** The pages of the report and their figures: one template for all languages, made from experiments and results alone. */
import { data } from "../../mod.ts";
import type { Config } from "../train/config.ts";
import {
  type Expectation,
  type Experiment,
  type Field,
  type Language,
  languages,
  pairOf,
  type Run,
  variantOf,
} from "./experiments.ts";
import { cardPath, makeCard } from "./card.ts";
import { confusionFigure, sumOf } from "./figures/confusion.ts";
import { curvesFigure } from "./figures/curves.ts";
import { mistakesFigure } from "./figures/mistakes.ts";
import { mlpResNetFigure, resMlpFigure } from "./figures/models.ts";
import type { Result, Results } from "./results.ts";
import { judgeMore, judgeSame, summarize, type Summary, type Verdict } from "./statistics.ts";
import { fill, format, formatDifference, type Words, words } from "./words.ts";

/** The text of each file of the report, by its path below docs/report. */
export type Pages = ReadonlyMap<string, string>;

/** What the pages are made from. */
export interface Report {
  readonly experiments: readonly Experiment[];
  readonly runs: readonly Run[];
  readonly results: Results;
}

/** An expectation, and what was seen of it. */
interface Judged {
  readonly expectation: Expectation;
  readonly verdict: Verdict;
  readonly difference: number;
}

/** The name of a page's file. */
export function pageName(language: Language): string {
  return language === "en" ? "README.md" : `README.${language}.md`;
}

/** All pages and figures. RangeError for a placeholder that there is not. */
export function makePages(report: Report): Pages {
  const resMlp = report.runs.find(({ config }) => config.model === "resmlp" && config.data === "cifar10")?.config;
  const pages = new Map([["figures/mlp_resnet.svg", mlpResNetFigure()], ["figures/res_mlp.svg", resMlpFigure(resMlp)]]);
  for (const language of languages) {
    for (const experiment of report.experiments) {
      for (const [path, text] of figuresOf(report, experiment, language)) pages.set(path, text);
    }
    pages.set(pageName(language), words[language].tidy(page(report, language)));
  }
  const keeper = report.experiments.find(({ keep }) => keep), kept = keeper && firstRun(report, keeper);
  if (kept?.result.kept !== undefined) pages.set(cardPath, makeCard(kept.run, kept.result));
  return pages;
}

/** The results of a variant, in the order of its seeds. */
function resultsOf({ runs, results }: Report, experiment: Experiment, variant: string): Result[] {
  return runs.filter((run) => run.experiment === experiment && run.variant.name === variant)
    .flatMap(({ key }) => results.get(key)?.result ?? []);
}

function summaryOf(report: Report, experiment: Experiment, field: Field, variant: string): Summary | null {
  const found = resultsOf(report, experiment, variantOf(experiment, variant).name);
  return found.length === 0 ? null : summarize(found.map((result) => result[field]));
}

function judged(report: Report, experiment: Experiment): Judged[] {
  return (experiment.expected ?? []).flatMap((expectation) => {
    const [one, two] = pairOf(expectation).map((name) => summaryOf(report, experiment, expectation.field, name));
    if (!one || !two) return [];
    const verdict = "same" in expectation ? judgeSame(one, two, expectation.within) : judgeMore(one, two);
    return [{ expectation, verdict, difference: one.mean - two.mean }];
  });
}

// --- figures

function figurePath(experiment: Experiment, what: string, language: Language): string {
  return `figures/${experiment.name}-${what}.${language}.svg`;
}

function figuresOf(report: Report, experiment: Experiment, language: Language): [path: string, svg: string][] {
  const { curves, confusion, captions } = words[language], title = experiment.title[language];
  const found: [string, string][] = [];
  const named = experiment.variants.map(({ name }) => ({ name, found: resultsOf(report, experiment, name) }));
  const lines = named.map(({ name, found }) => ({ name, curves: found.map((result) => result.curve) }));
  if (lines.some(({ curves }) => curves.some((curve) => curve.length > 0))) {
    found.push([figurePath(experiment, "curves", language), curvesFigure(lines, { title, ...curves })]);
  }
  const results = named[0]!.found, classes = classesOf(results[0]);
  if (experiment.show?.includes("confusion") && results.length > 0) {
    const sum = sumOf(results.map((result) => result.confusion));
    found.push([figurePath(experiment, "confusion", language), confusionFigure(sum, classes, { title, ...confusion })]);
  }
  const first = firstRun(report, experiment);
  if (experiment.show?.includes("mistakes") && first !== undefined && first.result.mistakes.length > 0) {
    const strip = Deno.readFileSync(`${first.path}.png`), caption = captions.mistakes;
    const svg = mistakesFigure(first.result.mistakes, strip, classes, `${title}: ${caption.split(/[:：,，]/)[0]}`);
    found.push([figurePath(experiment, "mistakes", language), svg]);
  }
  return found;
}

/** The first variant's run of the first seed, with its result, if it is there. */
function firstRun({ runs, results }: Report, experiment: Experiment): FirstRun | undefined {
  const run = runs.find((run) => run.experiment === experiment), found = run && results.get(run.key);
  return found && { run, ...found };
}

interface FirstRun {
  readonly run: Run;
  readonly result: Result;
  readonly path: string;
}

function classesOf(result: Result | undefined): readonly string[] {
  if (result === undefined) return [];
  return result.config.data === "cifar10" ? data.cifar10Names : result.confusion.map((_, k) => String(k));
}

// --- pages

function page(report: Report, language: Language): string {
  const own = words[language], { heads } = own;
  const sections = report.experiments.map((experiment) => section(report, experiment, language));
  return [
    `# ${own.title}`,
    own.other,
    ...own.intro,
    `## ${heads.goals}`,
    goals(report, language),
    `## ${heads.models}`,
    own.models.mlpResNet,
    `![MLPResNet](figures/mlp_resnet.svg)`,
    own.models.resMlp,
    `![ResMLP](figures/res_mlp.svg)`,
    `## ${heads.experiments}`,
    ...sections,
    `## ${heads.surprises}`,
    surprises(report, language),
    `## ${heads.repeat}`,
    ...own.repeat,
    `## ${heads.machines}`,
    machines(report, own),
  ].join("\n\n") + "\n";
}

/** A table in Markdown. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

function goals(report: Report, language: Language): string {
  const { columns, met, atLeast, orAs, least } = words[language];
  const rows = report.experiments.flatMap((experiment) => {
    const { goal, variants, title } = experiment;
    if (goal === undefined) return [];
    const reached = summaryOf(report, experiment, "accuracy", variants[0]!.name);
    const or = goal.or === undefined ? null : summaryOf(report, experiment, "accuracy", goal.or);
    const wanted = [
      `${atLeast} ${percent(goal.accuracy)}`,
      ...goal.or === undefined ? [] : [` ${orAs}`],
      ...goal.least === undefined ? [] : [least(percent(goal.least))],
    ].join("");
    const isOpen = reached === null || (goal.or !== undefined && or === null);
    const verdict = isOpen ? "–" : met[degreeOf(reached.mean, Math.max(goal.accuracy, or?.mean ?? 0), goal.least)]!;
    const seen = reached === null ? "–" : `${format("accuracy", reached)} (${reached.count})`;
    return [[`[${title[language]}](#${experiment.name})`, wanted, seen, verdict]];
  });
  return table([columns.experiment, columns.goal, `${columns.reached} (${columns.runs})`, columns.met], rows);
}

/** 2 for a goal that is reached, 1 for the least that would do, 0 for neither. */
function degreeOf(reached: number, goal: number, least = goal): 0 | 1 | 2 {
  return reached >= goal ? 2 : reached >= least ? 1 : 0;
}

function section(report: Report, experiment: Experiment, language: Language): string {
  const own = words[language], { heads, captions, base, colon, keeps } = own, { name } = experiment;
  const results = experiment.variants.map((variant) => resultsOf(report, experiment, variant.name));
  const done = results.flat().length, all = experiment.variants.length * experiment.seeds.length;
  const figures = figuresOf(report, experiment, language).map(([path]) => path);
  const image = (what: string, caption: string) => {
    const path = figurePath(experiment, what, language);
    return figures.includes(path)
      ? [`![${experiment.title[language]}](${path})`, caption.replace("{}", experiment.variants[0]!.name)]
      : [];
  };
  const lookup = (field: Field, variant: string) => summaryOf(report, experiment, field, variant);
  const lesson = fill(experiment.lesson[language], lookup, own);
  return [
    `<a id="${name}"></a>`,
    `### ${experiment.title[language]}`,
    `**${heads.question}${colon}** ${experiment.question[language]}`,
    `${base}${colon} \`deno task train${flagsOf(experiment.base)}\``,
    ...done < all ? [`*${own.notYet(done, all)}*`] : [],
    ...done > 0 ? [resultsTable(report, experiment, language)] : [],
    ...image("curves", captions.curves),
    ...expectations(report, experiment, language),
    ...lesson === null ? [] : [`**${heads.lesson}${colon}** ${lesson}`],
    ...image("confusion", captions.confusion),
    ...image("mistakes", captions.mistakes),
    ...experiment.keep && firstRun(report, experiment)?.result.kept ? [keeps] : [],
  ].join("\n\n");
}

function resultsTable(report: Report, experiment: Experiment, language: Language): string {
  const { columns, noDifference } = words[language], { field } = columns;
  const rows = experiment.variants.flatMap((variant) => {
    const results = resultsOf(report, experiment, variant.name);
    if (results.length === 0) return [];
    const of = (field: Field) => summarize(results.map((result) => result[field]));
    const { least, most } = of("accuracy"), flags = flagsOf(variant.config).trim();
    const differs = [variant.pytorch === undefined ? "" : "PyTorch", flags && `\`${flags}\``].filter(Boolean).join(
      ", ",
    );
    return [[
      `\`${variant.name}\``,
      differs || noDifference,
      format("accuracy", of("accuracy")),
      results.length > 1 ? `${percent(least)} – ${percent(most)}` : "–",
      format("loss", of("loss")),
      format("parameters", of("parameters")),
      format("seconds", of("seconds")),
      String(results.length),
    ]];
  });
  const head = [field.accuracy, columns.range, field.loss, field.parameters, field.seconds, columns.runs];
  return table([columns.variant, columns.differs, ...head], rows);
}

/** The expectations with what was seen of them: a list, or nothing where nothing was seen. */
function expectations(report: Report, experiment: Experiment, language: Language): string[] {
  const own = words[language], all = judged(report, experiment);
  const lines = all.map((each) => `- ${own.expected}${own.colon} ${seen(each, language)}${own.stop}`);
  return lines.length === 0 ? [] : [lines.join("\n")];
}

function surprises(report: Report, language: Language): string {
  const own = words[language];
  const rows = report.experiments.flatMap((experiment) =>
    judged(report, experiment).filter(({ verdict }) => verdict === "contradicted")
      .map((each) =>
        `- [${experiment.title[language]}](#${experiment.name})${own.colon} ${seen(each, language)}${own.stop}`
      )
  );
  return rows.length === 0 ? own.noSurprise : [own.surprises, "", ...rows].join("\n");
}

/** An expectation, its verdict and the difference of the means. */
function seen({ expectation, verdict, difference }: Judged, language: Language): string {
  const own = words[language], [one, two] = pairOf(expectation);
  const size = formatDifference(expectation.field, difference, own);
  return `${expectation.text[language]} ${own.verdict[verdict]}${own.colon} \`${one}\` − \`${two}\` = ${size}`;
}

function machines({ runs, results }: Report, { machines, machine }: Words): string {
  const all = runs.flatMap(({ key }) => results.get(key)?.result ?? []).map((result) => machine(result.machine));
  return [machines, "", ...[...new Set(all)].sort().map((text) => `- ${text}`)].join("\n");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

/** The flags of `deno task train` that give these fields. */
export function flagsOf(given: Partial<Config>): string {
  return Object.entries(given).map(([name, value]) => {
    const flag = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    if (typeof value === "boolean") return value ? ` --${flag}` : ` --no-${flag}`;
    return ` --${flag} ${value === "" ? '""' : value}`;
  }).join("");
}
