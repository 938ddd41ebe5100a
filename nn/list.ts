/** Lists that belong to a module: the base of Sequential, ModuleList and ParameterList. */
import { checkCount, decided, refuse, shown } from "../core/internal.ts";
import { Module } from "./module.ts";
import { checkName } from "./parts.ts";

/** An item, with the name that it was given; null for the number of its place. */
type Entry<Item> = readonly [name: string | null, item: Item];

/** A module that holds a list of items, which are named by number. */
// deno-lint-ignore no-explicit-any -- what a list takes and returns is between it and its subclass.
export abstract class ListOf<Item, Inputs extends any[], Output> extends Module<Inputs, Output>
  implements Iterable<Item> {
  /** Never changed, but replaced: a captured function sees by it that it must record anew. */
  #entries: readonly Entry<Item>[] = [];

  /** The item itself, or what is held in its place. TypeError for what is none, in words that name the action. */
  protected abstract admit(action: string, item: unknown): Item;

  /** Puts the first items into the list, by name if `items` is an object. */
  protected fill(action: string, items: Iterable<unknown> | Readonly<Record<string, unknown>>): void {
    if (Symbol.iterator in items) {
      this.#entries = Array.from(items as Iterable<unknown>, (item, place) => [null, this.#admit(action, item, place)]);
      return;
    }
    this.#entries = Object.entries(items).map(([name, item]) => {
      checkName(action, name);
      if (/^\d+$/.test(name)) {
        throw new RangeError(`Cannot ${action}: name ${shown(name)} must be none of a place's numbers`);
      }
      return [name, this.admit(`${action}: ${name}`, item)];
    });
  }

  #admit(action: string, item: unknown, place: number): Item {
    return this.admit(`${action}: item ${place}`, item);
  }

  get #now(): readonly Entry<Item>[] {
    const entries = this.#entries;
    decided(() => this.#entries === entries);
    return entries;
  }

  /** The number of items. */
  get length(): number {
    return this.#now.length;
  }

  /** The item at `place`, which counts from the end if negative; undefined if there is none. */
  at(place: number): Item | undefined {
    return this.#now.at(place)?.[1];
  }

  /** The items in order, as the list is at present. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#now.map(([, item]) => item)[Symbol.iterator]();
  }

  /** Puts another item in the place of one, under its name. Returns this. RangeError for a place that is none. */
  set(place: number, item: Item): this {
    const at = this.#place("set", place), admitted = this.#admit("set", item, at);
    this.#entries = this.#entries.map((entry, k) => k === at ? [entry[0], admitted] : entry);
    return this;
  }

  /** Adds an item at the end. Returns this. */
  append(item: Item): this {
    return this.extend([item]);
  }

  /** Adds items at the end, all or none. Returns this. */
  extend(items: Iterable<Item>): this {
    if (typeof items?.[Symbol.iterator] !== "function") refuse("extend", items, "items in an order");
    const before = this.#entries;
    const added = Array.from(items, (item, k): Entry<Item> => [null, this.#admit("extend", item, before.length + k)]);
    this.#entries = [...before, ...added];
    return this;
  }

  /** Puts an item before the one at `place`, which may be the length of the list. Returns this. */
  insert(place: number, item: Item): this {
    const { length } = this.#entries, at = place < 0 ? place + length : place;
    checkCount("insert", "place", at, 0, length);
    this.#entries = this.#entries.toSpliced(at, 0, [null, this.#admit("insert", item, at)]);
    return this;
  }

  /** Takes the item at `place` out, by default the last one, and returns it. RangeError for a place that is none. */
  pop(place: number = -1): Item {
    const at = this.#place("pop", place), [, item] = this.#entries[at]!;
    this.#entries = this.#entries.toSpliced(at, 1);
    return item;
  }

  #place(action: string, place: number): number {
    const { length } = this.#entries, at = place < 0 ? place + length : place;
    if (Number.isInteger(at) && at >= 0 && at < length) return at;
    throw new RangeError(`Cannot ${action}: place ${shown(place)} of a list of ${length}`);
  }

  /** The items from `start` to `end`, which is left out, with the names that were given to them. */
  protected part(start?: number, end?: number): Item[] | Record<string, Item> {
    const entries = this.#now.slice(start, end);
    return entries.length > 0 && entries.every(([name]) => name !== null)
      ? Object.fromEntries(entries as [string, Item][])
      : entries.map(([, item]) => item);
  }

  /** @ignore */
  protected override fields(): [name: string, value: unknown][] {
    return [
      ...this.#entries.map(([name, item], place): [string, unknown] => [name ?? `${place}`, item]),
      ...super.fields(),
    ];
  }
}
