/** The dashboard's server: what it tells a page and when, and what it refuses. */
import { openDashboard } from "../../tools/dashboard/open.ts";
import { type Dashboard, type Message, serveDashboard } from "../../tools/dashboard/server.ts";
import { commandOf } from "../../tools/permitted.ts";
import { inTemporaryFolder, testWith } from "../permissions.ts";
import { assert, assertEquals, assertMatch, assertRejectsLike, assertThrowsLike, fromFileUrl } from "../support.ts";
import { linesOf, logOf, lossOf, writeLog } from "./logs.ts";

/** A server of a new folder, for as long as `body` takes, and what it says on the side. */
async function serving(body: (folder: string, dashboard: Dashboard, said: string[]) => Promise<void>): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const said: string[] = [], dashboard = serveDashboard({ folder, say: (line) => said.push(line) });
    try {
      await body(folder, dashboard, said);
    } finally {
      await dashboard.close();
    }
  });
}

const test = (name: string, body: Parameters<typeof serving>[0]) =>
  testWith(["net", "read", "write"], `dashboard: ${name}`, () => serving(body));

/** The messages that a page gets, with their ids. A page that was connected before says the last id. */
async function listen(url: string, lastId?: string) {
  const headers: Record<string, string> = lastId === undefined ? {} : { "last-event-id": lastId };
  const { body } = await fetch(`${url}events`, { headers }),
    reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  return {
    /** The next message; null once the server has closed the stream. */
    async next(): Promise<{ id: string; message: Message } | null> {
      for (;;) {
        const found = /^id: (.*)\ndata: (.*)\n\n/m.exec(text);
        if (found) {
          text = text.slice(found.index + found[0].length);
          return { id: found[1]!, message: JSON.parse(found[2]!) };
        }
        const { value, done } = await reader.read();
        if (done) return null;
        text += value;
      }
    },
    close: () => reader.cancel(),
  };
}

/** What a message says of points: whether it is all there is, where its points begin, and their steps. */
function pointsOf({ whole, points: { from, columns } }: Message): [whole: boolean, from: number, steps: number[]] {
  return [whole, from, columns.step];
}

const countTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, k) => first + k);

test("a page gets what there is, then what comes, and after a break the rest", async (folder, { url }) => {
  const events = logOf({ epochs: 2 }), append = { append: true };
  await writeLog(folder, events.slice(0, 10));
  const page = await listen(url), first = (await page.next())!;
  assertEquals(pointsOf(first.message), [true, 0, countTo(8)]);
  assertEquals([first.message.lines, first.message.newest.samples], [10, events[1]]);

  // Half a line waits for its end.
  const text = linesOf(events.slice(10, 13));
  await Deno.writeTextFile(`${folder}/log.jsonl`, text.slice(0, -30), append);
  const second = (await page.next())!;
  assertEquals(pointsOf(second.message), [false, 8, [9, 10]]);
  await Deno.writeTextFile(`${folder}/log.jsonl`, text.slice(-30), append);
  const third = (await page.next())!;
  assertEquals(pointsOf(third.message), [false, 10, [11]]);
  assertEquals(third.message.points.columns.loss, [Number(lossOf(11).toPrecision(6))]);
  await page.close();

  await writeLog(folder, events.slice(13), append);
  const again = await listen(url, second.id), { message } = (await again.next())!;
  assertEquals(pointsOf(message), [false, 10, countTo(40, 11)]);
  assertEquals([message.epochs.events.length, message.newest], [2, { end: events.at(-1)! }]);
  await again.close();
  for (const id of ["", "another/12", second.id.replace(/\d+$/, "999"), "x".repeat(1000)]) {
    const other = await listen(url, id);
    assertEquals(pointsOf((await other.next())!.message), [true, 0, countTo(40)], id);
    await other.close();
  }
});

test("a log that is cut or written anew is told from its beginning", async (folder, { url }) => {
  await writeLog(folder, logOf({ steps: 30 }));
  const page = await listen(url);
  await page.next();
  // As when a run is taken up again: cut after step 20, then longer than before.
  await writeLog(folder, [...logOf({ steps: 20 }), ...logOf({ begun: 0 }).slice(23)]);
  assertEquals(pointsOf((await page.next())!.message), [true, 0, countTo(60)]);
  await writeLog(folder, logOf({ steps: 3 }));
  assertEquals(pointsOf((await page.next())!.message), [true, 0, [1, 2, 3]]);
  await page.close();
});

