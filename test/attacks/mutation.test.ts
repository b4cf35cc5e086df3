/**
 * Messages changed at random. Whatever is done to one, it is either refused in a way that has a name, or what it says in
 * its signed parts is what its sender signed; and no input makes the code fail in any other way.
 */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalize } from '../../extproc/xml/c14n.ts';
import { XmlError } from '../../extproc/xml/errors.ts';
import { scan } from '../../extproc/xml/scan.ts';
import { WssError } from '../../extproc/wss/errors.ts';
import { TYPE_ELEMENT, WSU } from '../../extproc/wss/namespaces.ts';
import type { VerifySettings } from '../../extproc/wss/settings.ts';
import { SoapError } from '../../extproc/wss/soap.ts';
import type { Verified } from '../../extproc/wss/verify.ts';
import {
  body,
  BODY,
  check,
  decryptionSettings,
  encryptedData,
  encryptedKey,
  envelope,
  honest,
  ORDER,
  pki,
  reference,
  seal,
  security,
  settings,
  signature,
  timestamp,
  token,
} from './forge.ts';

const KEY = randomBytes(32);
const encrypting = settings({ decryption: decryptionSettings({ requiredParts: [BODY] }) });

/** Signed in the clear, then the Body's content and the Signature encrypted. */
function signThenEncrypt(): string {
  const keyBlock = encryptedKey(KEY, { references: ['ED-1', 'ED-2'] });
  const clear = seal(envelope(security(keyBlock + token(pki.signer) + timestamp() + signature())), pki.signer.key);
  const signatureText = /<ds:Signature .*<\/ds:Signature>/s.exec(clear)?.[0] ?? '';
  return clear
    .replace(ORDER, encryptedData(ORDER, KEY))
    .replace(signatureText, encryptedData(signatureText, KEY, { id: 'ED-2', type: TYPE_ELEMENT }));
}

function encryptThenSign(): string {
  const blocks = token(pki.signer) + timestamp() + signature() + encryptedKey(KEY);
  return seal(envelope(security(blocks), body(encryptedData(ORDER, KEY))), pki.signer.key);
}

const tokenSigned = (): string => {
  const references = reference('TS-1') + reference('Body-1') + reference('X509-1');
  return honest(pki.ec256, { algorithm: 'ECDSA-SHA256', references });
};

const messages: [string, string, VerifySettings][] = [
  ['signed', honest(), settings()],
  ['signed with its token', tokenSigned(), settings()],
  ['signed, then encrypted', signThenEncrypt(), encrypting],
  ['encrypted, then signed', encryptThenSign(), encrypting],
];

/** What the message says in the parts that its policy demands to be signed. */
function signedContent({ message }: Verified): string {
  const { index } = message;
  const stamps: number[] = [];
  for (let element = 0; element < index.elementCount; element++) {
    if (index.is(element, WSU, 'Timestamp')) stamps.push(element);
  }
  return [message.body, ...stamps]
    .map((element) => canonicalize(index, element, { mode: 'exclusive', comments: false }).toString())
    .join('\n');
}

/** Verifies, and fails on every outcome that is neither a named refusal nor the original content. */
function mustHold(changed: Buffer, using: VerifySettings, original: string): boolean {
  let verified: Verified;
  try {
    verified = check(changed, using);
  } catch (error) {
    if (error instanceof WssError || error instanceof XmlError || error instanceof SoapError) return false;
    throw error;
  }
  assert.equal(signedContent(verified), original);
  scan(verified.bytes);
  return true;
}

for (const [name, xml, using] of messages) {
  const original = signedContent(check(xml, using));
  const bytes = Buffer.from(xml);

  test(`${name}: every byte changed, left out or doubled, one at a time`, () => {
    let accepted = 0;
    for (let at = 0; at < bytes.length; at++) if (mustHold(mutate(bytes, at), using, original)) accepted++;
    // White space in tags and the like may change; were nothing accepted, the test would show nothing.
    assert.ok(accepted > 0 && accepted < bytes.length / 2, `${accepted} of ${bytes.length}`);
  });

  test(`${name}: bytes replaced at random`, () => {
    const piece = fc.oneof(
      fc.string({ unit: fc.constantFrom(...'<>/="\'& !-[]?:#Id'), maxLength: 6 }),
      fc.constantFrom(
        '<!--x-->',
        '<?x y?>',
        '<![CDATA[',
        ']]>',
        '&#13;',
        '&lt;',
        ' xmlns=""',
        ' Id="Body-1"',
        '\r\n',
        '\0',
        '\u00e9',
      ),
    );
    const edit = fc.record({ at: fc.nat(bytes.length), remove: fc.nat(30), piece });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
        let mutant = bytes;
        for (const { at, remove, piece } of edits) {
          mutant = Buffer.concat([mutant.subarray(0, at), Buffer.from(piece), mutant.subarray(at + remove)]);
        }
        mustHold(mutant, using, original);
      }),
      { numRuns: 800 },
    );
  });

  test(`${name}: elements removed, doubled, moved and swapped at random`, () => {
    const index = scan(bytes);
    const element = fc.integer({ min: 1, max: index.elementCount - 1 });
    const action = fc.constantFrom('remove', 'double', 'move', 'swap', 'wrap', 'unwrap');
    fc.assert(
      fc.property(action, element, element, (what, one, other) => {
        mustHold(restructure(index, what, one, other), using, original);
      }),
      { numRuns: 800 },
    );
  });
}

/** Changes one byte, leaves it out or doubles it, by turns. */
function mutate(bytes: Buffer, at: number): Buffer {
  if (at % 3 === 1) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
  if (at % 3 === 2) return Buffer.concat([bytes.subarray(0, at + 1), bytes.subarray(at)]);
  const changed = Buffer.from(bytes);
  changed[at] ^= 1 << (at % 7);
  return changed;
}

type Index = ReturnType<typeof scan>;

function restructure(index: Index, what: string, one: number, other: number): Buffer {
  const { bytes } = index;
  const text = (element: number) => bytes.subarray(index.start(element), index.end(element));
  const splice = (start: number, end: number, ...pieces: Uint8Array[]) =>
    Buffer.concat([bytes.subarray(0, start), ...pieces, bytes.subarray(end)]);
  switch (what) {
    case 'remove':
      return splice(index.start(one), index.end(one));
    case 'double':
      return splice(index.start(one), index.end(one), text(one), text(one));
    case 'wrap':
      return splice(index.start(one), index.end(one), Buffer.from('<w>'), text(one), Buffer.from('</w>'));
    case 'unwrap':
      return splice(index.start(one), index.end(one), bytes.subarray(index.contentStart(one), index.contentEnd(one)));
    case 'move':
      return splice(index.contentStart(other), index.contentStart(other), text(one));
    default: {
      const [first, second] = [one, other].sort((a, b) => a - b);
      if (index.start(second) < index.end(first)) return bytes;
      const between = bytes.subarray(index.end(first), index.start(second));
      return splice(index.start(first), index.end(second), text(second), between, text(first));
    }
  }
}
