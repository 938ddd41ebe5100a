/**
 * The dashboard's page in a browser, in which it is live, late, loaded again or finished.
 */
import { serveDashboard } from "../../tools/dashboard/server.ts";
import { inTemporaryFolder, testWith } from "../permissions.ts";
import { assert, assertEquals, assertMatch, fromFileUrl, required } from "../support.ts";
import { logOf, type LogOptions, writeLog } from "./logs.ts";
import { browserPath, launch } from "./browser.ts";
import type { Page } from "./npm.ts";

const absent = browserPath === null && !required.includes("chromium") ? "there is no chromium on the path" : null;

/** A page that is open, and how to serve it. */
interface Opened {
  page: Page;
  folder: string;
  /** Ends the server, and starts one for the same folder on the same port. */
  restart(between?: () => Promise<void>): Promise<void>;
}

/** Opens the page of a log in the browser. Afterwards nothing may have been asked of another server, nor been complained of. */
function testPage(
  name: string,
  log: LogOptions,
  body: (opened: Opened) => Promise<void>,
  { complaints = /^$/, ...context }: {
    complaints?: RegExp;
    colorScheme?: "dark";
    viewport?: { width: number; height: number };
  } = {},
): void {
  testWith(
    ["net", "read", "write", "run", "env"],
    `dashboard page: ${name}`,
    () =>
      inTemporaryFolder(async (folder) => {
        await writeLog(folder, logOf(log));
        let dashboard = serveDashboard({ folder, say: () => {} });
        const { url } = dashboard, asked: string[] = [], complained: string[] = [];
        const browser = await launch();
        try {
          const page = await browser.newPage(context);
          // A machine that is busy with other tests is slow.
          page.setDefaultTimeout(120_000);
          page.on("request", (request) => asked.push(request.url()));
          page.on("console", (message) => complained.push(`${message.type()}: ${message.text()}`));
          page.on("pageerror", (error) => complained.push(error.message));
          await page.goto(url);
          const restart = async (between = () => Promise.resolve()) => {
            await dashboard.close();
            await between();
            dashboard = serveDashboard({ folder, port: Number(new URL(url).port) });
          };
          await body({ page, folder, restart });
          assertEquals(asked.filter((address) => !address.startsWith(url)), [], "requests that leave the machine");
          assertEquals(complained.filter((line) => !complaints.test(line)), []);
        } finally {
          await browser.close();
          await dashboard.close();
        }
      }),
    absent,
  );
}

/** Waits until the page shows so many points of the loss, in training and in validation. */
async function untilDrawn(page: Page, points: string): Promise<void> {
  await page.waitForSelector(`figure[data-points="${points}"] canvas`);
  // What belongs to the same frame is drawn then.
  await page.evaluate("new Promise(requestAnimationFrame)");
}

/** The texts that all elements have that fit a selector. */
const texts = async (page: Page, selector: string): Promise<string[]> =>
  (await page.locator(selector).allInnerTexts()).map((text) => text.replaceAll("\u00a0", " "));

/** What the page says of a finished run of `logOf()`. */
async function assertFinished(page: Page): Promise<void> {
  await untilDrawn(page, "60,3");
  assertEquals(await page.locator("#status").innerText(), "finished");
  assertMatch(await page.locator("#place").innerText(), /^epoch 3 of 3 · step 60 of 60 · 3:00 · 1,234 parameters$/);
  assertEquals(await texts(page, "figure h2"), [
    "Loss",
    "Accuracy",
    "Learning rate",
    "Images per second",
    "Gradient norm",
  ]);
  assertEquals(
    await page.evaluate(`Array.from(document.querySelectorAll("figure"), ({ dataset }) => dataset.points)`),
    [
      "60,3",
      "3",
      "60",
      "60",
      "60",
    ],
  );
  // The last values beside the drawings; the loss is smoothed by the last of 60 / 80 steps, which is none.
  assertEquals(await texts(page, "figure output"), ["0.0167", "0.0333", "100.00 %", "0.00167", "1,600", "0.0333"]);
  assertEquals(await texts(page, "#tiles dd:not(.note)"), [
    "0.0167",
    "0.0333",
    "100.00 %",
    "0.00167",
    "1,600",
    "0.0333",
  ]);
  assertEquals(await texts(page, "#samples li"), ["zero ✓ 75.0 %", "one ✓ 50.0 %", "two ✓ 100 %"]);
  assertEquals(await texts(page, "#matrix tbody tr"), ["zero\t3\t0\t0", "one\t0\t3\t0", "two\t0\t0\t3"]);
  assertEquals(await texts(page, "#matrix-note"), ["epoch 3: 9 of 9 right, 100.00 %"]);
}

testPage("a finished run is shown whole, and again after a reload", {}, async ({ page }) => {
  await assertFinished(page);
  await page.reload();
  await assertFinished(page);
  // Something was drawn: a canvas with pixels of the curve's colour.
  const blue = await page.evaluate(`(() => {
    const canvas = document.querySelector("figure canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let k = 0; k < data.length; k += 4) if (data[k] === 0x2a && data[k + 1] === 0x6f && data[k + 2] === 0xdb) count++;
    return count;
  })()`);
  assert((blue as number) > 200, `${blue} blue pixels`);
});

