/** Functions that join tensors, or make grids of them. */
export {};
