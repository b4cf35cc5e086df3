/**
 * Stretches or shrinks octets so that each of them counts (RFC 3961 §5.1): copies of the input, each rotated by 13 bits
 * more than the one before, added in pieces of the wanted length with end-around carry.
 *
 * @param size of the result, in bytes
 */
export function fold(input: Buffer, size: number): Buffer {
  const bits = BigInt(8 * input.length);
  const mask = (1n << bits) - 1n;
  const value = BigInt(`0x${input.toString('hex')}`);
  const copies = size / greatestCommonDivisor(input.length, size);
  let joined = 0n;
  for (let copy = 0; copy < copies; copy++) {
    const turn = BigInt(13 * copy) % bits;
    joined = (joined << bits) | (((value >> turn) | (value << (bits - turn))) & mask);
  }
  const modulus = (1n << BigInt(8 * size)) - 1n;
  let sum = 0n;
  for (; joined > 0n; joined >>= BigInt(8 * size)) sum += joined & modulus;
  const folded = sum % modulus === 0n && sum > 0n ? modulus : sum % modulus;
  return Buffer.from(folded.toString(16).padStart(2 * size, '0'), 'hex');
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
