/** A program that trains with a checkpoint after every few steps, until it is done or killed: `killed.ts CHECKPOINT MODEL LOG`. */
import { io, setDefaultDevice, train } from "../../mod.ts";
import { setup } from "./setup.ts";

const [path, done, logPath] = Deno.args as [string, string, string];
await setDefaultDevice("wasm");
const { model, loader, validation, options } = setup({
  epochs: 40,
  ema: 0.9,
  clipNorm: 1,
  accumulate: 2,
  metrics: ["accuracy"],
  keepBest: { metric: "loss" },
  checkpoint: { path, steps: 3 },
  resume: true,
});
using log = new train.JsonLines(logPath);
for await (const event of train.run(model, loader, { ...options, validation })) {
  await log.write(event);
  // Time for a kill.
  if (event.kind === "step") await new Promise((resolve) => setTimeout(resolve, 3));
}
await io.save(done, model.stateDict());
