/**
 * Which library is taken, and what is said where none can be: each case is a process of its own, since a process keeps
 * to what it found. Nothing may prompt.
 */
import { libraryFile } from "../kernels/library.ts";
import { freshWasm } from "./built.ts";
import { absence } from "./arrays.ts";
import { inTemporaryFolder, testWith } from "./permissions.ts";
import { assert } from "./support.ts";
