/** Profiles: what a function has devices compute, and how long that takes. */
export type { ProfileEvent, ProfileRow } from "./events.ts";
export { Profile, profile } from "./profile.ts";
