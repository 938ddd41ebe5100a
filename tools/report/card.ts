/** The card of the one model that is kept in the repository: what it is, what it was trained on, what it reaches, how it is loaded. */
import type { Run } from "./experiments.ts";
import type { Result } from "./results.ts";
import { count1000 } from "./words.ts";

/** The card's file and the model's, below docs/report. */
export const cardPath = "mnist.md", modelPath = "mnist.safetensors";

/** The card of a run whose model is kept. */
export function makeCard(
  { config, seed }: Run,
  { kept, parameters, epochs, seconds, machine, confusion }: Result,
): string {
  const { accuracy, bytes } = kept!, percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  const perClass = confusion.map((row, k) => row[k]! / row.reduce((sum, count) => sum + count, 0));
  const worst = perClass.indexOf(Math.min(...perClass));
  return `# ${modelPath}: an MLPResNet for handwritten digits

| | |
| --- | --- |
| model | \`nn.models.MLPResNet\`: ${config.depth} residual blocks of width ${config.width}, norm ${config.norm}; ${
    count1000(parameters)
  } parameters |
| input | gray images [batch, 1, 28, 28] or [batch, 784], ink 1 on ground 0, the digit in the middle as MNIST has it |
| output | logits [batch, 10], one for each digit |
| accuracy | ${percent(accuracy)} of the 10,000 MNIST test images, measured with this very file |
| weakest class | ${worst}, of which the trained model knows ${percent(perClass[worst]!)} |
| file | ${count1000(bytes)} bytes, safetensors; weights are float16, rounded from the float32 that were trained |

**Training.** \`deno task train --data mnist --seed ${seed}\`: the 60,000 MNIST training images, moved by up to one pixel at random, and nothing else; ${epochs} epochs, ${
    seconds.toFixed(0)
  } s on ${machine.cpu}, ${machine.cores} cores. The run chose nothing by the test images.

**Use.** For demonstrations. It knows centred digits in the style of MNIST, of Americans of the early 1990s, and gives one of ten answers to any image, with confidence also where there is no digit.

\`\`\`ts
import { io, nn } from "deneb";

const model = new nn.models.MLPResNet();
model.loadStateDict(await io.load("docs/report/${modelPath}"));
model.eval();
\`\`\`

On the command line: \`deno task predict docs/report/${modelPath} IMAGE...\`

**License.** The weights are under the repository's license, MIT. MNIST is by Yann LeCun, Corinna Cortes and Christopher Burges, derived from NIST's Special Databases 1 and 3, and given under CC BY-SA 3.0.
`;
}
