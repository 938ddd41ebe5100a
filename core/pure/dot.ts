/**
 * Graphs in Graphviz's language.
 */

/** One node of a graph that is drawn. */
export interface DotNode {
  readonly label: string;
  readonly shape: "box" | "ellipse";
  /** The nodes from which arrows lead here, by their places in the list of all. */
  readonly from: Iterable<number>;
}

/** The text of a graph, a line for each node and each arrow. Arrows lead down the page, or up. */
export function dotOf(nodes: readonly DotNode[], direction: "down" | "up" = "down"): string {
  const lines = nodes.flatMap(({ label, shape, from }, place) => [
    `  n${place} [shape=${shape}, label=${JSON.stringify(label)}];`,
    ...Array.from(from, (source) => `  n${source} -> n${place};`),
  ]);
  return ["digraph {", ...(direction === "up" ? ["  rankdir=BT;"] : []), ...lines, "}"].join("\n");
}
