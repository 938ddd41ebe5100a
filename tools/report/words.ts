/** Numbers and fixed sentences of the report in its languages, and the placeholders by which other texts get their numbers. */
import type { Field, Language } from "./experiments.ts";
import type { Machine } from "./results.ts";
import type { Summary, Verdict } from "./statistics.ts";

/** The fixed words of a language. */
export interface Words {
  readonly other: string;
  readonly title: string;
  readonly intro: readonly string[];
  readonly heads: {
    readonly goals: string;
    readonly models: string;
    readonly experiments: string;
    readonly question: string;
    readonly results: string;
    readonly lesson: string;
    readonly surprises: string;
    readonly repeat: string;
    readonly machines: string;
  };
  readonly columns: {
    readonly experiment: string;
    readonly goal: string;
    readonly reached: string;
    readonly met: string;
    readonly variant: string;
    readonly runs: string;
    readonly differs: string;
    readonly field: Readonly<Record<Field, string>>;
    readonly range: string;
  };
  readonly curves: { readonly loss: string; readonly error: string; readonly epoch: string };
  readonly confusion: { readonly label: string; readonly guess: string };
  readonly captions: { readonly curves: string; readonly confusion: string; readonly mistakes: string };
  readonly models: { readonly mlpResNet: string; readonly resMlp: string };
  readonly verdict: Readonly<Record<Verdict, string>>;
  readonly noSurprise: string;
  readonly surprises: string;
  readonly expected: string;
  readonly keeps: string;
  readonly colon: string;
  readonly stop: string;
  /** The last touch to a page. */
  readonly tidy: (page: string) => string;
  readonly met: readonly [no: string, least: string, yes: string];
  readonly least: (accuracy: string) => string;
  readonly atLeast: string;
  readonly orAs: string;
  readonly notYet: (done: number, all: number) => string;
  readonly points: string;
  readonly base: string;
  readonly noDifference: string;
  readonly repeat: readonly string[];
  readonly machines: string;
  readonly machine: (machine: Machine) => string;
}

