/** The check of labels in files of ten classes. */

/** SyntaxError unless all labels lie in 0..9. `source` names the file in the message. */
export function checkLabels(labels: ArrayLike<number>, source: string): void {
  for (let k = 0; k < labels.length; k++) {
    const label = labels[k]!;
    if (label < 0 || label > 9) {
      throw new SyntaxError(`Cannot read ${source}: label ${k} is ${label}, which must lie in 0..9`);
    }
  }
}
