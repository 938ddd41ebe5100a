/** Files: tensors as safetensors, states of other frameworks, checkpoints of a whole training run. */
export { convert, type Converted, type ConvertOptions } from "./convert.ts";
export {
  deserialize,
  load,
  type LoadOptions,
  save,
  type SaveOptions,
  serialize,
  type StateDict,
} from "./safetensors.ts";
export { loadCheckpoint, type Parts, random, saveCheckpoint, type Stateful } from "./checkpoint.ts";
export { writeWhole } from "../core/internal.ts";
