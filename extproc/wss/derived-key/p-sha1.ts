import { createHmac } from 'node:crypto';

const BLOCK_BYTES = 20;

/**
 * P_SHA-1 of TLS 1.0 (RFC 2246 §5), with which WS-Trust combines the entropy of both sides into a key (1.3 §4.4.4):
 * P_SHA1(entropy of the requester, entropy of the issuer).
 *
 * @param length bytes wanted
 */
export function pSha1(secret: Uint8Array, seed: Uint8Array, length: number): Buffer {
  const blocks: Buffer[] = [];
  let a = seed;
  for (let made = 0; made < length; made += BLOCK_BYTES) {
    a = createHmac('sha1', secret).update(a).digest();
    blocks.push(createHmac('sha1', secret).update(a).update(seed).digest());
  }
  return Buffer.concat(blocks, length);
}
