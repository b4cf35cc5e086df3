/**
 * Signatures that say one thing to one reader and another to the next, or that make the verifier do the attacker's work
 * (CVE-2025-29774, CVE-2025-29775, CVE-2009-0217, CVE-2013-2172, CVE-2021-40690, CVE-2022-47966, CVE-2025-66578).
 * Where it matters the message is signed by a trusted key, so that nothing but the structure can be the reason.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STR_TRANSFORM } from '../../extproc/wss/namespaces.ts';
import {
  at,
  envelope,
  EXC,
  honest,
  pki,
  reference,
  refusal,
  seal,
  security,
  settings,
  signature,
  signatureSettings,
  timestamp,
  token,
  body,
  type SignatureParts,
} from './forge.ts';

const genuine = honest();
const signed = (parts: SignatureParts): string => honest(pki.signer, parts);
const element = (name: string): string => new RegExp(`<ds:${name}[ >].*?</ds:${name}>`, 's').exec(genuine)?.[0] ?? '';
const twice = (name: string): string => genuine.replace(element(name), element(name).repeat(2));
const both = (transform: string): string => reference('TS-1', transform) + reference('Body-1', transform);
const transform = (algorithm: string, content = ''): string =>
  `<ds:Transform Algorithm="${algorithm}">${content}</ds:Transform>`;

const rows: [string, string, string][] = [
  ['two SignedInfo', twice('SignedInfo'), 'ERR_WSS_INVALID_STRUCTURE'],
  [
    'a forged SignedInfo before the signed one',
    genuine.replace('<ds:SignedInfo>', '<ds:SignedInfo></ds:SignedInfo><ds:SignedInfo>'),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  ['two SignatureValues', twice('SignatureValue'), 'ERR_WSS_INVALID_STRUCTURE'],
  ['two KeyInfos', twice('KeyInfo'), 'ERR_WSS_INVALID_STRUCTURE'],
  ['two DigestValues', twice('DigestValue'), 'ERR_WSS_SIGNATURE_INVALID'],
  [
    'two DigestValues, signed',
    signed({
      references: both(transform(EXC)).replaceAll(
        '<ds:DigestValue>',
        '<ds:DigestValue>AAAA</ds:DigestValue><ds:DigestValue>',
      ),
    }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'two DigestMethods, signed',
    signed({
      references: both(transform(EXC)).replaceAll(
        '<ds:DigestMethod ',
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestMethod ',
      ),
    }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'two CanonicalizationMethods',
    signed({ canonicalization: `<ds:CanonicalizationMethod Algorithm="${EXC}"/>`.repeat(2) }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'two SignatureMethods',
    signed({ method: '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'.repeat(2) }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'two Transforms elements',
    signed({ references: both(`${transform(EXC)}</ds:Transforms><ds:Transforms>${transform(EXC)}`) }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  ['no Reference', signed({ references: '<!---->' }).replace('<!---->', ''), 'ERR_WSS_INVALID_STRUCTURE'],
  [
    'a foreign element in SignedInfo',
    signed({ references: both(transform(EXC)) + '<x:X xmlns:x="urn:x"/>' }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'a comment in a DigestValue',
    genuine.replace('<ds:DigestValue>', '<ds:DigestValue><!--AAAA-->'),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'a comment in the SignatureValue',
    genuine.replace('</ds:SignatureValue>', '<!----></ds:SignatureValue>'),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'a processing instruction in KeyInfo',
    genuine.replace('<ds:KeyInfo>', '<ds:KeyInfo><?x y?>'),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'a DigestValue that is not base64',
    signed({ references: reference('TS-1').replace('></ds:DigestValue>', '>!!!!</ds:DigestValue>') }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'an empty SignatureValue',
    genuine.replace(/<ds:SignatureValue>.*<\/ds:SignatureValue>/s, '<ds:SignatureValue></ds:SignatureValue>'),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'HMACOutputLength',
    signed({
      method:
        '<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"><ds:HMACOutputLength>8</ds:HMACOutputLength></ds:SignatureMethod>',
    }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'an unknown canonicalization',
    signed({ canonicalization: '<ds:CanonicalizationMethod Algorithm="urn:void"/>' }),
    'ERR_WSS_UNSUPPORTED_ALGORITHM',
  ],
  [
    'a canonicalization that is not accepted',
    signed({ canonicalization: `<ds:CanonicalizationMethod Algorithm="${EXC}WithComments"/>` }),
    'ERR_WSS_ALGORITHM_NOT_ACCEPTED',
  ],
  [
    'the enveloped transform',
    signed({ references: both(transform('http://www.w3.org/2000/09/xmldsig#enveloped-signature')) }),
    'ERR_WSS_UNSUPPORTED_ALGORITHM',
  ],
  [
    'an XPath transform',
    signed({ references: both(transform('http://www.w3.org/TR/1999/REC-xpath-19991116', '<ds:XPath>1</ds:XPath>')) }),
    'ERR_WSS_UNSUPPORTED_ALGORITHM',
  ],
  [
    'an XPath filter transform',
    signed({ references: both(transform('http://www.w3.org/2002/06/xmldsig-filter2')) }),
    'ERR_WSS_UNSUPPORTED_ALGORITHM',
  ],
  [
    'an XSLT transform',
    signed({
      references: both(
        transform(
          'http://www.w3.org/TR/1999/REC-xslt-19991116',
          '<x:stylesheet xmlns:x="http://www.w3.org/1999/XSL/Transform"/>',
        ),
      ),
    }),
    'ERR_WSS_UNSUPPORTED_ALGORITHM',
  ],
  [
    'a base64 transform',
    signed({ references: both(transform('http://www.w3.org/2000/09/xmldsig#base64')) }),
    'ERR_WSS_UNSUPPORTED_ALGORITHM',
  ],
  [
    'an attachment transform',
    signed({
      references: both(
        transform('http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1#Attachment-Content-Signature-Transform'),
      ),
    }),
    'ERR_WSS_UNSUPPORTED_ALGORITHM',
  ],
  ['two transforms', signed({ references: both(transform(EXC).repeat(2)) }), 'ERR_WSS_INVALID_STRUCTURE'],
  ['three transforms', signed({ references: both(transform(EXC).repeat(3)) }), 'ERR_WSS_INVALID_STRUCTURE'],
  [
    'an STR-Transform of the Body',
    signed({
      references: both(
        transform(
          STR_TRANSFORM,
          `<wsse:TransformationParameters><ds:CanonicalizationMethod Algorithm="${EXC}"/></wsse:TransformationParameters>`,
        ),
      ),
    }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'an STR-Transform without parameters',
    signed({ references: both(transform(STR_TRANSFORM)) }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'a Reference to a file',
    signed({ references: reference('x').replace('URI="#x"', 'URI="file:///etc/passwd"') }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'a Reference to the network',
    signed({ references: reference('x').replace('URI="#x"', 'URI="http://127.0.0.1:1/x"') }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'a Reference to an attachment with the transform of an element',
    signed({ references: reference('x').replace('URI="#x"', 'URI="cid:part@x"') }),
    'ERR_WSS_UNSUPPORTED_ALGORITHM',
  ],
  [
    'a Reference to an attachment that is not there',
    signed({
      references: reference(
        'x',
        transform('http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1#Attachment-Content-Signature-Transform'),
      ).replace('URI="#x"', 'URI="cid:part@x"'),
    }),
    'ERR_WSS_REFERENCE_UNRESOLVED',
  ],
  [
    'a Reference to the whole document',
    signed({ references: reference('x').replace('URI="#x"', 'URI=""') }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'a Reference by XPointer',
    signed({ references: reference('x').replace('URI="#x"', `URI="#xpointer(id('Body-1'))"`) }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'a Reference without URI',
    signed({ references: reference('x').replace('URI="#x"', '') }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  ['a Reference to nothing', signed({ references: reference('Body-9') }), 'ERR_WSS_REFERENCE_UNRESOLVED'],
  ['33 References', signed({ references: reference('TS-1') + reference('Body-1').repeat(32) }), 'ERR_WSS_LIMIT'],
  [
    'a PrefixList of 65 prefixes',
    signed({
      canonicalization: `<ds:CanonicalizationMethod Algorithm="${EXC}"><ec:InclusiveNamespaces xmlns:ec="${EXC}" PrefixList="${'s '.repeat(65).trim()}"/></ds:CanonicalizationMethod>`,
    }),
    'ERR_WSS_LIMIT',
  ],
  [
    'five Signatures',
    seal(
      envelope(
        security(
          token(pki.signer) +
            timestamp() +
            signature()
              .repeat(5)
              .replace(/SIG-1/g, () => `SIG-${Math.random()}`),
        ),
      ),
      pki.signer.key,
    ),
    'ERR_WSS_LIMIT',
  ],
  [
    '101 header children',
    genuine.replace('<wsu:Timestamp', '<x:X xmlns:x="urn:x"/>'.repeat(100) + '<wsu:Timestamp'),
    'ERR_WSS_LIMIT',
  ],
];

test('32 References are accepted', () => {
  assert.equal(refusal(signed({ references: reference('TS-1') + reference('Body-1').repeat(31) })), 'accepted');
});

for (const [name, xml, code] of rows) {
  test(`refuses: ${name}`, () => {
    assert.notEqual(xml, genuine);
    assert.equal(refusal(xml), code);
  });
}

test('refuses a relative namespace URI in what is signed, which has no canonical form', () => {
  const content = '<o:Order xmlns:o="urn:shop"><n:x xmlns:n="relative"/></o:Order>';
  const xml = envelope(security(token(pki.signer) + timestamp() + signature()), body('<o:Order xmlns:o="urn:shop"/>'));
  const sealed = seal(xml, pki.signer.key).replace('<o:Order xmlns:o="urn:shop"/>', content);
  assert.equal(refusal(sealed), 'ERR_XML_C14N');
});

test('computes no digest before the signature over SignedInfo was found good', () => {
  // Were digests computed first, this would be refused for its reference.
  const forged = genuine.replace('URI="#Body-1"', 'URI="#Body-9"');
  assert.equal(refusal(forged), 'ERR_WSS_SIGNATURE_INVALID');
});

test('refuses a signature over the Timestamp alone, over the Body alone, and none at all', () => {
  assert.equal(refusal(signed({ references: reference('TS-1') })), 'ERR_WSS_PART_NOT_SIGNED');
  assert.equal(refusal(signed({ references: reference('Body-1') })), 'ERR_WSS_PART_NOT_SIGNED');
  assert.equal(refusal(envelope(security(token(pki.signer) + timestamp()))), 'ERR_WSS_SIGNATURE_MISSING');
  assert.equal(refusal(envelope('')), 'ERR_WSS_SECURITY_HEADER_MISSING');
});

test('refuses an expired, a future, a long-lived and a missing Timestamp, signed or not', () => {
  const with_ = (text: string): string =>
    seal(envelope(security(token(pki.signer) + text + signature())), pki.signer.key);
  assert.equal(refusal(with_(timestamp(at(-900_000), at(-600_000)))), 'ERR_WSS_TIMESTAMP_EXPIRED');
  assert.equal(refusal(with_(timestamp(at(-900_000), at(600_000)))), 'ERR_WSS_TIMESTAMP_EXPIRED');
  assert.equal(refusal(with_(timestamp(at(61_000), at(600_000)))), 'ERR_WSS_TIMESTAMP_IN_FUTURE');
  assert.equal(refusal(with_(timestamp(at(0), at(3_601_000)))), 'ERR_WSS_TIMESTAMP_LIFETIME');
  assert.equal(refusal(with_(timestamp(at(0), '2026-02-30T00:00:00Z'))), 'ERR_WSS_INVALID_STRUCTURE');
  const unstamped = seal(
    envelope(security(token(pki.signer) + signature({ references: reference('Body-1') }))),
    pki.signer.key,
  );
  assert.equal(refusal(unstamped), 'ERR_WSS_TIMESTAMP_MISSING');
  assert.equal(
    refusal(unstamped, settings({ timestamp: undefined, signature: signatureSettings({ requiredParts: [] }) })),
    'accepted',
  );
});
