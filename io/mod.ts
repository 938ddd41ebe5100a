/** Files: tensors as safetensors, states of other frameworks, checkpoints of a whole training run. */
export * from "./convert.ts";
export * from "./safetensors.ts";
export * from "./checkpoint.ts";
export * from "./files.ts";
