/** An `ExchangeState` as JSON text: bytes in base64. */

import { readFile } from 'node:fs/promises';
import { EMPTY_EXCHANGE, type ExchangeKey, type ExchangeState } from '../extproc/wss/exchange-state.ts';
import { UsageError } from './usage-error.ts';

export function exchangeToJson(state: ExchangeState): string {
  const { signerCertificate, encryptedKeys, kerberosKey } = state;
  return JSON.stringify({
    ...state,
    ...(signerCertificate !== undefined && { signerCertificate: Buffer.from(signerCertificate).toString('base64') }),
    encryptedKeys: encryptedKeys.map(keyToJson),
    ...(kerberosKey !== undefined && { kerberosKey: keyToJson(kerberosKey) }),
  });
}

function keyToJson(entry: ExchangeKey): object {
  return { ...entry, key: Buffer.from(entry.key).toString('base64') };
}

/** @throws Error when the text is nothing that `exchangeToJson` wrote; fields may be absent */
export function exchangeFromJson(text: string): ExchangeState {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new Error('not a JSON object');
  const { verifiedSignatures, signerCertificate, sentSignatures, encryptedKeys, receivedMessageId, sentMessageId } =
    value as Record<string, unknown>;
  const { kerberosKey } = value as Record<string, unknown>;
  return {
    verifiedSignatures: texts(verifiedSignatures),
    ...(typeof signerCertificate === 'string' && { signerCertificate: Buffer.from(signerCertificate, 'base64') }),
    sentSignatures: texts(sentSignatures),
    encryptedKeys: list(encryptedKeys).map(keyFromJson),
    ...(kerberosKey !== undefined && { kerberosKey: keyFromJson(kerberosKey) }),
    ...(typeof receivedMessageId === 'string' && { receivedMessageId }),
    ...(typeof sentMessageId === 'string' && { sentMessageId }),
  };
}

function keyFromJson(entry: unknown): ExchangeKey {
  const { sha1, key, received } = (entry ?? {}) as Record<string, unknown>;
  if (typeof sha1 !== 'string' || typeof key !== 'string') throw new Error('a key without sha1 or key');
  return { sha1, key: Buffer.from(key, 'base64'), ...(received === true && { received }) };
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function texts(value: unknown): string[] {
  return list(value).filter((item) => typeof item === 'string');
}

/** @param file undefined: an exchange of which nothing is known */
export async function readExchange(file: string | undefined): Promise<ExchangeState> {
  if (file === undefined) return EMPTY_EXCHANGE;
  try {
    return exchangeFromJson(await readFile(file, 'utf8'));
  } catch (error) {
    throw new UsageError(
      `${file} does not hold an exchange (${error instanceof Error ? error.message : String(error)});` +
        ' "waxseal process --phase request --exchange FILE" writes one',
    );
  }
}
