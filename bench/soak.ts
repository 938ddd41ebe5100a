/**
 * The soak: `deno run -A --v8-flags=--expose-gc bench/soak.ts [flags]` trains a net for as many steps as are asked for, and
 * prints what the process holds on the way, a JSON line at a time. A program that gives back what it takes prints the same
 * figures from the second line on.
 */
import {
  capture,
  manualSeed,
  memory,
  nn,
  optim,
  randint,
  randn,
  scope,
  setDefaultDevice,
  type Tensor,
} from "../mod.ts";
import { parseFlags } from "../tools/flags.ts";

const help = `Trains for long and prints what the process holds.

  --device NAME          auto, cpu, opencl, cuda, wasm, reference (auto)
  --mode eager|captured  of the steps                             (eager)
  --loop sync|await      await lets the event loop turn after each step (sync)
  --net small|mnist      a layer of 4 x 2, or the residual net on 32 images (small)
  --steps N              so many                                  (1000000)
  --lines N              so many figures on the way               (10)
  --unscoped             opens no scope: the collector must find what the steps leave`;

/** What the process holds, in MiB and in pieces. */
function figures(step: number): string {
  // What is garbage at that moment depends on chance.
  (globalThis as { gc?: () => void }).gc?.();
  const mib = (bytes: number) => Math.round(bytes / 2 ** 17) / 8, { heapUsed, rss } = Deno.memoryUsage();
  const { tensors, bytes, reserved } = memory();
  const count = (folder: string) => Deno.build.os === "linux" ? [...Deno.readDirSync(folder)].length : null;
  return JSON.stringify({
    step,
    heap: mib(heapUsed),
    rss: mib(rss),
    tensors,
    bytes: mib(bytes),
    reserved: mib(reserved),
    descriptors: count("/proc/self/fd"),
    threads: count("/proc/self/task"),
  });
}

/** One training step. */
function stepOf(net: string): () => Tensor {
  manualSeed(0);
  const loss = new nn.CrossEntropyLoss();
  const [model, x, y] = net === "mnist"
    ? [new nn.models.MLPResNet(), randn([32, 784]), randint(0, 10, [32])]
    : [new nn.Linear(4, 2), randn([3, 4]), randint(0, 2, [3])];
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  return () => {
    const value = loss.call(model.call(x), y);
    optimizer.resetGrad();
    value.backward();
    optimizer.step();
    return value;
  };
}

async function main(args: string[]): Promise<void> {
  const { help: asked, unscoped, ...values } = parseFlags(args, {
    text: ["device", "mode", "loop", "net", "steps", "lines"],
    flags: ["unscoped", "help"],
  });
  if (asked) return console.log(help);
  const { device = "auto", mode = "eager", loop = "sync", net = "small" } = values;
  const steps = Number(values.steps ?? 1e6), every = Math.ceil(steps / Number(values.lines ?? 10));
  await setDefaultDevice(device);
  const body = stepOf(net), step = mode === "captured" ? capture(body) : body;
  for (let k = 1; k <= steps; k++) {
    if (unscoped) step();
    else {
      using _ = scope();
      step();
    }
    if (loop === "await") await new Promise((turn) => setTimeout(turn));
    if (k % every === 0) console.log(figures(k));
  }
}

if (import.meta.main) await main(Deno.args);
