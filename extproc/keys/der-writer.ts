/** Writing of DER (X.690 §8.1): as much as tokens and OCSP requests need. */

/** One value: tag, length, and the contents one after the other. */
export function derValue(tag: number, ...contents: readonly Buffer[]): Buffer {
  let length = 0;
  for (const content of contents) length += content.length;
  const head = [tag];
  if (length < 0x80) head.push(length);
  else {
    const octets: number[] = [];
    for (let left = length; left > 0; left = Math.floor(left / 256)) octets.unshift(left % 256);
    head.push(0x80 | octets.length, ...octets);
  }
  return Buffer.concat([Buffer.from(head), ...contents]);
}
