/**
 * XML Signature wrapping (McIntosh and Austel; CVE-2015-0227, CVE-2025-47949): the signed element is moved to where the
 * signature still finds it and nobody reads it, and a forged one takes its place. One table row a shape.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WSU } from '../../extproc/wss/namespaces.ts';
import { BODY, envelope, honest, refusal, security, settings, signatureSettings, TIMESTAMP, token } from './forge.ts';
import { at, body, check, pki, reference, seal, signature, timestamp } from './forge.ts';

const genuine = honest();
const bodyOf = (xml: string): string => /<s:Body.*<\/s:Body>/s.exec(xml)?.[0] ?? '';
const securityOf = (xml: string): string => /<wsse:Security .*<\/wsse:Security>/s.exec(xml)?.[0] ?? '';
const timestampOf = (xml: string): string => /<wsu:Timestamp .*<\/wsu:Timestamp>/s.exec(xml)?.[0] ?? '';
const signatureOf = (xml: string): string => /<ds:Signature .*<\/ds:Signature>/s.exec(xml)?.[0] ?? '';

const forged = '<o:Order xmlns:o="urn:shop"><o:Item>diamonds</o:Item></o:Order>';
const forgedBody = (id: string): string => `<s:Body${id}>${forged}</s:Body>`;
const wsuId = (id: string): string => ` xmlns:wsu="${WSU}" wsu:Id="${id}"`;
const wrapper = (content: string): string => `<w:Wrapper xmlns:w="urn:w">${content}</w:Wrapper>`;

/** Adds header blocks before the Security header, and puts another Body in place of the signed one. */
const rewrap = (headerBlock: string, newBody: string): string => envelope(headerBlock + securityOf(genuine), newBody);

const shapes: [string, string, string][] = [
  [
    'signed Body in a wrapper in the Header, forged Body without id',
    rewrap(wrapper(bodyOf(genuine)), forgedBody('')),
    'ERR_WSS_PART_NOT_SIGNED',
  ],
  [
    'the same, forged Body with another id',
    rewrap(wrapper(bodyOf(genuine)), forgedBody(wsuId('Body-2'))),
    'ERR_WSS_PART_NOT_SIGNED',
  ],
  [
    'the same, forged Body with the same id',
    rewrap(wrapper(bodyOf(genuine)), forgedBody(wsuId('Body-1'))),
    'ERR_WSS_DUPLICATE_ID',
  ],
  [
    'the same, forged Body with the same id in another attribute',
    rewrap(wrapper(bodyOf(genuine)), forgedBody(' ID="Body-1"')),
    'ERR_WSS_DUPLICATE_ID',
  ],
  ['signed Body bare in the Header', rewrap(bodyOf(genuine), forgedBody('')), 'ERR_WSS_PART_NOT_SIGNED'],
  [
    'signed Body inside the forged Body',
    envelope(securityOf(genuine), `<s:Body>${forged}${bodyOf(genuine)}</s:Body>`),
    'ERR_WSS_PART_NOT_SIGNED',
  ],
  [
    'signed Body as the only child of the forged Body',
    envelope(securityOf(genuine), `<s:Body>${bodyOf(genuine)}</s:Body>`),
    'ERR_WSS_PART_NOT_SIGNED',
  ],
  [
    'signed Body inside the Security header',
    envelope(
      securityOf(genuine).replace('</wsse:Security>', wrapper(bodyOf(genuine)) + '</wsse:Security>'),
      forgedBody(''),
    ),
    'ERR_WSS_PART_NOT_SIGNED',
  ],
  [
    'signed Body in a ds:Object of the Signature',
    envelope(
      securityOf(genuine).replace('</ds:Signature>', `<ds:Object>${bodyOf(genuine)}</ds:Object></ds:Signature>`),
      forgedBody(''),
    ),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'signed Body inside KeyInfo',
    envelope(securityOf(genuine).replace('</ds:KeyInfo>', bodyOf(genuine) + '</ds:KeyInfo>'), forgedBody('')),
    'ERR_WSS_PART_NOT_SIGNED',
  ],
  [
    'the whole genuine envelope inside a header block',
    envelope(wrapper(genuine) + securityOf(genuine), forgedBody('')),
    'ERR_WSS_DUPLICATE_ID',
  ],
  [
    'signed Timestamp in a wrapper, fresh one in its place',
    envelope(
      wrapper(timestampOf(genuine)) + securityOf(genuine).replace('wsu:Id="TS-1"', 'wsu:Id="TS-2"'),
      bodyOf(genuine),
    ).replace('<w:Wrapper', `<w:Wrapper xmlns:wsu="${WSU}"`),
    'ERR_WSS_PART_NOT_SIGNED',
  ],
  [
    'two Timestamps, the signed one last',
    genuine.replace('<wsu:Timestamp', timestamp(at(-1), at(60_000)).replace('TS-1', 'TS-2') + '<wsu:Timestamp'),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'the Signature in the Security header of another actor',
    envelope(
      security(token(pki.signer) + timestampOf(genuine)) +
        security(signatureOf(genuine), ' s:actor="urn:other"').replace('wsse:Security ', 'wsse:Security '),
      bodyOf(genuine),
    ),
    'ERR_WSS_SIGNATURE_MISSING',
  ],
  [
    'a second Security header for us',
    envelope(security('') + securityOf(genuine), bodyOf(genuine)),
    'ERR_WSS_SECURITY_HEADER_DUPLICATED',
  ],
  [
    'a second Security header for us under the ultimate receiver’s other name',
    envelope(security('', ' s:actor=""') + securityOf(genuine), bodyOf(genuine)),
    'ERR_WSS_SECURITY_HEADER_DUPLICATED',
  ],
  [
    'the Security header inside another header block',
    envelope(wrapper(securityOf(genuine)), bodyOf(genuine)),
    'ERR_WSS_SECURITY_HEADER_MISSING',
  ],
  [
    'the Security header inside the Body',
    envelope('', `<s:Body>${securityOf(genuine)}</s:Body>`),
    'ERR_WSS_SECURITY_HEADER_MISSING',
  ],
  [
    'the Signature inside a child of the Security header',
    genuine
      .replace('<ds:Signature', '<w:W xmlns:w="urn:w"><ds:Signature')
      .replace('</ds:Signature>', '</ds:Signature></w:W>'),
    'ERR_WSS_SIGNATURE_MISSING',
  ],
  [
    'the signed Body’s id moved to the Envelope',
    genuine.replace('wsu:Id="Body-1"', '').replace('<s:Envelope', `<s:Envelope${wsuId('Body-1')}`),
    'ERR_WSS_DIGEST_MISMATCH',
  ],
  [
    'the id moved from the Body to its child',
    genuine.replace(' wsu:Id="Body-1"', '').replace('<o:Order', '<o:Order wsu:Id="Body-1"'),
    'ERR_WSS_DIGEST_MISMATCH',
  ],
];

