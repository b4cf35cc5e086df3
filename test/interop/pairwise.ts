/**
 * Chooses rows so that every pair of values of any two parameters stands together in at least one row.
 * Greedy and deterministic: each row begins with a pair that is still missing.
 */
export function pairwise<Row extends Record<string, unknown>>(parameters: {
  readonly [Name in keyof Row]: readonly Row[Name][];
}): Row[] {
  const names = Object.keys(parameters);
  const sizes = names.map((name) => parameters[name].length);
  const missing = new Set<string>();
  for (let a = 0; a < names.length; a++) {
    for (let b = a + 1; b < names.length; b++) {
      for (let i = 0; i < sizes[a]; i++) for (let j = 0; j < sizes[b]; j++) missing.add(`${a}=${i},${b}=${j}`);
    }
  }
  const rows: Row[] = [];
  for (const pair of missing) {
    const row = new Array<number>(names.length).fill(-1);
    for (const part of pair.split(',')) {
      const [parameter, value] = part.split('=').map(Number);
      row[parameter] = value;
    }
    row.forEach((value, parameter) => {
      if (value === -1) row[parameter] = mostUseful(row, parameter, sizes[parameter], missing, rows.length);
    });
    for (const covered of pairsOf(row)) missing.delete(covered);
    rows.push(Object.fromEntries(names.map((name, index) => [name, parameters[name][row[index]]])) as Row);
  }
  return rows;
}

function mostUseful(
  row: readonly number[],
  parameter: number,
  size: number,
  missing: ReadonlySet<string>,
  seed: number,
): number {
  let best = 0;
  let bestCount = -1;
  for (let k = 0; k < size; k++) {
    const value = (k + seed) % size;
    let count = 0;
    row.forEach((other, index) => {
      if (other !== -1 && index !== parameter && missing.has(pairText(index, other, parameter, value))) count++;
    });
    if (count > bestCount) [best, bestCount] = [value, count];
  }
  return best;
}

function pairsOf(row: readonly number[]): string[] {
  return row.flatMap((i, a) => row.slice(a + 1).map((j, offset) => pairText(a, i, a + 1 + offset, j)));
}

const pairText = (a: number, i: number, b: number, j: number): string =>
  a < b ? `${a}=${i},${b}=${j}` : `${b}=${j},${a}=${i}`;
