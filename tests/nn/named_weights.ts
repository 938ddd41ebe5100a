/** Weights and inputs that follow from names, the same here as in `fixtures/models.py`, so that no fixture has to hold them. */
import { io, type nn, type Tensor, tensor } from "../../mod.ts";

/** Numbers in [-1, 1) that follow from a name, the same as in `models.py`. */
export function noise(name: string, count: number): Float64Array {
  let seed = 0;
  for (let k = 0; k < name.length; k++) seed = (Math.imul(seed, 31) + name.charCodeAt(k)) >>> 0;
  return Float64Array.from({ length: count }, (_, k) => {
    let h = (k + seed) >>> 0;
    for (let round = 0; round < 2; round++) h = Math.imul(h ^ (h >>> 16), 0x45d9f3b) >>> 0;
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 31 - 1;
  });
}

const product = (lengths: readonly number[]) => lengths.reduce((all, length) => all * length, 1);

/** The weight of a name in PyTorch's state. */
function weight(name: string, shape: readonly number[]): Tensor {
  const u = noise(name, product(shape)), scale = Math.sqrt(3 / product(shape.slice(1)));
  const value = name.endsWith("running_var")
    ? (u: number) => 1 + u / 2
    : shape.length > 1
    ? (u: number) => u * scale
    : name.endsWith("weight")
    ? (u: number) => 1 + u / 10
    : (u: number) => u / 10;
  return tensor(Float32Array.from(u, value), { shape });
}

export const input = (shape: readonly number[]) => tensor(Float32Array.from(noise("input", product(shape))), { shape });
export const tokens = (shape: readonly number[], count: number) =>
  tensor(Int32Array.from(noise("tokens", product(shape)), (u) => Math.floor((u * 0.5 + 0.5) * count)), { shape });

/** The weights of names in PyTorch's state. */
export function weightsOf(names: readonly string[], state: Readonly<Record<string, Tensor>>): Record<string, Tensor> {
  return Object.fromEntries(names.map((name) => [name, weight(name, state[name]!.shape)]));
}

/** The names of a net's tensors in PyTorch's state, where what is shared stands under its first name, and the tensors. */
export function inPytorch(net: nn.Module): { names: string[]; state: Record<string, Tensor> } {
  const { state } = io.convert(net.stateDict(), { to: "pytorch" }, net);
  return { names: Object.keys(state).filter((name) => name !== "lm_head.weight"), state };
}

/** Gives a net the weights of its names. */
export function loadNamed(net: nn.Module): void {
  const { names, state } = inPytorch(net);
  net.loadStateDict(io.convert(weightsOf(names, state), { from: "pytorch" }, net).state);
}
