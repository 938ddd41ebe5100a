/**
 * Files of `torch.save` (`.pt`, `.pth`, `.bin`) as tensors, without Python, and without running what the file says. An entry
 * point of its own, since zip archives are read by a package of npm, and all of `mod.ts` depends on nothing.
 *
 * @module
 */
export { loadPytorch, type LoadPytorchOptions, readPytorch } from "./load.ts";
export { PickledObject } from "./pickle.ts";