test('the genuine message is accepted', () => {
  assert.ok(check(genuine).bytes.includes('book'));
});

for (const [name, xml, code] of shapes) {
  test(`refuses: ${name}`, () => {
    assert.equal(refusal(xml), code);
  });
}

const shop = { kind: 'Header', namespace: 'urn:shop', name: 'Session', mode: 'Element', optional: false } as const;
const session = (id: string): string => `<o:Session xmlns:o="urn:shop"${wsuId(id)}>alice</o:Session>`;

test('a header block counts as signed only as a child of the Header, and only if every one of its name is', () => {
  const using = settings({ signature: signatureSettings({ requiredParts: [BODY, TIMESTAMP, shop] }) });
  const parts = { references: reference('TS-1') + reference('Body-1') + reference('S-1') };
  const good = seal(
    envelope(session('S-1') + security(token(pki.signer) + timestamp() + signature(parts))),
    pki.signer.key,
  );
  assert.equal(refusal(good, using), 'accepted');
  const moved = good.replace(session('S-1'), wrapper(session('S-1')));
  assert.equal(refusal(moved, using), 'ERR_WSS_PART_NOT_SIGNED');
  const forgedToo = good.replace(session('S-1'), session('S-2').replace('alice', 'bob') + session('S-1'));
  assert.equal(refusal(forgedToo, using), 'ERR_WSS_PART_NOT_SIGNED');
});

test('parts of two genuine messages cannot be put together: one signature must cover them all', () => {
  const one = (id: string, part: string) => signature({ references: reference(part) }).replace('SIG-1', id);
  const header = security(token(pki.signer) + timestamp() + one('SIG-1', 'TS-1') + one('SIG-2', 'Body-1'));
  assert.equal(refusal(seal(envelope(header, body()), pki.signer.key)), 'ERR_WSS_PART_NOT_SIGNED');
});

test('the Security header is found by its namespace, whatever its prefix', () => {
  const renamed = genuine.replaceAll('wsse:', 'q:').replace('xmlns:wsse=', 'xmlns:q=');
  assert.equal(refusal(renamed), 'accepted');
});
