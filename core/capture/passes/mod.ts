/**
 * Passes over a captured list: each takes a list and gives one that computes the same bits with less.
 */
import { checkFirst } from "./checks.ts";
import { shareCommon } from "./common.ts";
import { foldConstants } from "./constants.ts";
import { skipCopies } from "./copies.ts";
import { dropDead } from "./dead.ts";
import type { Pass } from "./pass.ts";
import { followProducts } from "./products.ts";
import { reuseInPlace } from "./reuse.ts";
import { turnProducts } from "./turn_products.ts";

export {
  checkFirst,
  dropDead,
  foldConstants,
  followProducts,
  type Pass,
  reuseInPlace,
  shareCommon,
  skipCopies,
  turnProducts,
};

/** The passes in the order in which they help one another; `foldConstants` keeps what is run once apart from the list. */
export const passes: readonly Pass[] = [
  skipCopies,
  shareCommon,
  dropDead,
  checkFirst,
  turnProducts,
  followProducts,
  foldConstants,
  reuseInPlace,
];