export const words: Readonly<Record<Language, Words>> = {
  en: {
    other: "[中文](README.zh.md)",
    title: "Residual MLPs on MNIST and CIFAR-10",
    intro: [
      "The networks of this report are trained from scratch by Deneb, on no other data, one network at a time. Every figure, table and number below is made by `deno task report` from the small files in `docs/report/results`: each holds the config of a run, its curve and its scores. A mean over seeds is followed by the sample standard deviation.",
      "MNIST is used as published. **The CIFAR-10 images in use were decoded from JPEG files, and differ a little from the original binary files: the original files may give other numbers.**",
      "A run chooses nothing by the test set: its last weights are the ones that are tested, and the test curves are only looked at. The settings of the larger experiments, though, were chosen after short runs whose test accuracy was known.",
    ],
    heads: {
      goals: "Goals",
      models: "The models",
      experiments: "Experiments",
      question: "Question",
      results: "Results",
      lesson: "What it teaches",
      surprises: "What was not as expected",
      repeat: "How to repeat it",
      machines: "Machines",
    },
    columns: {
      experiment: "experiment",
      goal: "goal",
      reached: "reached",
      met: "met",
      variant: "variant",
      runs: "runs",
      differs: "what differs",
      field: { accuracy: "test accuracy", loss: "test loss", seconds: "training", parameters: "parameters" },
      range: "least to most",
    },
    curves: { loss: "training loss", error: "test error (%)", epoch: "epoch" },
    confusion: { label: "true class", guess: "what the model said" },
    captions: {
      curves: "Lines are means over seeds, bands reach from the least to the most. Both vertical axes are logarithmic.",
      confusion: "Confusion matrix of `{}`, all seeds together: what the model got wrong is coloured.",
      mistakes:
        "The surest mistakes of `{}`, seed 0: the true class, and in colour what the model said and how sure it was.",
    },
    models: {
      mlpResNet:
        "**MLPResNet**, the net of the lecture, here with its sizes for MNIST: a linear layer, residual blocks, a linear layer. A block computes a correction of half the width and adds it to what came in.",
      resMlp:
        "**ResMLP** ([Touvron et al. 2021](https://arxiv.org/abs/2105.03404)), here with sizes for CIFAR-10: an image becomes a list of patches; each layer mixes first over the patches, the same way for every feature, then over the features, the same way for every patch. There is neither a convolution nor attention in it.",
    },
    verdict: {
      confirmed: "So it is",
      contradicted: "**It is not so**",
      undecided: "The difference is within the spread of the seeds",
    },
    expected: "Expected",
    keeps:
      "The model of seed 0 is kept in [mnist.safetensors](mnist.safetensors); [its card](mnist.md) says how to use it.",
    colon: ":",
    stop: ".",
    tidy: (page) => page,
    noSurprise: "Nothing that has been run contradicts what was expected of it.",
    surprises: "These expectations were written down before the runs, and the runs contradict them:",
    met: ["no", "the least", "yes"],
    least: (accuracy) => `; ${accuracy} would do`,
    atLeast: "at least",
    orAs: "and at least PyTorch's",
    notYet: (done, all) => `${done} of ${all} runs are done; what depends on the others is left out.`,
    points: "points",
    base: "Every variant has",
    noDifference: "nothing",
    repeat: [
      "`deno task report --list` shows all runs, which of them are done, and about how long the others take; `deno task report` does those that are missing, or whose config in [experiments.json](experiments.json) changed, and writes these pages. It can be ended at any time and goes on from the last checkpoint; `--only NAME` does one experiment, `--minutes N` stops after about that long. A single run is `deno task train` with the flags that stand at each experiment, and `--seed 0`, `1` or `2`.",
    ],
    machines: "The runs were done on:",
    machine: ({ cpu, cores, threads, device, level }) =>
      `${cpu}, ${cores} cores, ${threads} ${threads === 1 ? "thread" : "threads"} a run: ${device}${
        level && ` (${level})`
      }`,
  },
  zh: {
    other: "[English](README.md)",
    title: "残差 MLP 在 MNIST 与 CIFAR-10 上的实验",
    intro: [
      "本报告中的网络全部由 Deneb 从零开始训练，不使用任何额外数据，也不做模型集成。下面的每一幅图、每一张表、每一个数字，都由 `deno task report` 根据 `docs/report/results` 中的小文件生成：每个文件记录一次训练的配置、曲线和成绩。多个随机种子的平均值之后给出样本标准差。",
      "MNIST 使用公开发布的原始文件。**CIFAR-10 的图像由 JPEG 解码而来，与原始二进制文件略有差别：换用原始文件，数字可能有所不同。**",
      "训练过程不依据测试集做任何选择：测试的是训练结束时的权重，测试曲线只供观察。不过，较大实验的设置是看过一些短训练的测试准确率之后选定的。",
    ],
    heads: {
      goals: "目标",
      models: "模型",
      experiments: "实验",
      question: "问题",
      results: "结果",
      lesson: "得到的认识",
      surprises: "与预期不符之处",
      repeat: "如何重复",
      machines: "机器",
    },
    columns: {
      experiment: "实验",
      goal: "目标",
      reached: "达到",
      met: "是否达成",
      variant: "变体",
      runs: "次数",
      differs: "不同之处",
      field: { accuracy: "测试准确率", loss: "测试损失", seconds: "训练时间", parameters: "参数量" },
      range: "最低到最高",
    },
    curves: { loss: "训练损失", error: "测试错误率 (%)", epoch: "轮次" },
    confusion: { label: "真实类别", guess: "模型的回答" },
    captions: {
      curves: "曲线是各随机种子的平均值，色带从最小值到最大值。两个纵轴都是对数刻度。",
      confusion: "`{}` 的混淆矩阵（所有种子合计）：有颜色的格子是判错的图像。",
      mistakes: "`{}`（种子 0）最有把握却判错的图像：上面是真实类别，彩色的是模型的回答和它的把握。",
    },
    models: {
      mlpResNet:
        "**MLPResNet**：课程中的网络，图中是用于 MNIST 的尺寸。先是一个线性层，然后是若干残差块，最后是一个线性层。每个残差块用一半的宽度算出一个修正量，再加回到输入上。",
      resMlp:
        "**ResMLP**（[Touvron 等，2021](https://arxiv.org/abs/2105.03404)）：图中是用于 CIFAR-10 的尺寸。图像被切成一列小块；每一层先在小块之间混合（对每个特征用同样的权重），再在特征之间混合（对每个小块用同样的权重）。其中既没有卷积，也没有注意力机制。",
    },
    verdict: { confirmed: "结果如此", contradicted: "**结果并非如此**", undecided: "差别在随机种子的波动之内" },
    expected: "预期",
    keeps: "种子 0 的模型保存在 [mnist.safetensors](mnist.safetensors)；用法见[模型卡](mnist.md)（英文）。",
    colon: "：",
    stop: "。",
    // Chinese punctuation brings its own space.
    tidy: (page) => page.replaceAll(/(?<=[。：，；]) +/g, ""),
    noSurprise: "已完成的训练中，没有与预期相矛盾的结果。",
    surprises: "以下预期写于训练之前，而结果与之矛盾：",
    met: ["否", "达到底线", "是"],
    least: (accuracy) => `；底线 ${accuracy}`,
    atLeast: "不低于",
    orAs: "且不低于 PyTorch",
    notYet: (done, all) => `已完成 ${all} 次训练中的 ${done} 次；依赖其余训练的内容暂缺。`,
    points: "个百分点",
    base: "所有变体共有",
    noDifference: "无",
    repeat: [
      "`deno task report --list` 列出全部训练、哪些已经完成、其余大约需要多久；`deno task report` 只做缺少的、或在 [experiments.json](experiments.json) 中配置已经改变的训练，然后写出这些页面。它可以随时中断，下次从最近的检查点继续；`--only NAME` 只做一个实验，`--minutes N` 大约在这么久之后停下。单独的一次训练就是 `deno task train` 加上各实验处列出的参数，再加 `--seed 0`、`1` 或 `2`。",
    ],
    machines: "训练所用的机器：",
    machine: ({ cpu, cores, threads, device, level }) =>
      `${cpu}，${cores} 核，每次训练 ${threads} 个线程：${device}${level && `（${level}）`}`,
  },
};

