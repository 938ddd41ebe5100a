/** All kinds of cases. */
import { borderKind } from "./border.ts";
import { doorsKind } from "./doors.ts";
import { filesKind } from "./files.ts";
import { gradientsKind } from "./gradients.ts";
import type { Kind } from "./kind.ts";
import { bitsKind, opsKind } from "./ops.ts";
import { programsKind } from "./programs.ts";

export const kinds: readonly Kind[] = [
  opsKind,
  bitsKind,
  programsKind,
  gradientsKind,
  filesKind,
  borderKind,
  doorsKind,
];
