/**
 * A net that learns to balance a pole on a cart by trying: deep Q-learning (Mnih et al. 2015) with a memory of what happened, a
 * slower copy of the net for its goals, and double estimates (van Hasselt, Guez and Silver 2016).
 *
 *     deno run examples/cart_pole.ts
 *     deno run -A examples/cart_pole.ts returns.svg   # also draws how long the pole stood
 */
import { capture, manualSeed, nn, noGrad, optim, scope, type Tensor, tensor } from "../mod.ts";
import { plots } from "./picture.ts";

const defaults = {
  /** The most moves in training. */
  moves: 40_000,
  /** Moves from the memory in each training step. */
  batchSize: 128,
  /** Features of the hidden layers. */
  width: 64,
  lr: 1e-3,
  /** How much a move later counts beside one now. */
  discount: 0.99,
  /** The part of the way that the copy goes towards the net with each step. */
  follow: 0.01,
  seed: 0,
  /** Tells what happens. */
  say: (line: string): void => console.log(line),
};

/** Position and speed of the cart, angle and angular speed of the pole. */
type State = readonly [position: number, speed: number, angle: number, turn: number];

/** The moves after which an episode ends in any case. */
const longest = 500;

/** The state after pushing the cart to the left (0) or the right (1) for a fiftieth of a second (Barto, Sutton and Anderson 1983). */
function move([position, speed, angle, turn]: State, push: number): State {
  const gravity = 9.8, cart = 1, pole = 0.1, half = 0.5, force = push === 1 ? 10 : -10, time = 0.02;
  const sum = (force + pole * half * turn ** 2 * Math.sin(angle)) / (cart + pole);
  const faster = (gravity * Math.sin(angle) - Math.cos(angle) * sum) /
    (half * (4 / 3 - pole * Math.cos(angle) ** 2 / (cart + pole)));
  const drive = sum - pole * half * faster * Math.cos(angle) / (cart + pole);
  return [position + time * speed, speed + time * drive, angle + time * turn, turn + time * faster];
}

/** Whether the cart has left its track, or the pole leans by more than 12 degrees. */
function hasFallen([position, , angle]: State): boolean {
  return Math.abs(position) > 2.4 || Math.abs(angle) > 12 * Math.PI / 180;
}