/** A number of a field with its unit: `98.52 ± 0.05 %`. */
export function format(field: Field, summary: Summary): string {
  const { mean, deviation, count } = summary;
  const both = (scale: number, digits: number, unit: string) => {
    const spread = count > 1 ? ` ± ${(deviation * scale).toFixed(digits)}` : "";
    return `${(mean * scale).toFixed(digits)}${spread}${unit}`;
  };
  switch (field) {
    case "accuracy":
      return both(100, 2, " %");
    case "loss":
      return both(1, 4, "");
    case "seconds":
      return mean < 100 ? both(1, 1, " s") : mean < 6000 ? both(1, 0, " s") : both(1 / 60, 0, " min");
    case "parameters":
      return count1000(mean);
    default:
      return field satisfies never;
  }
}

/** A difference of means with its sign and unit: `+0.31 points`. */
export function formatDifference(field: Field, difference: number, { points }: Pick<Words, "points">): string {
  const sign = difference < 0 ? "−" : "+", size = Math.abs(difference);
  switch (field) {
    case "accuracy":
      return `${sign}${(100 * size).toFixed(2)} ${points}`;
    case "loss":
      return `${sign}${size.toFixed(4)}`;
    case "seconds":
      return `${sign}${size.toFixed(1)} s`;
    case "parameters":
      return `${sign}${count1000(size)}`;
    default:
      return field satisfies never;
  }
}

/** A count with its thousands apart. */
export function count1000(count: number): string {
  return Math.round(count).toLocaleString("en-US");
}

/** Where placeholders find their numbers; null for a variant without results. */
export type Lookup = (field: Field, variant: string) => Summary | null;

const placeholder = /\{(\w+) of ([a-z0-9.-]+)(?: (minus|over) ([a-z0-9.-]+))?\}/g;

/**
 * A text with its numbers: `{accuracy of deep}`, `{accuracy of deep minus flat}`, `{seconds of deep over flat}`. Null where a
 * number is not there yet. RangeError for braces that hold something else.
 */
export function fill(text: string, lookup: Lookup, words: Pick<Words, "points">): string | null {
  let isWhole = true;
  const filled = text.replaceAll(placeholder, (_, field: Field, one: string, sign: string | undefined, two = one) => {
    const first = lookup(field, one), second = lookup(field, two);
    if (first === null || second === null) {
      isWhole = false;
      return "";
    }
    if (sign === "minus") return formatDifference(field, first.mean - second.mean, words);
    return sign === "over" ? `${(first.mean / second.mean).toFixed(2)}×` : format(field, first);
  });
  const [left] = /[{}].*/.exec(filled) ?? [];
  if (left !== undefined) throw new RangeError(`Cannot fill ${JSON.stringify(left)}: it is no placeholder`);
  return isWhole ? filled : null;
}