testPage(
  "a run is shown while it goes on, to one who comes early and to one who comes late",
  { steps: 0 },
  async ({ page, folder }) => {
    const events = logOf();
    assertEquals(await texts(page, "figure output"), ["–", "–", "–", "–", "–", "–"]);
    await writeLog(folder, events.slice(2, 32), { append: true });
    await untilDrawn(page, "29,1");
    assertEquals(await page.locator("#status").innerText(), "running");
    assertEquals(await texts(page, "#samples li"), ["one ✗ 75.0 %\nit is zero", "one ✓ 50.0 %", "two ✓ 100 %"]);
    assertMatch(await page.locator("#matrix-pairs").innerText(), /^Most often mistaken: zero as one \(2\)$/);
    await page.reload();
    await untilDrawn(page, "29,1");
    await writeLog(folder, events.slice(32), { append: true });
    await assertFinished(page);
  },
);

const refused = /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING/;

testPage(
  "a lost connection is told, and taken up without a point twice or missing",
  { steps: 30 },
  async ({ page, folder, restart }) => {
    await untilDrawn(page, "30,1");
    await restart(async () => {
      await page.waitForSelector("#status[data-state=lost]");
      await writeLog(folder, logOf().slice(33), { append: true });
    });
    await assertFinished(page);
  },
  { complaints: refused },
);

testPage("a run that began anew replaces the old one, and broken lines are counted", {}, async ({ page, folder }) => {
  await untilDrawn(page, "60,3");
  await writeLog(folder, logOf({ steps: 5 }));
  await untilDrawn(page, "5,0");
  assertEquals([await page.locator("#matrix").isVisible(), await page.locator("#samples").isVisible()], [false, true]);
  await Deno.writeTextFile(`${folder}/log.jsonl`, "{}\n", { append: true });
  await page.locator("#place", { hasText: " · 1 broken line of the log left out" }).waitFor();
  await Deno.remove(`${folder}/log.jsonl`);
  await page.waitForSelector("#problem:not([hidden])");
  assertMatch(await page.locator("#problem").innerText(), /log\.jsonl: there is none$/);
});

testPage("a hundred thousand steps are drawn as few points", { epochs: 2, stepsPerEpoch: 50_000 }, async ({ page }) => {
  await untilDrawn(page, "1563,2");
  assertMatch(await page.locator("#place").innerText(), /step 100,000 of 100,000/);
});

testPage("it is read by keyboard, zoomed, and drawn anew in other colours", {}, async ({ page }) => {
  await untilDrawn(page, "60,3");
  const loss = page.locator("figure").first(), plot = loss.locator(".plot"), place = loss.locator("figcaption .note");
  await plot.focus();
  await page.keyboard.press("Home");
  assertEquals([await place.innerText(), await loss.locator("output").first().innerText()], ["step 1", "1.00"]);
  await page.keyboard.press("ArrowRight");
  assertEquals([await place.innerText(), await loss.locator("output").first().innerText()], ["step 2", "0.500"]);
  await page.getByLabel("logarithmic").focus();
  assertEquals(await place.innerText(), "");

  const { x, y, width } = (await plot.boundingBox())!;
  await page.mouse.move(x + width / 2, y + 50);
  await page.mouse.down();
  await page.mouse.move(x + width * 0.75, y + 50);
  await page.mouse.up();
  const button = page.getByRole("button", { name: "Show the whole run" });
  await button.click();
  assertEquals(await button.isVisible(), false);
  await page.getByLabel("logarithmic").uncheck();
  await page.emulateMedia({ colorScheme: "dark" });
  await assertFinished(page);
});

testPage(
  "nothing is wider than the window, from a phone's to a wide one, also when it changes",
  {},
  async ({ page }) => {
    for (const width of [1280, 320, 390, 700, 2200]) {
      await page.setViewportSize({ width, height: 800 });
      // A frame to lay out, and one for what watches sizes.
      await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
      const [wide, own] = await page.evaluate(`[document.documentElement.scrollWidth, innerWidth]`) as [number, number];
      assert(wide <= own, `${wide} of ${own}`);
      const boxes = await page.evaluate(
        `Array.from(document.querySelectorAll(".plot"), (plot) => [plot.clientWidth, plot.firstChild.clientWidth])`,
      );
      for (const [plot, drawn] of boxes as [number, number][]) assertEquals(drawn, plot, `in ${width}`);
    }
    await assertFinished(page);
  },
  { colorScheme: "dark" },
);

testPage("its policy lets nothing be asked of another server", {}, async ({ page }) => {
  const other = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => new Response("reached"));
  try {
    const answer = await page.evaluate(`fetch("http://127.0.0.1:${other.addr.port}/").then(() => "reached", String)`);
    assertMatch(answer as string, /TypeError: Failed to fetch/);
  } finally {
    await other.shutdown();
  }
}, { complaints: /Content Security Policy/ });

testWith(["run", "read"], "dashboard page: its code passes the type checker", async () => {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--config", "tools/dashboard/page/deno.json", "tools/dashboard/page/main.js"],
    cwd: fromFileUrl(new URL("../..", import.meta.url)),
  }).output();
  assert(success, new TextDecoder().decode(stderr));
});
