/** The rules of the Basic Security Profile that messages break, as we and as Apache WSS4J see them. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { bspViolations } from '../../extproc/wss/bsp/check.ts';
import type { SecureSettings } from '../../extproc/wss/settings.ts';
import { readSoap, securityHeaders } from '../../extproc/wss/soap.ts';
import { scan } from '../../extproc/xml/scan.ts';
import { allCases, dataAlgorithmNames } from './cases.ts';
import { pki } from './keys.ts';
import { secureOurs, secureSettings } from './ours.ts';
import { makeMessage } from './shapes.ts';
import { Wss4j } from './wss4j.ts';

/** WSS4J's numbers for the same findings: it looks at key transport under R5621, and at TokenTypes under R5215. */
const SAME = new Map([
  ['R5626', 'R5621'],
  ['R3069', 'R5215'],
]);
/** It does not look at these where it reads with a DOM; the others it finds. */
const UNSEEN = new Set(['R5406', 'R5407', 'R5440', 'R5411', 'R3227', 'R5205']);

let wss4j: Wss4j;
before(async () => {
  wss4j = await Wss4j.start(pki);
});
after(() => wss4j.close());

function ours(bytes: Buffer): string[] {
  const message = readSoap(scan(bytes));
  const [security = -1] = securityHeaders(message, undefined);
  const ids = bspViolations(message, security, new Set()).map(({ id }) => SAME.get(id) ?? id);
  return [...new Set(ids)].filter((id) => !UNSEEN.has(id)).sort();
}

async function theirs(bytes: Buffer): Promise<string[]> {
  const { fields } = await wss4j.call('bsp', {}, bytes);
  return (fields['rules'] ?? '').split(';').filter((rule) => rule !== '');
}

async function same(bytes: Buffer): Promise<string[]> {
  const found = await theirs(bytes);
  const [refused] = found.filter((rule) => rule.startsWith('refused'));
  assert.equal(refused, undefined);
  assert.deepEqual(ours(bytes), found);
  return found;
}

const TIMESTAMP: SecureSettings['timestamp'] = { ttl: 300_000, precision: 'Milliseconds' };
const FRAME = { mustUnderstand: true, layout: 'Lax', order: 'SignThenEncrypt' } as const;
const USER = {
  username: 'alice',
  password: 'pässword & <more>',
  passwordType: 'Text',
  nonce: true,
  created: true,
} as const;

describe('what we make', () => {
  // An encrypted Signature shows what is in it only to its receiver.
  const cases = allCases(dataAlgorithmNames.filter((name) => name !== 'TripleDES-CBC')).filter(
    ({ encryption }, i) => i % 5 === 0 && !encryption?.parts.includes('Signature'),
  );
  for (const item of cases) {
    it(item.name, async () => {
      const { bytes } = await secureOurs(makeMessage(item.shape, item.soap), secureSettings(item));
      const found = (await theirs(bytes)).filter((rule) => !rule.startsWith('refused'));
      const mine = ours(bytes);
      // What WSS4J refuses, for example a key that it does not have, it does not look at to the end.
      assert.deepEqual(
        found.filter((rule) => !mine.includes(rule)),
        [],
      );
    });
  }
});

describe('what is wrong', () => {
  const plain = makeMessage(allCases(['AES128-CBC'])[0].shape, '1.1');
  const wrong: readonly [rules: string, change: (text: string) => string][] = [
    ['', (text) => text],
    ['R3220', (text) => text.replace(/(<wsu:Timestamp.*?<wsu:Created>[^<]*\.\d{3})Z/s, '$11Z')],
    ['R3229', (text) => text.replace(/(<wsu:Expires>[^<]*\.\d{3})Z/, '$11Z')],
    ['R3222', (text) => text.replace('</wsu:Timestamp>', '<wsu:Comment>x</wsu:Comment></wsu:Timestamp>')],
    ['R3225', (text) => text.replace('<wsu:Created>', '<wsu:Created ValueType="x">')],
    ['R3226', (text) => text.replace('<wsu:Expires>', '<wsu:Expires ValueType="x">')],
    ['R4201', (text) => text.replace(/<wsse:Password [^>]*>/, '<wsse:Password>')],
    ['R4220', (text) => text.replace(/<wsse:Nonce [^>]*>/, '<wsse:Nonce>')],
    ['R4221', (text) => text.replace(/<wsse:Nonce [^>]*>/, '<wsse:Nonce EncodingType="hex">')],
  ];
  for (const [rule, change] of wrong) {
    it(rule || 'nothing', async () => {
      const { bytes } = await secureOurs(plain, { ...FRAME, timestamp: TIMESTAMP, usernameToken: USER });
      const text = change(bytes.toString());
      assert.equal(text === bytes.toString(), rule === '');
      const found = (await theirs(Buffer.from(text))).filter((id) => !id.startsWith('refused'));
      assert.deepEqual(found, rule === '' ? [] : [rule]);
      assert.deepEqual(ours(Buffer.from(text)), found);
    });
  }
  const signatures: readonly [rules: string, change: Partial<NonNullable<SecureSettings['signature']>>][] = [
    ['', {}],
    ['R5404;R5412;R5423', { canonicalization: 'C14N10' }],
    ['R5417', { keyIdentifier: 'KeyValue' }],
  ];
  for (const [rules, change] of signatures) {
    it(`a signature: ${rules || 'nothing'}`, async () => {
      const [item] = allCases(['AES128-CBC']).filter(
        ({ signature, encryption }) => signature?.algorithm === 'RSA-SHA256' && !encryption,
      );
      const { signature } = secureSettings(item);
      const { bytes } = await secureOurs(plain, {
        ...{ ...FRAME, timestamp: TIMESTAMP },
        signature: {
          ...(signature as NonNullable<typeof signature>),
          ...{ canonicalization: 'ExclusiveC14N', keyIdentifier: 'BinarySecurityToken', inclusiveNamespaces: 'Auto' },
          parts: [{ kind: 'Body', mode: 'Content', optional: false }],
          ...change,
        },
      });
      assert.equal((await same(bytes)).join(';'), rules);
    });
  }
});
