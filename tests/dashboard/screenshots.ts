/**
 * Takes the pictures of the dashboard in `docs`, from a run that is over:
 *
 *     deno run -A --lock=deno.lock tests/dashboard/screenshots.ts runs/mnist
 */
import { serveDashboard } from "../../tools/dashboard/server.ts";
import { fromFileUrl } from "../std.ts";
import { launch } from "./browser.ts";

const pictures = [
  { name: "light", colorScheme: "light", width: 1280 },
  { name: "dark", colorScheme: "dark", width: 1280 },
  { name: "phone", colorScheme: "light", width: 390 },
] as const;

const [folder = "runs/mnist"] = Deno.args, dashboard = serveDashboard({ folder }), browser = await launch();
try {
  for (const { name, colorScheme, width } of pictures) {
    const page = await browser.newPage({ colorScheme, viewport: { width, height: 800 } });
    await page.goto(dashboard.url);
    await page.waitForSelector("#status[data-state=done]");
    await page.waitForSelector("figure:last-of-type canvas");
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))");
    const path = fromFileUrl(new URL(`../../docs/dashboard-${name}.png`, import.meta.url));
    await page.screenshot({ path, fullPage: true });
    console.log(`${path}: ${Math.round(Deno.statSync(path).size / 1000)} kB`);
    await page.close();
  }
} finally {
  await browser.close();
  await dashboard.close();
}
