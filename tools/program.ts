/** How the programs behind the tasks begin and end. */

/**
 * Runs a program with the words of its command line. The number that `main` returns is the exit code; a program that returns
 * none ends when it has nothing left to do. An error is told by its message alone, with the exit code 1.
 */
export async function runProgram(main: (words: string[]) => Promise<number | void>): Promise<void> {
  try {
    const code = await main(Deno.args);
    if (code !== undefined) Deno.exit(code);
  } catch (error) {
    console.error((error as Error).message);
    Deno.exit(1);
  }
}