/** Numbers in [0, 1) that follow from a seed (mulberry32). */
function randomOf(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The last moves, each with its state before and after, the push, and whether the pole fell. */
class Memory {
  readonly #most: number;
  readonly #rows: { before: State; push: number; after: State; fell: boolean }[] = [];
  #next = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get length(): number {
    return this.#rows.length;
  }

  add(before: State, push: number, after: State, fell: boolean): void {
    this.#rows[this.#next] = { before, push, after, fell };
    this.#next = (this.#next + 1) % this.#most;
  }

  /** Some moves, drawn with replacement: states [count, 4], pushes [count, 1], states [count, 4], falls [count, 1]. */
  draw(count: number, random: () => number): [Tensor, Tensor, Tensor, Tensor] {
    const rows = Array.from({ length: count }, () => this.#rows[Math.floor(random() * this.length)]!);
    const column = (values: number[]) => tensor(Float32Array.from(values), { shape: [count, 1] });
    return [
      tensor(rows.map(({ before }) => before)),
      column(rows.map(({ push }) => push)).cast("int32"),
      tensor(rows.map(({ after }) => after)),
      column(rows.map(({ fell }) => fell ? 1 : 0)),
    ];
  }
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

/** Trains the net. Returns the moves of each episode in training, and of twenty more without chance. */
export function main(options: Partial<typeof defaults> = {}) {
  const { moves, batchSize, width, lr, discount, follow, seed, say } = { ...defaults, ...options };
  manualSeed(seed);
  const random = randomOf(seed), memory = new Memory(10_000);
  const make = () =>
    new nn.Sequential(
      new nn.Linear(4, width),
      new nn.ReLU(),
      new nn.Linear(width, width),
      new nn.ReLU(),
      new nn.Linear(width, 2),
    );
  const net = make(), slow = make(), best = make();
  slow.loadStateDict(net.stateDict());

  const lossOf = new nn.SmoothL1Loss(), optimizer = new optim.Adam(net.parameters(), { lr });
  const step = capture((before: Tensor, push: Tensor, after: Tensor, fell: Tensor) => {
    const goal = noGrad(() => {
      // The net chooses the next push, its slower copy says what that is worth.
      const best = net.call(after).argmax({ axis: 1, keepDims: true });
      return slow.call(after).gather(1, best).mul(fell.mul(-1).add(1)).mul(discount).add(1);
    });
    const loss = lossOf.call(net.call(before).gather(1, push), goal);
    optimizer.resetGrad();
    loss.backward();
    optimizer.step();
    const pairs = slow.parameters().map((target, k) => [target, net.parameters()[k]!] as const);
    noGrad(() => pairs.forEach(([target, source]) => target.data = target.lerp(source, follow)));
    return loss;
  });
  const worth = capture((state: Tensor) => noGrad(() => net.call(state)));
  const choose = (state: State) => {
    using _ = scope();
    const [left, right] = worth(tensor([state])).toTypedArray() as Float32Array;
    return right! > left! ? 1 : 0;
  };
  const start = (): State => [0, 0, 0, 0].map(() => random() * 0.1 - 0.05) as unknown as State;

  /** The moves of some episodes without chance. */
  const tryOut = (count: number) =>
    Array.from({ length: count }, () => {
      let state = start(), length = 0;
      while (length < longest && !hasFallen(state)) {
        state = move(state, choose(state));
        length++;
      }
      return length;
    });

  const episodes: number[] = [];
  let state = start(), length = 0, most = -1;
  for (let k = 0; k < moves; k++) {
    const chance = Math.max(0.02, 1 - k / (moves / 5));
    const push = random() < chance ? Math.floor(2 * random()) : choose(state),
      after = move(state, push),
      fell = hasFallen(after);
    memory.add(state, push, after, fell);
    state = after;
    length++;
    if (fell || length === longest) {
      episodes.push(length);
      state = start();
      length = 0;
    }
    if (memory.length >= 1000) {
      using _ = scope();
      step(...memory.draw(batchSize, random));
    }
    // What it has learnt it may unlearn: the weights that did best are kept, and training ends where nothing is left to learn.
    if ((k + 1) % 1000 !== 0 && k + 1 < moves) continue;
    const mean = meanOf(tryOut(10));
    if (mean > most) {
      most = mean;
      best.loadStateDict(net.stateDict());
    }
    if (mean === longest || (k + 1) % 4000 === 0) say(`move ${k + 1}  ${Math.round(mean)} moves in each of ten tries`);
    if (mean === longest) break;
  }

  net.loadStateDict(best.stateDict());
  return { episodes, tests: tryOut(20) };
}

/** How long the pole stood in each episode of training, as the text of an SVG file. */
export async function draw({ episodes }: Pick<ReturnType<typeof main>, "episodes">): Promise<string> {
  const { chart } = await plots();
  let moves = 0;
  const ends = episodes.map((length) => [moves += length, length] as const);
  const means = ends.map(([end], k) => {
    return [end, meanOf(episodes.slice(Math.max(0, k - 9), k + 1))] as const;
  });
  const series = [
    { name: "an episode", points: ends },
    {
      name: "mean of the last ten",
      kind: "line",
      points: means,
    } as const,
  ];
  const title = "How many moves the pole stood in each episode of training";
  return chart(series, { title, x: "moves in all", y: "moves in the episode", width: 560 });
}

if (import.meta.main) {
  const result = main(), { tests } = result, [path] = Deno.args;
  console.log(
    `the pole stands for ${meanOf(tests).toFixed(0)} of ${longest} moves on average, ${Math.min(...tests)} at least`,
  );
  if (path !== undefined) await Deno.writeTextFile(path, await draw(result));
}
