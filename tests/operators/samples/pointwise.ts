/** Samples of operators that work element by element. */
import { between, floats, integers, type Samples, special } from "../sample.ts";

const m = [2, 3];

export const pointwise: Samples = {
  add: { f: (a, b) => a.add(b!), torch: "a + b", inputs: [floats(m), floats([3], 1)] },
  "add: special": { f: (a, b) => a.add(b!), torch: "a + b", inputs: [special, special], order: 0 },
  exp: { f: (a) => a.exp(), torch: "torch.exp(a)", inputs: [floats(m)] },
  "log: positive": { f: (a) => a.log(), torch: "torch.log(a)", inputs: [between(0.1, 3, m)] },
  mod: { f: (a, b) => a.mod(b!), torch: "torch.remainder(a, b)", inputs: [floats(m), between(0.3, 1, m, 1)] },
  "add: integers": { f: (a) => a.add(2), torch: "a + 2", inputs: [integers(-5, 5, m)] },
};
