/** What recurrent layers and their cells check and name alike. */
import { shown } from "../../core/internal.ts";

/** The options that all cells have. */
export const cellNames = ["bias", "dtype", "device"] as const;

/** PyTorch's names for the parameters of a cell. */
export const namesInPytorch = {
  weightInput: "weight_ih",
  weightHidden: "weight_hh",
  biasInput: "bias_ih",
  biasHidden: "bias_hh",
  weightProjection: "weight_hr",
} as const;

/** The nonlinearity itself. RangeError for another one. */
export function checkNonlinearity<Name extends string>(action: string, nonlinearity: Name): Name {
  if (nonlinearity === "tanh" || nonlinearity === "relu") return nonlinearity;
  throw new RangeError(`Cannot ${action}: nonlinearity ${shown(nonlinearity)} must be "tanh" or "relu"`);
}

/** RangeError unless a projection leads to a length from 1 to below that of the hidden state, or there is none. */
export function checkProjection(action: string, projSize: number, hiddenSize: number): void {
  if (projSize === 0) return;
  if (Number.isSafeInteger(projSize) && projSize > 0 && !(projSize >= hiddenSize)) return;
  throw new RangeError(
    `Cannot ${action}: projSize ${shown(projSize)} must be an integer from 0 to below hiddenSize ${shown(hiddenSize)}`,
  );
}