test(
  "a log that is not there yet is waited for, and one that is gone is a problem that passes",
  async (folder, { url }, said) => {
    const page = await listen(url),
      expect = async (problem: RegExp | null, lines: number) => {
        const { message } = (await page.next())!;
        if (problem === null) assertEquals(message.problem, null);
        else assertMatch(message.problem!, problem);
        assertEquals(message.lines, lines);
      };
    await expect(null, 0);
    await writeLog(folder, logOf({ steps: 3 }));
    await expect(null, 5);
    await Deno.rename(folder, `${folder}.away`);
    await expect(/^Cannot read .*log\.jsonl: there is none$/, 5);
    await Deno.mkdir(`${folder}/log.jsonl`, { recursive: true });
    await expect(/it is no file/, 5);
    await Deno.remove(folder, { recursive: true });
    await Deno.rename(`${folder}.away`, folder);
    await expect(null, 5);
    assertEquals(said.length, 1, said.join("\n"));
    await page.close();
  },
);

test("broken lines are left out, counted, and told of once", async (folder, { url }, said) => {
  await Deno.writeTextFile(`${folder}/log.jsonl`, `{"kind":"st\n${linesOf(logOf({ steps: 2 }))}\0\xff\n`);
  const page = await listen(url), { message } = (await page.next())!;
  assertEquals([message.broken, message.lines, message.points.columns.step], [2, 6, [1, 2]]);
  await Deno.writeTextFile(`${folder}/log.jsonl`, "more\n", { append: true });
  assertEquals((await page.next())!.message.broken, 3);
  assertEquals(said.length, 1);
  assertMatch(said[0]!, /log\.jsonl has lines that hold no event \(2 so far\); they are left out$/);
  await page.close();
});

testWith(
  ["net", "read", "write"],
  "dashboard: closing tells the last events and ends the pages",
  () =>
    inTemporaryFolder(async (folder) => {
      const events = logOf();
      await writeLog(folder, events.slice(0, 7));
      const dashboard = serveDashboard({ folder }), page = await listen(dashboard.url);
      await page.next();
      await writeLog(folder, events.slice(7), { append: true });
      const closed = dashboard.close();
      assertEquals((await page.next())!.message.newest.end, events.at(-1));
      assertEquals(await page.next(), null);
      await closed;
    }),
);

