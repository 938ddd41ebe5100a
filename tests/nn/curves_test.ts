/**
 * Training curves beside PyTorch's: the same weights, data and optimizer, fifty captured steps.
 *
 * `fixtures/curves.py` wrote the losses, in float64. Rounding of float32 grows from step to step, so that losses agree to a
 * thousandth, and where a net has learnt its batch by heart to a thousandth of the first loss.
 */
import { capture, nn, optim, scope, type Tensor } from "../../mod.ts";
import fixtures from "../fixtures/curves.json" with { type: "json" };
import { assertClose, forEachDevice } from "../support.ts";
import { input, loadNamed, tokens } from "./named_weights.ts";

/** A sequence's class from the last state of a GRU. */
class GRUNet extends nn.Module {
  readonly gru = new nn.GRU(4, 12, { numLayers: 2, batchFirst: true });
  readonly head = new nn.Linear(12, 3);

  override forward(x: Tensor): Tensor {
    const [, state] = this.gru.call(x);
    return this.head.call(state.select(0, 1));
  }
}

interface Case {
  net: nn.Module;
  make: (params: nn.Parameter[]) => optim.Optimizer;
  x: () => Tensor;
  y: () => Tensor;
}

const cases: Record<keyof typeof fixtures, () => Case> = {
  LeNet: () => ({
    net: new nn.models.LeNet(),
    make: (params) => new optim.SGD(params, { lr: 0.02, momentum: 0.9 }),
    x: () => input([16, 1, 28, 28]),
    y: () => tokens([16], 10),
  }),
  "ResNet-20": () => ({
    net: nn.models.resnet20(),
    make: (params) => new optim.SGD(params, { lr: 0.02, momentum: 0.9, weightDecay: 1e-4 }),
    x: () => input([8, 3, 16, 16]),
    y: () => tokens([8], 10),
  }),
  GPT: () => ({
    net: new nn.models.GPT({ vocabulary: 11, block: 8, width: 12, heads: 3, depth: 2 }),
    make: (params) => new optim.AdamW(params, { lr: 1e-3, weightDecay: 0.1 }),
    x: () => tokens([32], 11).reshape([4, 8]),
    y: () => tokens([33], 11).narrow(0, 1, 32),
  }),
  GRU: () => ({
    net: new GRUNet(),
    make: (params) => new optim.Adam(params, { lr: 1e-2 }),
    x: () => input([6, 7, 4]),
    y: () => tokens([6], 3),
  }),
};

forEachDevice("curves: fifty steps lose what PyTorch's lose", (device) => {
  const lossOf = new nn.CrossEntropyLoss();
  for (const [name, losses] of Object.entries(fixtures)) {
    // The reference device would compute the nets of convolutions for minutes.
    if (device === "reference" && !["GPT", "GRU"].includes(name)) continue;
    const { net, make, x, y } = cases[name as keyof typeof fixtures]();
    using _ = scope();
    loadNamed(net);
    const optimizer = make(net.parameters());
    const step = capture((x: Tensor, y: Tensor) => {
      const logits = net.call(x), loss = lossOf.call(logits.reshape([-1, logits.shape.at(-1)!]), y);
      optimizer.resetGrad();
      loss.backward();
      optimizer.step();
      return loss;
    });
    const given = x(), wanted = y(), found = losses.map(() => step(given, wanted).item() as number);
    assertClose(found, losses, { relative: 1e-3, absolute: 1e-3 * losses[0]!, what: name });
    step[Symbol.dispose]();
  }
}, { parameters: true });
