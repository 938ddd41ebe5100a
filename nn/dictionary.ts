/** Items by name that belong to a module: the base of ModuleDict and ParameterDict. */
import { decided, isPlain, refuse, shown } from "../core/internal.ts";
import { Module } from "./module.ts";
import { checkName } from "./parts.ts";

/** Items by name: pairs in an order, such as those of a Map, or a plain object. */
export type Named<Item> = Iterable<readonly [name: string, item: Item]> | Readonly<Record<string, Item>>;

/** A module that holds items by name and has a Map's methods. It computes nothing itself. */
export abstract class DictionaryOf<Item> extends Module<never[], never>
  implements Iterable<[name: string, item: Item]> {
  /** Never changed, but replaced: a captured function sees by it that it must record anew. */
  #items: ReadonlyMap<string, Item> = new Map();

  /** The item itself, or what is held in its place. TypeError for what is none, in words that name the action. */
  protected abstract admit(action: string, item: unknown): Item;

  get #now(): ReadonlyMap<string, Item> {
    const items = this.#items;
    decided(() => this.#items === items);
    return items;
  }

  /** The number of items. */
  get size(): number {
    return this.#now.size;
  }

  /** The item of that name; undefined if there is none. */
  get(name: string): Item | undefined {
    return this.#now.get(name);
  }

  /** Whether there is an item of that name. */
  has(name: string): boolean {
    return this.#now.has(name);
  }

  /** The names, in the order in which they came. */
  keys(): MapIterator<string> {
    return this.#now.keys();
  }

  /** The items, in the order of their names. */
  values(): MapIterator<Item> {
    return this.#now.values();
  }

  /** The names with their items. */
  entries(): MapIterator<[name: string, item: Item]> {
    return this.#now.entries();
  }

  /** As {@linkcode ModuleDict.entries}. */
  [Symbol.iterator](): MapIterator<[name: string, item: Item]> {
    return this.entries();
  }

  /** Puts an item under a name, in the place of one that is there. Returns this. RangeError for a name that is empty or has a dot. */
  set(name: string, item: Item): this {
    return this.update([[name, item]]);
  }

  /** Puts items under their names, all or none. Returns this. */
  update(items: Named<Item>): this {
    const all = new Map(this.#items);
    for (const [name, item] of pairsOf("update", items)) {
      all.set(checkName("set", name), this.admit(`set ${shown(name)}`, item));
    }
    this.#items = all;
    return this;
  }

  /** Takes the item of that name out. True if there was one. */
  delete(name: string): boolean {
    const left = new Map(this.#items), was = left.delete(name);
    this.#items = left;
    return was;
  }

  /** Takes the item of that name out and returns it. RangeError if there is none. */
  pop(name: string): Item {
    const item = this.#items.get(name);
    if (item === undefined) throw new RangeError(`Cannot pop: there is no item ${shown(name)}`);
    this.delete(name);
    return item;
  }

  /** Takes all items out. */
  clear(): void {
    this.#items = new Map();
  }

  /** It computes nothing: call its items. */
  override forward(): never {
    throw new TypeError(`Cannot apply ${this.constructor.name}: it computes nothing itself, call its items`);
  }

  /** @ignore */
  protected override fields(): [name: string, value: unknown][] {
    return [...this.#items, ...super.fields()];
  }
}

function pairsOf<Item>(action: string, items: Named<Item>): Iterable<readonly [name: string, item: Item]> {
  if (isPlain(items)) return Object.entries(items) as [string, Item][];
  if (typeof items !== "object" || items === null || ArrayBuffer.isView(items) || !(Symbol.iterator in items)) {
    refuse(action, items, "an object of items by name");
  }
  return Array.from(items, (pair) => {
    if (!Array.isArray(pair) || pair.length !== 2) refuse(action, pair, "a pair of a name and an item");
    return pair as unknown as readonly [string, Item];
  });
}
