/** Sum of the samples of a metric, in Prometheus' text format, whose labels contain all of these. */
export function metricOf(text: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  let sum = 0;
  for (const line of text.split('\n')) {
    const match = /^(\w+)(\{.*\})? (\S+)$/.exec(line);
    if (match?.[1] !== name) continue;
    const wanted = Object.entries(labels).every(([label, value]) => match[2]?.includes(`${label}="${value}"`));
    if (wanted) sum += Number(match[3]);
  }
  return sum;
}
