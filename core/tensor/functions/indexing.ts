/** Functions that choose elements of several tensors. */
export {};
