/** Kubernetes' MicroTime: RFC 3339 with exactly six decimals. The clock here knows three of them. */
export function microTime(milliseconds = Date.now()): string {
  return new Date(milliseconds).toISOString().replace('Z', '000Z');
}
