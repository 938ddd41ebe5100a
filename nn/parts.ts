/** The checks of what containers are given. */
import { refuse, shown } from "../core/internal.ts";
import { Module } from "./module.ts";

/** The name of an item. RangeError for one that could not stand in a path. */
export function checkName(action: string, name: string): string {
  if (typeof name !== "string") refuse(action, name, "a name");
  if (name !== "" && !name.includes(".")) return name;
  throw new RangeError(`Cannot ${action}: name ${shown(name)} must have a letter, and no dot`);
}

/** The module itself. TypeError for what is none. */
export function checkModule<M>(action: string, item: unknown): M {
  return item instanceof Module ? item as M : refuse(action, item, "a module");
}
