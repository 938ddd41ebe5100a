/** Files: tensors as safetensors, checkpoints of a whole training run. */
export { deserialize, load, save, type SaveOptions, serialize, type StateDict } from "./safetensors.ts";
export { loadCheckpoint, type Parts, random, saveCheckpoint, type Stateful } from "./checkpoint.ts";
export { writeWhole } from "../core/internal.ts";
