/**
 * The package of these tests: Playwright's core (Apache-2.0), which drives a Chromium that is there over its DevTools protocol.
 */
export { type Browser, chromium, type Page } from "npm:playwright-core@1.65.1";
