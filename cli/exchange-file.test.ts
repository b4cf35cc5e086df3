import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExchangeState } from '../extproc/wss/exchange-state.ts';
import { exchangeFromJson, exchangeToJson } from './exchange-file.ts';

test('an exchange comes back as it was', () => {
  const state: Required<ExchangeState> = {
    verifiedSignatures: ['AAAA'],
    signerCertificate: Buffer.from([0, 255]),
    sentSignatures: ['BBBB'],
    encryptedKeys: [
      { sha1: 'CCCC', key: Buffer.from([1]) },
      { sha1: 'DDDD', key: Buffer.from([2]), received: true },
    ],
    kerberosKey: { sha1: 'EEEE', key: Buffer.from([3]), received: true },
    receivedMessageId: 'urn:uuid:1',
    sentMessageId: 'urn:uuid:2',
  };
  assert.deepEqual(exchangeFromJson(exchangeToJson(state)), state);
});

test('fields may be absent', () => {
  assert.deepEqual(exchangeFromJson('{}'), { verifiedSignatures: [], sentSignatures: [], encryptedKeys: [] });
});