/** What the server answers to a request as it is written, down to its host and its path, and the headers. */
async function ask(url: string, line: string, host?: string): Promise<{ status: number; text: string }> {
  const { hostname, port, host: own } = new URL(url);
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const request = `${line} HTTP/1.1\r\nhost: ${host ?? own}\r\nconnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  const text = await new Response(connection.readable).text();
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text };
}

test(
  "only its own files are served, to GET, under its own name, and all must come from itself",
  async (folder, { url }) => {
    await writeLog(folder, logOf());
    const cases: [line: string, status: number, host?: string][] = [
      ["GET /", 200],
      ["GET /?x=1", 200],
      ["GET /", 200, new URL(url).host.replace("127.0.0.1", "localhost")],
      ...[
        "main.js",
        "chart.js",
        "matrix.js",
        "samples.js",
        "state.js",
        "words.js",
        "uplot.js",
        "style.css",
        "uplot.css",
        "icon.svg",
      ]
        .map((name): [string, number] => [`GET /${name}`, 200]),
      ["GET /log.jsonl", 404],
      ["GET /server.ts", 404],
      ["GET /../../deno.json", 404],
      ["GET /%2e%2e/%2e%2e/deno.json", 404],
      ["GET //etc/passwd", 404],
      ["GET /page/..%2fserver.ts", 404],
      ["GET /constructor", 404],
      ["GET /__proto__", 404],
      ["POST /", 405],
      ["PUT /main.js", 405],
      ["DELETE /events", 405],
      ["OPTIONS /", 405],
      ["GET /", 421, "rebound.example"],
      ["GET /events", 421, "rebound.example:80"],
      ["GET /", 421, "127.0.0.1"],
      ["GET /", 421, `${new URL(url).host}.example`],
    ];
    for (const [line, status, host] of cases) {
      const answer = await ask(url, line, host), what = `${line} of ${host ?? "its own"}`;
      assertEquals(answer.status, status, what);
      assertMatch(answer.text, /\r\ncontent-security-policy: default-src 'self';/, what);
      assertMatch(answer.text, /\r\nx-content-type-options: nosniff\r\n/, what);
      assertEquals(/access-control-allow-origin|set-cookie/i.test(answer.text), false, what);
    }
  },
);

test("the page names nothing outside of its server", async (_, { url }) => {
  for (
    const path of [
      "",
      "style.css",
      "uplot.css",
      "main.js",
      "chart.js",
      "matrix.js",
      "samples.js",
      "state.js",
      "words.js",
    ]
  ) {
    const text = await (await fetch(url + path)).text();
    assertEquals(/https?:|\/\/[a-z]+\.|<script>|style="|javascript:/i.exec(text)?.[0], undefined, path);
  }
});

testWith(
  ["net", "read", "write", "run"],
  "dashboard: what cannot be served says why",
  () =>
    serving(async (folder, { url }) => {
      const { port } = new URL(url);
      const inUse = new RegExp(`Cannot serve the dashboard: port ${port} is in use; --port names another one`);
      assertThrowsLike(() => serveDashboard({ folder, port: Number(port) }), inUse);
      await assertRejectsLike(() => openDashboard({ folder, port: Number(port) }), inUse);
      for (const port of [-1, 1.5, 65536, NaN]) {
        assertThrowsLike(
          () => serveDashboard({ folder, port }),
          /RangeError: .* must be a whole number from 0 to 65535/,
        );
      }
      const cases: [words: string[], said: RegExp][] = [
        [[folder], /^Cannot read .*log\.jsonl: there is none, so no run was logged there\n$/],
        [["--port", "many"], /^Cannot read --port: "many" must be a whole number from 0 to 65535\n$/],
        [[folder, "--prot", "1"], /^Cannot read flags: there is no --prot; did you mean --port\?\n$/],
      ];
      const program = fromFileUrl(new URL("../../tools/permitted.ts", import.meta.url));
      for (const [words, said] of cases) {
        const { code, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "-A", "--quiet", program, "dashboard", ...words],
          cwd: fromFileUrl(new URL("../..", import.meta.url)),
          env: { NO_COLOR: "1" },
        }).output();
        assertEquals(code, 1);
        assertMatch(new TextDecoder().decode(stderr), said);
      }
    }),
);

testWith(
  ["net", "read", "write", "run"],
  "dashboard: the program shows a finished run with the permissions of its task",
  () =>
    inTemporaryFolder(async (folder) => {
      await writeLog(folder, logOf());
      const child = new Deno.Command(Deno.execPath(), {
        args: commandOf("dashboard", [folder]),
        cwd: fromFileUrl(new URL("../..", import.meta.url)),
        env: { NO_COLOR: "1" },
        stdout: "piped",
      }).spawn();
      const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
      try {
        const { value = "" } = await reader.read(), url = /http:\S+/.exec(value)?.[0];
        assert(url !== undefined, value);
        const page = await listen(url), { message } = (await page.next())!;
        assertEquals([message.points.columns.step.length, message.newest.end?.["reason"]], [60, "done"]);
        await page.close();
      } finally {
        child.kill();
        await child.status;
        await reader.cancel();
      }
    }),
);

testWith(
  ["net", "read", "write"],
  "dashboard: on a thread of its own it answers while this one computes",
  () =>
    inTemporaryFolder(async (folder) => {
      await writeLog(folder, logOf({ steps: 3 }));
      const said: string[] = [], dashboard = await openDashboard({ folder, say: (line) => said.push(line) });
      try {
        const page = await listen(dashboard.url);
        assertEquals((await page.next())!.message.lines, 5);
        await Deno.writeTextFile(`${folder}/log.jsonl`, "no event\n", { append: true });
        const until = performance.now() + 600;
        while (performance.now() < until);
        assertEquals((await page.next())!.message.broken, 1);
        await page.close();
      } finally {
        await dashboard.close();
      }
      assertEquals(said.length, 1);
    }),
);
