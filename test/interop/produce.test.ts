/** Everything that we produce is accepted by Apache WSS4J, which finds the same parts protected and the same content. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { allCases, dataAlgorithmNames, type Case } from './cases.ts';
import { pki } from './keys.ts';
import { secureOurs, secureSettings } from './ours.ts';
import { makeMessage } from './shapes.ts';
import { cannot, expectedEncrypted, expectedSigned, verifyFields } from './theirs.ts';
import { USER, Wss4j, Wss4jError, type Wss4jEngine } from './wss4j.ts';

// Triple DES is for decryption only.
const cases = allCases(dataAlgorithmNames.filter((name) => name !== 'TripleDES-CBC'));
let wss4j: Wss4j;
before(async () => {
  wss4j = await Wss4j.start(pki);
});
after(() => wss4j.close());

for (const engine of ['dom', 'stax', 'xmldsig'] as const) {
  describe(`${engine} accepts what we make`, () => {
    for (const item of cases) {
      if (cannot(item, engine, 'verify') === undefined) it(item.name, () => accepts(item, engine));
    }
  });
}

describe('what WSS4J says can be believed', () => {
  const item = cases[0];
  const altered = [
    ['Body', 'Bolt', 'Nut!'],
    ['SignatureValue', '<ds:SignatureValue>', '<ds:SignatureValue>AAAA'],
  ] as const;
  for (const [part, from, to] of altered) {
    it(`refuses an altered ${part}`, async () => {
      const { bytes } = await secureOurs(makeMessage(item.shape, item.soap), secureSettings(item));
      const forged = Buffer.from(bytes.toString().replace(from, to));
      assert.notDeepEqual(forged, bytes);
      for (const engine of ['dom', 'stax'] as const) {
        await assert.rejects(wss4j.call('verify', verifyFields(item, engine), forged), Wss4jError);
      }
    });
  }
});

async function accepts(item: Case, engine: Wss4jEngine): Promise<void> {
  const message = makeMessage(item.shape, item.soap);
  const { bytes, exchange } = await secureOurs(message, secureSettings(item));
  for (const { sha1, key } of exchange.encryptedKeys) {
    // What a client of WSS4J does with a key that it knows from an earlier message.
    await wss4j.call('secret', { name: sha1, value: Buffer.from(key).toString('base64') });
  }
  const { fields, payload } = await wss4j.call('verify', verifyFields(item, engine), bytes);
  assertProved(fields['signed'], expectedSigned(item), engine);
  assertProved(fields['encrypted'], expectedEncrypted(item), engine);
  if (engine === 'xmldsig') return;
  assert.equal(fields['timestamp'], 'yes');
  if (item.usernameToken !== undefined) assert.equal(fields['user'], USER.name);
  if (item.signature !== undefined) assert.equal(fields['signatureValue'], exchange.sentSignatures.join(';'));
  const [got, wanted] = [await wss4j.normalize(payload), await wss4j.normalize(message)];
  assert.equal(digest(got), digest(wanted), `${got.slice(0, 2000)}\n<>\n${wanted.slice(0, 2000)}`);
}

/** The streaming engine also reports every part that lies in a protected one; those are let pass. */
function assertProved(reported: string | undefined, expected: readonly string[], engine: Wss4jEngine): void {
  const parts = (reported ?? '').split(';').filter(Boolean);
  const own = engine === 'stax' ? parts.filter((part) => expected.includes(part)) : parts;
  assert.deepEqual(own.sort(), [...new Set(expected)].sort());
}

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
