/**
 * The server of the page, on 127.0.0.1. Its state is the run's log: it looks into the file while a page is open, and tells
 * each page what changed since the line that the page knows.
 */
import { files } from "./files.ts";
import { Follower } from "./follow.ts";
import { type Changes, History } from "./history.ts";

/** Options of {@linkcode serveDashboard}. */
export interface DashboardOptions {
  /** The run's folder, in which `log.jsonl` lies or will lie. */
  folder: string;
  /** The port; 0, the default, takes a free one. */
  port?: number;
  /** Is told, once each, what is odd about the log; standard error by default. */
  say?: (line: string) => void;
}

/** A page that is served. */
export interface Dashboard {
  /** The page's address. */
  readonly url: string;
  /** Sends what the log has to all pages, and ends the server. */
  close(): Promise<void>;
}

/** What a message to the page holds. */
export interface Message extends Changes {
  /** The run's folder. */
  folder: string;
  /** Why the log cannot be read, if it cannot. */
  problem: string | null;
}

/** A page that is open. */
interface Client {
  readonly controller: ReadableStreamDefaultController<Uint8Array>;
  /** What the page knows: the `id` of the last message, and what stood in the way of reading the log. */
  id: string | null;
  problem: string | null;
}

const host = "127.0.0.1", lookMilliseconds = 250;

const headers = {
  // Nothing is loaded from elsewhere, and nobody frames the page.
  "content-security-policy":
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/**
 * Serves the page of a run, running or finished. Error if the port is taken or may not be listened on; RangeError for a
 * number that is no port.
 */
export function serveDashboard({ folder, port = 0, say = console.error }: DashboardOptions): Dashboard {
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new RangeError(`Cannot serve the dashboard: port ${port} must be a whole number from 0 to 65535`);
  }
  const run = new RunLog(folder, say), clients = new Set<Client>();

  // Looks do not overlap. Without a page there is nobody to tell.
  let looking: Promise<void> | null = null;
  const look = () => looking ??= run.look().finally(() => looking = null);
  const timer = setInterval(async () => {
    if (clients.size === 0) return;
    await look();
    for (const client of clients) run.tell(client);
  }, lookMilliseconds);

  async function follow(lastId: string | null): Promise<Response> {
    await look();
    let client: Client;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        client = { controller, id: lastId, problem: null };
        controller.enqueue(encode("retry: 1000\n\n"));
        clients.add(client);
        run.tell(client, true);
      },
      cancel: () => void clients.delete(client),
    }, { highWaterMark: 2 });
    return new Response(body, { headers: { ...headers, "content-type": "text/event-stream" } });
  }

  function answer(request: Request, own: string): Response | Promise<Response> {
    const refuse = (status: number, text: string, more = {}) =>
      new Response(text, { status, headers: { ...headers, ...more } });
    // A page of another site whose name was made to lead here names that site.
    if (![own, own.replace(host, "localhost")].includes(request.headers.get("host") ?? "")) {
      return refuse(421, `This is ${own}\n`);
    }
    if (request.method !== "GET") return refuse(405, "Only GET is answered\n", { allow: "GET" });
    const { pathname } = new URL(request.url);
    if (pathname === "/events") return follow(request.headers.get("last-event-id"));
    const file = Object.hasOwn(files, pathname) ? files[pathname]! : null;
    if (file === null) return refuse(404, "There is no such file\n");
    return new Response(file.text, { headers: { ...headers, "content-type": file.type } });
  }

  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve(
      { hostname: host, port, onListen: () => {} },
      (request) => answer(request, `${host}:${server.addr.port}`),
    );
  } catch (cause) {
    clearInterval(timer);
    throw new Error(`Cannot serve the dashboard: ${reasonOf(cause, port)}`, { cause });
  }

  return {
    url: `http://${host}:${server.addr.port}/`,
    async close() {
      clearInterval(timer);
      await looking;
      if (clients.size > 0) await look();
      for (const client of clients) {
        run.tell(client, true);
        client.controller.close();
      }
      clients.clear();
      await server.shutdown();
    },
  };
}

/** Why the port cannot be listened on, and what to do. */
function reasonOf(cause: unknown, port: number): string {
  if (cause instanceof Deno.errors.AddrInUse) {
    return `port ${port} is in use; --port names another one, and --port 0 takes one that is free`;
  }
  if (cause instanceof Deno.errors.NotCapable) return `it needs --allow-net=${host}`;
  return (cause as Error).message;
}

/** The log of a run, as it is read and told. */
class RunLog {
  readonly #folder: string;
  readonly #say: (line: string) => void;
  readonly #follower: Follower;
  #history = new History();
  /** Told apart by a name that no other log has, also of a server before this one: a page that knows another gets everything. */
  #name = crypto.randomUUID();
  #problem: string | null = null;
  #hasToldOfBroken = false;

  constructor(folder: string, say: (line: string) => void) {
    this.#folder = folder;
    this.#say = say;
    this.#follower = new Follower(`${folder}/log.jsonl`, {
      line: (text) => this.#history.add(text),
      restart: () => {
        this.#history = new History();
        this.#name = crypto.randomUUID();
      },
    });
  }

  /** Reads what is new in the log. What stands in the way is told, and gone once it is. */
  async look(): Promise<void> {
    const path = `${this.#folder}/log.jsonl`;
    let problem = null;
    try {
      await this.#follower.look();
    } catch (error) {
      const isAbsent = error instanceof Deno.errors.NotFound;
      // A run that is about to begin has no log yet; what is gone is told to the pages, which still show it.
      if (!isAbsent || this.#history.lines > 0) {
        problem = `Cannot read ${path}: ${isAbsent ? "there is none" : (error as Error).message}`;
      }
      if (problem !== null && problem !== this.#problem && !isAbsent) this.#say(problem);
    }
    this.#problem = problem;
    if (this.#history.broken > 0 && !this.#hasToldOfBroken) {
      this.#hasToldOfBroken = true;
      this.#say(`${path} has lines that hold no event (${this.#history.broken} so far); they are left out`);
    }
  }

  /**
   * Sends a page what it does not know yet. One that is slow is passed over, and sent more at once later, unless it is told
   * in any case.
   */
  tell(client: Client, inAnyCase = false): void {
    const id = `${this.#name}/${this.#history.lines}`, isSlow = (client.controller.desiredSize ?? 0) <= 0;
    if (!inAnyCase && (isSlow || (client.id === id && client.problem === this.#problem))) return;
    const changes = this.#history.since(this.#lineOf(client.id));
    const message: Message = { folder: this.#folder, problem: this.#problem, ...changes };
    client.controller.enqueue(encode(`id: ${id}\ndata: ${JSON.stringify(message)}\n\n`));
    client.id = id;
    client.problem = this.#problem;
  }

  /** The line up to which a page knows this log, by the `id` that it was sent last. */
  #lineOf(id: string | null): number {
    const [name, line = ""] = (id ?? "").split("/");
    return name === this.#name && /^\d+$/.test(line) ? Number(line) : 0;
  }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
