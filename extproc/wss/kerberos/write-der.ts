/** Writing of DER (ITU-T X.690 §10), as much as an AP-REQ needs. */

import { contextConstructed, TAG } from '../../keys/der.ts';
import type { EncryptedData, Key } from './read-der.ts';
import type { Principal } from './principal.ts';

/** One value of this tag that holds what is given. */
export function value(tag: number, ...contents: readonly Buffer[]): Buffer {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  return Buffer.concat([Buffer.from([tag]), lengthOctets(length), ...contents]);
}

function lengthOctets(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest >>>= 8) octets.unshift(rest & 0xff);
  return Buffer.from([0x80 | octets.length, ...octets]);
}

/** A field of a SEQUENCE. */
export function field(number: number, content: Buffer): Buffer {
  return value(contextConstructed(number), content);
}

export function sequence(...fields: readonly Buffer[]): Buffer {
  return value(TAG.sequence, ...fields);
}

/** A number from -2³¹ to 2³² - 1. */
export function integer(number: number): Buffer {
  const octets: number[] = [];
  let rest = number;
  do {
    octets.unshift(rest & 0xff);
    rest = Math.floor(rest / 256);
  } while (rest !== 0 && rest !== -1);
  // The first bit is the sign.
  if (rest === 0 && octets[0] >= 0x80) octets.unshift(0);
  if (rest === -1 && octets[0] < 0x80) octets.unshift(0xff);
  return value(TAG.integer, Buffer.from(octets));
}

export function octetString(octets: Buffer): Buffer {
  return value(TAG.octetString, octets);
}

export function generalString(text: string): Buffer {
  return value(TAG.generalString, Buffer.from(text));
}

/** @param milliseconds since 1970; what is less than a second is left out */
export function generalizedTime(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replaceAll(/[-:T]|\.\d+/g, '');
  return value(TAG.generalizedTime, Buffer.from(text));
}

/** 32 flags. */
export function flags(bits: number): Buffer {
  const octets = Buffer.alloc(5);
  octets.writeUInt32BE(bits, 1);
  return value(TAG.bitString, octets);
}

const NT_PRINCIPAL = 1;

export function principalName({ components }: Principal): Buffer {
  return sequence(field(0, integer(NT_PRINCIPAL)), field(1, sequence(...components.map(generalString))));
}

export function encryptionKey({ encryptionType, octets }: Key): Buffer {
  return sequence(field(0, integer(encryptionType)), field(1, octetString(octets)));
}

export function encryptedData({ encryptionType, version, octets }: EncryptedData): Buffer {
  return sequence(
    field(0, integer(encryptionType)),
    ...(version === undefined ? [] : [field(1, integer(version))]),
    field(2, octetString(octets)),
  );
}
