/**
 * Attacks on assertions: signature wrapping (the shapes 1 to 8 of Somorovsky et al., "On Breaking SAML", and what the
 * Security header adds to them), comments in names (CVE-2017-11427), confirmations that nobody made good (CVE-2014-3623).
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DS } from '../../extproc/wss/namespaces.ts';
import { WssError } from '../../extproc/wss/errors.ts';
import { SAML2 } from '../../extproc/wss/saml/versions.ts';
import { XmlError } from '../../extproc/xml/errors.ts';
import { check, envelope, EXC, pki, reference, refusal, seal, security, signature, timestamp, token } from './forge.ts';
import * as saml from './forge-saml.ts';

const { assertion2, bearerSettings, holderCertificate, holderData, holderSettings, issueAssertion } = saml;
const { issuerSignature, samlReference, samlSettings, voucherSettings } = saml;

const carrying = (...tokens: string[]): string => envelope(security(tokens.join('')));
const genuine = issueAssertion(assertion2());
const signatureOf = (xml: string): string => /<ds:Signature .*?<\/ds:Signature>/s.exec(xml)?.[0] ?? '';
const unsigned = genuine.replace(signatureOf(genuine), '');
const evil = (id: string, inside = '', before = ''): string =>
  assertion2({ id, name: '<a:NameID>mallory</a:NameID>', signature: before }).replace(
    '</a:Assertion>',
    `${inside}</a:Assertion>`,
  );
const object = (content: string) =>
  signatureOf(genuine).replace('</ds:Signature>', `<ds:Object>${content}</ds:Object></ds:Signature>`);
const plain = bearerSettings();

const wrapped: readonly (readonly [string, string, string])[] = [
  [
    '1: forged assertion around the signature of the genuine one, which is inside it',
    carrying(evil('E', '', signatureOf(genuine).replace('</ds:Signature>', `${unsigned}</ds:Signature>`))),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  ['1: the same in Object', carrying(evil('E', '', object(unsigned))), 'ERR_WSS_INVALID_STRUCTURE'],
  [
    '2: genuine assertion without its signature before the forged one with it',
    carrying(unsigned, evil('E', '', signatureOf(genuine))),
    'ERR_WSS_SAML_ASSERTION_DUPLICATED',
  ],
  ['3: forged assertion before the genuine one', carrying(evil('E'), genuine), 'ERR_WSS_SAML_ASSERTION_DUPLICATED'],
  ['3: forged assertion after the genuine one', carrying(genuine, evil('E')), 'ERR_WSS_SAML_ASSERTION_DUPLICATED'],
  ['4: forged assertion around the genuine one', carrying(evil('E', genuine)), 'ERR_WSS_SAML_ASSERTION_NOT_SIGNED'],
  [
    '5: forged assertion with the signature, genuine one at the end of the header',
    carrying(evil('E', '', signatureOf(genuine)), `<x:W xmlns:x="urn:x">${unsigned}</x:W>`),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    '6: genuine assertion inside the signature that the forged one has',
    carrying(evil('E', '', signatureOf(genuine).replace('</ds:KeyInfo>', `${unsigned}</ds:KeyInfo>`))),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    '7: genuine assertion in an extension of the forged one',
    carrying(evil('E', `<x:Extensions xmlns:x="urn:x">${unsigned}</x:Extensions>`, signatureOf(genuine))),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    "8: genuine assertion in an Object of the forged one's signature",
    carrying(evil('E', '', object(genuine))),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  [
    'forged assertion with the id of the genuine one',
    carrying(evil('A-1', '', signatureOf(genuine)), `<x:W xmlns:x="urn:x">${unsigned}</x:W>`),
    'ERR_WSS_DUPLICATE_ID',
  ],
  [
    'the same, the other id being in an attribute of another name',
    carrying(genuine, '<x:W xmlns:x="urn:x" Id="A-1"/>'),
    'ERR_WSS_DUPLICATE_ID',
  ],
  [
    'genuine assertion in Advice of a forged one',
    carrying(assertion2({ id: 'E', signature: '', advice: `<a:Advice>${genuine}</a:Advice>` })),
    'ERR_WSS_SAML_ASSERTION_NOT_SIGNED',
  ],
  [
    'genuine assertion in the Body',
    envelope(security(''), `<s:Body>${genuine}</s:Body>`),
    'ERR_WSS_SAML_ASSERTION_MISSING',
  ],
  [
    'genuine assertion in the header of another actor',
    envelope(security(genuine, ' s:actor="urn:other"') + security('')),
    'ERR_WSS_SAML_ASSERTION_MISSING',
  ],
  [
    'genuine assertion below an unknown block',
    carrying(`<x:W xmlns:x="urn:x">${genuine}</x:W>`),
    'ERR_WSS_SAML_ASSERTION_MISSING',
  ],
  [
    'two signatures',
    carrying(genuine.replace(signatureOf(genuine), signatureOf(genuine).repeat(2))),
    'ERR_WSS_SAML_ASSERTION_INVALID',
  ],
];
for (const [name, xml, expected] of wrapped) {
  test(`wrapping ${name}`, () => assert.equal(refusal(xml, plain), expected));
}

const issued = (parts: Parameters<typeof issuerSignature>[1]) =>
  carrying(issueAssertion(assertion2({ signature: issuerSignature('A-1', parts) })));
const transform = (uri: string) => `<ds:Transform Algorithm="${uri}"/>`;
const ENVELOPED = `${DS}enveloped-signature`;
const signatures: readonly (readonly [string, string, string])[] = [
  [
    'without the enveloped signature transform',
    issued({ references: reference('A-1') }),
    'ERR_WSS_UNSUPPORTED_ALGORITHM',
  ],
  [
    'without canonicalization',
    issued({ references: reference('A-1', transform(ENVELOPED)) }),
    'ERR_WSS_UNSUPPORTED_ALGORITHM',
  ],
  [
    'the transforms the other way round',
    issued({ references: reference('A-1', transform(EXC) + transform(ENVELOPED)) }),
    'ERR_WSS_UNSUPPORTED_ALGORITHM',
  ],
  [
    'with an XSLT',
    issued({ references: reference('A-1', saml.ENVELOPED + transform('http://www.w3.org/TR/1999/REC-xslt-19991116')) }),
    'ERR_WSS_UNSUPPORTED_ALGORITHM',
  ],
  [
    'with inclusive canonicalization',
    issued({
      references: reference('A-1', transform(ENVELOPED) + transform('http://www.w3.org/TR/2001/REC-xml-c14n-20010315')),
    }),
    'ERR_WSS_ALGORITHM_NOT_ACCEPTED',
  ],
  [
    'over the whole document',
    issued({ references: reference('A-1', saml.ENVELOPED).replace('URI="#A-1"', 'URI=""') }),
    'ERR_WSS_INVALID_STRUCTURE',
  ],
  ['over two things', issued({ references: reference('A-1', saml.ENVELOPED).repeat(2) }), 'ERR_WSS_INVALID_STRUCTURE'],
  [
    'by HMAC with the public key',
    issued({ method: 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256' }),
    'ERR_WSS_ALGORITHM_NOT_ACCEPTED',
  ],
  [
    'by an algorithm that the policy does not accept',
    issued({ method: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1' }),
    'ERR_WSS_ALGORITHM_NOT_ACCEPTED',
  ],
  ['by a key that only it names', issued({ keyInfo: holderCertificate(pki.signer) }), 'ERR_WSS_CERTIFICATE_UNTRUSTED'],
];
for (const [name, xml, expected] of signatures) {
  test(`a signature ${name}`, () => assert.equal(refusal(xml, plain), expected));
}

test('a secret of HMAC is none even where the policy lists HMAC', () => {
  const accept = { ...samlSettings().accept, algorithms: ['HMAC-SHA256' as const] };
  const xml = issued({ method: 'http://www.w3.org/2001/04/xmldsig-more#hmac-sha256' });
  assert.equal(refusal(xml, bearerSettings({ accept })), 'ERR_WSS_ALGORITHM_NOT_ACCEPTED');
});

test('void canonicalization: a relative namespace name has no canonical form, and no digest', () => {
  const xml = carrying(genuine.replace('Version="2.0"', 'Version="2.0" xmlns:r="relative"'));
  assert.equal(refusal(xml, plain), 'ERR_XML_C14N');
});

test('comments in a name: refused, though the signature is good', () => {
  const named = issueAssertion(assertion2({ name: '<a:NameID>admin@x.example.evil.example</a:NameID>' }));
  assert.equal(refusal(carrying(named), plain), 'accepted');
  const cut = named.replace('admin@x.example', 'admin@x.example<!-- -->');
  assert.equal(refusal(carrying(cut), plain), 'ERR_WSS_SAML_ASSERTION_INVALID');
  assert.equal(refusal(carrying(genuine.replace('clerk', 'cl<?x?>erk')), plain), 'ERR_WSS_SAML_ASSERTION_INVALID');
});

test('a bearer assertion is not one of a holder of key, nor the other way round', () => {
  const bearer = seal(carrying(genuine, timestamp(), signature({ keyInfo: samlReference() })), pki.signer.key);
  assert.equal(refusal(bearer, holderSettings()), 'ERR_WSS_KEY_NOT_FOUND');
  const holder = issueAssertion(assertion2({ method: 'holder-of-key', data: holderData(holderCertificate()) }));
  assert.equal(refusal(carrying(holder), plain), 'ERR_WSS_SAML_CONFIRMATION');
  const stolen = seal(carrying(holder, timestamp(), token(pki.recipient), signature()), pki.recipient.key);
  const using = voucherSettings({ confirmations: ['HolderOfKey', 'SenderVouches', 'Bearer'] });
  assert.equal(refusal(stolen, using), 'ERR_WSS_SAML_CONFIRMATION');
});

test('the key of the holder stands in the assertion, not in a token that it refers to', () => {
  const outside = `<wsse:SecurityTokenReference xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><wsse:Reference URI="#X509-1"/></wsse:SecurityTokenReference>`;
  const assertion = issueAssertion(assertion2({ method: 'holder-of-key', data: holderData(outside) }));
  const xml = seal(
    carrying(token(pki.signer), assertion, timestamp(), signature({ keyInfo: samlReference() })),
    pki.signer.key,
  );
  assert.equal(refusal(xml, holderSettings()), 'ERR_WSS_KEY_NOT_FOUND');
});

test('a signature of the holder that does not cover what is demanded confirms nothing', () => {
  const assertion = issueAssertion(assertion2({ method: 'holder-of-key', data: holderData(holderCertificate()) }));
  const own = seal(
    carrying(assertion, timestamp(), signature({ keyInfo: samlReference(), references: reference('TS-1') })),
    pki.signer.key,
  );
  assert.equal(refusal(own, holderSettings()), 'ERR_WSS_PART_NOT_SIGNED');
  const both = carrying(
    ...[assertion, timestamp(), token(pki.recipient)],
    signature({ keyInfo: samlReference(), references: reference('TS-1') }),
  );
  const message = seal(
    seal(both, pki.signer.key).replace('</wsse:Security>', `${signature()}</wsse:Security>`),
    pki.recipient.key,
  );
  const using = holderSettings({ signature: voucherSettings().signature });
  assert.equal(refusal(message, using), 'ERR_WSS_SAML_CONFIRMATION');
});

test('nobody vouches by signing the assertion in one place and the Body in another', () => {
  const assertion = issueAssertion(assertion2({ method: 'sender-vouches' }));
  const first = carrying(assertion, timestamp(), token(pki.signer), signature({ references: reference('A-1') }));
  const both = seal(first, pki.signer.key).replace('</wsse:Security>', `${signature()}</wsse:Security>`);
  assert.equal(refusal(seal(both, pki.signer.key), voucherSettings()), 'ERR_WSS_SAML_CONFIRMATION');
});

test('the holder of the key of an assertion cannot vouch for it', () => {
  const subject =
    '<a:Subject><a:NameID>alice</a:NameID><a:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"/></a:Subject>';
  const assertion = issueAssertion(assertion2({ subject }));
  const references = reference('TS-1') + reference('Body-1') + reference('A-1');
  const xml = seal(
    carrying(assertion, timestamp(), signature({ references, keyInfo: holderCertificate() })),
    pki.signer.key,
  );
  assert.equal(refusal(xml, holderSettings({ saml: samlSettings() })), 'ERR_WSS_KEY_NOT_FOUND');
});

test('a reference by identifier leads to an assertion of our header and to nothing else', () => {
  const assertion = issueAssertion(assertion2({ method: 'holder-of-key', data: holderData(holderCertificate()) }));
  const signedBy = (keyInfo: string, block = assertion, rest = '') =>
    seal(envelope(security(block + timestamp() + signature({ keyInfo })) + rest), pki.signer.key);
  assert.equal(refusal(signedBy(samlReference()), holderSettings()), 'accepted');
  assert.equal(refusal(signedBy(samlReference('A-2')), holderSettings()), 'ERR_WSS_REFERENCE_UNRESOLVED');
  assert.equal(refusal(signedBy(samlReference('TS-1')), holderSettings()), 'ERR_WSS_SAML_ASSERTION_INVALID');
  assert.equal(refusal(signedBy(samlReference('A-1', '1.1')), holderSettings()), 'ERR_WSS_SAML_ASSERTION_INVALID');
  const elsewhere = signedBy(samlReference(), '', `<x:W xmlns:x="urn:x">${assertion}</x:W>`);
  assert.equal(refusal(elsewhere, holderSettings()), 'ERR_WSS_SAML_ASSERTION_INVALID');
});

test('the same assertion again, where it may be used once, is the same fact', () => {
  const audience = '<a:AudienceRestriction><a:Audience>urn:orders</a:Audience></a:AudienceRestriction>';
  const once = (id: string) =>
    carrying(issueAssertion(assertion2({ id, conditions: saml.conditions(`${audience}<a:OneTimeUse/>`) })));
  const keyOf = (xml: string) => check(xml, plain).replay.map(({ key }) => key);
  assert.deepEqual(keyOf(once('A-1')), keyOf(once('A-1')));
  assert.notDeepEqual(keyOf(once('A-1')), keyOf(once('A-2')));
});

test('property: no single change of a byte of the assertion says anything else', () => {
  const original = check(carrying(genuine), plain).identity.saml;
  fc.assert(
    fc.property(fc.nat(genuine.length - 1), fc.integer({ min: 1, max: 127 }), (at, by) => {
      const bytes = Buffer.from(genuine);
      bytes[at] = (bytes[at] + by) % 128;
      try {
        assert.deepEqual(check(carrying(bytes.toString()), plain).identity.saml, original);
      } catch (error) {
        assert.ok(error instanceof WssError || error instanceof XmlError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});

test('fuzz: any tree of elements of SAML is refused with an error of ours', () => {
  const names = [
    'Assertion',
    'Subject',
    'NameID',
    'Conditions',
    'AudienceRestriction',
    'Audience',
    'SubjectConfirmation',
    'SubjectConfirmationData',
    'AttributeStatement',
    'Attribute',
    'AuthnStatement',
    'Issuer',
  ];
  const { element } = fc.letrec<{ element: string }>((tie) => ({
    element: fc
      .tuple(
        fc.constantFrom(...names),
        fc.constantFrom('', ' Method="x"', ' NotBefore="x"', ' Name=""', ' ID="A-1"'),
        fc.array(fc.oneof({ depthSize: 'small' }, fc.constantFrom('', 'x', issuerSignature('A-1')), tie('element')), {
          maxLength: 3,
        }),
      )
      .map(([name, attributes, content]) => `<a:${name}${attributes}>${content.join('')}</a:${name}>`),
  }));
  fc.assert(
    fc.property(fc.array(element, { maxLength: 4 }), (content) => {
      const xml = `<a:Assertion xmlns:a="${SAML2.namespace}" ID="A-9" Version="2.0" IssueInstant="2026-01-01T00:00:00Z">${content.join('')}</a:Assertion>`;
      assert.match(refusal(carrying(xml), plain), /^ERR_(WSS|XML)_/);
    }),
    { numRuns: 500 },
  );
});
