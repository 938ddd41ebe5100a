/** The modules of `fixtures/pytorch.json` by their names there. */
import { nn } from "../mod.ts";

export const makers: Record<string, () => nn.Module> = {
  Linear: () => new nn.Linear(3, 4),
  "Linear without bias": () => new nn.Linear(3, 4, { bias: false }),
  "Linear on three axes": () => new nn.Linear(3, 2),
  Flatten: () => new nn.Flatten(),
  Identity: () => new nn.Identity(),
  ReLU: () => new nn.ReLU(),
  Sigmoid: () => new nn.Sigmoid(),
  Tanh: () => new nn.Tanh(),
  GELU: () => new nn.GELU(),
  Softmax: () => new nn.Softmax(-1),
  BatchNorm1d: () => new nn.BatchNorm1d(3),
  "BatchNorm1d with options": () => new nn.BatchNorm1d(3, { eps: 1e-3, momentum: 0.4 }),
  "BatchNorm1d on three axes": () => new nn.BatchNorm1d(3),
  LayerNorm1d: () => new nn.LayerNorm1d(5),
  "LayerNorm1d on three axes": () => new nn.LayerNorm1d(5),
  "Dropout of nothing": () => new nn.Dropout(0),
  Sequential: () => new nn.Sequential(new nn.Linear(3, 4), new nn.Tanh(), new nn.Linear(4, 2)),
  Residual: () => new nn.Residual(new nn.Linear(3, 4), new nn.ReLU(), new nn.Linear(4, 3)),
};
