import assert from 'node:assert/strict';
import { createHash, createSecretKey, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { at, check, decryptionSettings, encryptedData, encryptedKey, envelope } from '../../../test/attacks/forge.ts';
import { pki, refusal, seal, security, signatureSettings, TIMESTAMP, BODY } from '../../../test/attacks/forge.ts';
import { honest, reference, signature, timestamp, token } from '../../../test/attacks/forge.ts';
import {
  assertion1,
  assertion2,
  bearerSettings,
  conditions,
  holderCertificate,
  holderData,
  holderSettings,
  issueAssertion,
  issuer,
  ISSUER,
  samlReference,
  samlSettings,
  STR,
  voucherSettings,
  type AssertionParts,
} from '../../../test/attacks/forge-saml.ts';
import { canonicalize } from '../../xml/c14n.ts';
import { scan } from '../../xml/scan.ts';
import { TrustStore } from '../../keys/trust-store.ts';
import { DS, TYPE_ELEMENT } from '../namespaces.ts';
import { tokenCanonicalization } from '../signature/str-transform.ts';
import { SAML2 } from './versions.ts';

const carrying = (...tokens: string[]): string => envelope(security(tokens.join('')));
const bearer = (parts: AssertionParts = {}): string => carrying(issueAssertion(assertion2(parts)));
const bearer1 = (parts: AssertionParts = {}): string => carrying(issueAssertion(assertion1(parts)));
const plain = bearerSettings();

/** Signs Timestamp and Body, and more, with an assertion before it. */
function signed(assertion: string, keyInfo: string, more = '', key = pki.signer.key, tokens = ''): string {
  const references = reference('TS-1') + reference('Body-1') + more;
  return seal(carrying(tokens, assertion, timestamp(), signature({ references, keyInfo })), key);
}

test('says who the subject of a SAML 2.0 assertion is', () => {
  const { identity, bytes } = check(bearer(), plain);
  assert.deepEqual(identity.saml, {
    subject: 'alice',
    nameFormat: 'urn:f',
    issuer: ISSUER,
    attributes: new Map([['role', ['clerk', 'buyer']]]),
    confirmation: 'Bearer',
  });
  assert.equal(identity.certificate, undefined);
  assert.ok(!bytes.includes('Assertion'));
});

test('says who the subject of a SAML 1.1 assertion is', () => {
  const { identity } = check(bearer1(), plain);
  assert.deepEqual(identity.saml, {
    subject: 'alice',
    nameFormat: 'urn:f',
    issuer: ISSUER,
    attributes: new Map([['role', ['clerk']]]),
    confirmation: 'Bearer',
  });
});

test('white space around a name is not part of it, a no-break space is', () => {
  const subjectOf = (name: string) =>
    check(bearer({ name: `<a:NameID>${name}</a:NameID>` }), plain).identity.saml?.subject;
  assert.equal(subjectOf('\n  alice\t'), 'alice');
  assert.equal(subjectOf('\u00a0alice'), '\u00a0alice');
});

test('a message without an assertion, and one without a Security header', () => {
  assert.equal(refusal(carrying(timestamp()), plain), 'ERR_WSS_SAML_ASSERTION_MISSING');
  assert.equal(refusal(envelope(''), plain), 'ERR_WSS_SECURITY_HEADER_MISSING');
});

const refused: readonly (readonly [string, AssertionParts, string])[] = [
  ['issued in the future', { issued: at(61_000) }, 'ASSERTION_NOT_YET_VALID'],
  ['not valid yet', { conditions: conditions(undefined, `NotBefore="${at(61_000)}"`) }, 'ASSERTION_NOT_YET_VALID'],
  ['expired', { conditions: conditions(undefined, `NotOnOrAfter="${at(-60_000)}"`) }, 'ASSERTION_EXPIRED'],
  ['without end and old', { issued: at(-3_660_000), conditions: conditions(undefined, '') }, 'ASSERTION_EXPIRED'],
  [
    'valid for too long',
    { conditions: conditions(undefined, `NotOnOrAfter="${at(3_541_000)}"`) },
    'ASSERTION_LIFETIME',
  ],
  [
    'ending before it begins',
    { conditions: conditions(undefined, `NotBefore="${at(9)}" NotOnOrAfter="${at(9)}"`) },
    'ASSERTION_INVALID',
  ],
  [
    'with a time that is not in UTC',
    { conditions: conditions(undefined, 'NotBefore="2026-01-01T00:00:00+01:00"') },
    'ASSERTION_INVALID',
  ],
  ['of another issuer', { issuer: 'https://idp.example/' }, 'ISSUER_NOT_ACCEPTED'],
  ['without Issuer', { issuer: '' }, 'ASSERTION_INVALID'],
  [
    'with a session that is over',
    { statements: `<a:AuthnStatement AuthnInstant="${at(-9e5)}" SessionNotOnOrAfter="${at(-60_000)}"/>` },
    'ASSERTION_EXPIRED',
  ],
  [
    'with a login in the future',
    { statements: `<a:AuthnStatement AuthnInstant="${at(61_000)}"/>` },
    'ASSERTION_NOT_YET_VALID',
  ],
  ['with an empty name', { name: '<a:NameID> </a:NameID>' }, 'ASSERTION_INVALID'],
  ['with an element in a name', { name: '<a:NameID>alice<a:x/></a:NameID>' }, 'ASSERTION_INVALID'],
  ['with two names', { name: '<a:NameID>alice</a:NameID><a:NameID>bob</a:NameID>' }, 'ASSERTION_INVALID'],
  ['without Subject', { subject: '' }, 'ASSERTION_INVALID'],
  [
    'with two Subjects',
    { subject: '<a:Subject><a:NameID>a</a:NameID></a:Subject><a:Subject><a:NameID>b</a:NameID></a:Subject>' },
    'ASSERTION_INVALID',
  ],
  ['with two Conditions', { conditions: conditions() + conditions() }, 'ASSERTION_INVALID'],
];
for (const [name, parts, code] of refused) {
  test(`refuses an assertion ${name}`, () => {
    assert.equal(refusal(bearer(parts), plain), `ERR_WSS_SAML_${code}`);
  });
}

test('times hold to the millisecond, with the skew of the clocks', () => {
  const until = (offset: number) => bearer({ conditions: conditions(undefined, `NotOnOrAfter="${at(offset)}"`) });
  const open = bearerSettings({ audiences: undefined });
  const noAudience = (offset: number) => bearer({ conditions: conditions('', `NotOnOrAfter="${at(offset)}"`) });
  assert.equal(refusal(until(-59_999), plain), 'accepted');
  assert.equal(refusal(noAudience(-59_999), open), 'accepted');
  assert.equal(refusal(until(3_540_000), plain), 'accepted');
  assert.equal(refusal(bearer({ issued: at(60_000) }), plain), 'accepted');
});

test('every audience restriction must name us, and there must be one where the policy says who we are', () => {
  const forWhom = (...restrictions: string[][]): string =>
    bearer({
      conditions: conditions(
        restrictions
          .map(
            (names) =>
              `<a:AudienceRestriction>${names.map((n) => `<a:Audience>${n}</a:Audience>`).join('')}</a:AudienceRestriction>`,
          )
          .join(''),
      ),
    });
  assert.equal(refusal(forWhom(['urn:x', 'urn:orders']), plain), 'accepted');
  assert.equal(refusal(forWhom(['urn:orders'], ['urn:x']), plain), 'ERR_WSS_SAML_AUDIENCE');
  assert.equal(refusal(forWhom(['urn:orders/x']), plain), 'ERR_WSS_SAML_AUDIENCE');
  assert.equal(refusal(forWhom([]), plain), 'ERR_WSS_SAML_ASSERTION_INVALID');
  assert.equal(refusal(forWhom(), plain), 'ERR_WSS_SAML_AUDIENCE');
  assert.equal(refusal(forWhom(), bearerSettings({ audiences: undefined })), 'accepted');
  assert.equal(refusal(forWhom(['urn:orders']), bearerSettings({ audiences: undefined })), 'ERR_WSS_SAML_AUDIENCE');
  assert.equal(refusal(bearer1({ conditions: '' }), plain), 'ERR_WSS_SAML_AUDIENCE');
});

test('conditions: unknown ones cannot hold, ProxyRestriction is not for us', () => {
  const audience = '<a:AudienceRestriction><a:Audience>urn:orders</a:Audience></a:AudienceRestriction>';
  const having = (more: string) => bearer({ conditions: conditions(audience + more) });
  assert.equal(refusal(having('<a:ProxyRestriction Count="0"/>'), plain), 'accepted');
  assert.equal(refusal(having('<a:Condition/>'), plain), 'ERR_WSS_SAML_CONDITION_UNKNOWN');
  assert.equal(refusal(having('<x:AudienceRestriction xmlns:x="urn:x"/>'), plain), 'ERR_WSS_SAML_CONDITION_UNKNOWN');
  assert.equal(refusal(having('<a:DoNotCacheCondition/>'), plain), 'ERR_WSS_SAML_CONDITION_UNKNOWN');
});

test('an assertion that may be used once is to be remembered for as long as it lives, whatever the window', () => {
  const audience = '<a:AudienceRestriction><a:Audience>urn:orders</a:Audience></a:AudienceRestriction>';
  const once = bearer({ conditions: conditions(`${audience}<a:OneTimeUse/>`) });
  const using = { ...plain, replay: { window: 0, onCacheUnavailable: 'Refuse' as const } };
  const [entry, ...others] = check(once, using).replay;
  assert.equal(others.length, 0);
  assert.equal(entry.kind, 'assertion');
  assert.equal(entry.ttl, 660_000);
  assert.deepEqual(check(bearer(), using).replay, []);
  const audience1 = audience.replaceAll('Restriction>', 'RestrictionCondition>');
  const once1 = bearer1({ conditions: conditions(`${audience1}<a:DoNotCacheCondition/>`) });
  assert.equal(check(once1, using).replay[0].kind, 'assertion');
});

test('versions: what an assertion says of itself, and what the policy accepts', () => {
  assert.equal(refusal(bearer(), bearerSettings({ versions: ['1.1'] })), 'ERR_WSS_SAML_VERSION_NOT_ACCEPTED');
  assert.equal(refusal(bearer1(), bearerSettings({ versions: ['2.0'] })), 'ERR_WSS_SAML_VERSION_NOT_ACCEPTED');
  const saying = (version: string) =>
    carrying(issueAssertion(assertion2().replace('Version="2.0"', `Version="${version}"`)));
  assert.equal(refusal(saying('2.1'), plain), 'ERR_WSS_SAML_ASSERTION_INVALID');
  const old = carrying(issueAssertion(assertion1().replace('MinorVersion="1"', 'MinorVersion="0"')));
  assert.equal(refusal(old, plain), 'ERR_WSS_SAML_ASSERTION_INVALID');
});

test('all statements of SAML 1.1 are about one subject', () => {
  const about = (name: string, method = 'bearer') =>
    `<a:AttributeStatement><a:Subject>${name}<a:SubjectConfirmation><a:ConfirmationMethod>urn:oasis:names:tc:SAML:1.0:cm:${method}</a:ConfirmationMethod></a:SubjectConfirmation></a:Subject></a:AttributeStatement>`;
  const alice = '<a:NameIdentifier>alice</a:NameIdentifier>';
  const both = (second: string) => bearer1({ statements: about(alice) + second });
  assert.equal(refusal(both(about(alice)), plain), 'accepted');
  assert.equal(
    refusal(both(about('<a:NameIdentifier>bob</a:NameIdentifier>')), plain),
    'ERR_WSS_SAML_ASSERTION_INVALID',
  );
  const elsewhere = '<a:NameIdentifier NameQualifier="urn:q">alice</a:NameIdentifier>';
  assert.equal(refusal(both(about(elsewhere)), plain), 'ERR_WSS_SAML_ASSERTION_INVALID');
  assert.equal(refusal(both(about(alice, 'sender-vouches')), plain), 'ERR_WSS_SAML_CONFIRMATION');
  assert.equal(refusal(bearer1({ statements: '' }), plain), 'ERR_WSS_SAML_ASSERTION_INVALID');
});

const restrictions: readonly (readonly [string, string])[] = [
  ['Recipient="urn:us"', 'accepted'],
  ['Recipient="urn:other"', 'ERR_WSS_SAML_CONFIRMATION'],
  ['InResponseTo="_1"', 'ERR_WSS_SAML_CONFIRMATION'],
  ['Address="10.0.0.1"', 'ERR_WSS_SAML_CONFIRMATION'],
  [`NotBefore="${at(60_000)}"`, 'accepted'],
  [`NotBefore="${at(60_001)}"`, 'ERR_WSS_SAML_CONFIRMATION'],
  [`NotOnOrAfter="${at(-59_999)}"`, 'accepted'],
  [`NotOnOrAfter="${at(-60_000)}"`, 'ERR_WSS_SAML_CONFIRMATION'],
];
for (const [attribute, expected] of restrictions) {
  test(`a confirmation with ${attribute.replace(/\d{4}.*/, '...')}: ${expected}`, () => {
    const xml = bearer({ data: `<a:SubjectConfirmationData ${attribute}/>` });
    assert.equal(refusal(xml, bearerSettings({ recipients: ['urn:us'] })), expected);
  });
}

test('any confirmation that holds is enough, and one that is for somebody else does not', () => {
  const confirmation = (method: string, content = '') =>
    `<a:SubjectConfirmation Method="${method}">${content}</a:SubjectConfirmation>`;
  const having = (...confirmations: string[]) =>
    bearer({ subject: `<a:Subject><a:NameID>alice</a:NameID>${confirmations.join('')}</a:Subject>` });
  const good = confirmation('urn:oasis:names:tc:SAML:2.0:cm:bearer');
  const other = confirmation('urn:oasis:names:tc:SAML:2.0:cm:bearer', '<a:NameID>bob</a:NameID>');
  assert.equal(refusal(having(other, confirmation('urn:x'), good), plain), 'accepted');
  assert.equal(refusal(having(other), plain), 'ERR_WSS_SAML_CONFIRMATION');
  assert.equal(refusal(having(confirmation('urn:x')), plain), 'ERR_WSS_SAML_CONFIRMATION');
  assert.equal(refusal(having(), plain), 'ERR_WSS_SAML_CONFIRMATION');
  assert.equal(refusal(having(...Array<string>(9).fill(good)), plain), 'ERR_WSS_LIMIT');
});

test('holder of key: a certificate, by reference to the assertion or by the certificate itself', () => {
  for (const version of ['1.1', '2.0'] as const) {
    const make = version === '1.1' ? assertion1 : assertion2;
    const data = holderData(holderCertificate(), version);
    const assertion = issueAssertion(make({ method: 'holder-of-key', data }));
    for (const keyInfo of [samlReference('A-1', version), holderCertificate()]) {
      const { identity } = check(signed(assertion, keyInfo), holderSettings());
      assert.equal(identity.saml?.confirmation, 'HolderOfKey');
      assert.equal(identity.certificate, undefined);
    }
    const direct = `<wsse:SecurityTokenReference><wsse:Reference URI="#A-1"/></wsse:SecurityTokenReference>`;
    assert.equal(refusal(signed(assertion, direct), holderSettings()), 'accepted');
    const others = signed(assertion, samlReference('A-1', version), '', pki.recipient.key);
    assert.equal(refusal(others, holderSettings()), 'ERR_WSS_SIGNATURE_INVALID');
    assert.equal(
      refusal(signed(assertion, holderCertificate(pki.recipient), '', pki.recipient.key), holderSettings()),
      'ERR_WSS_KEY_NOT_FOUND',
    );
  }
});

test('holder of key: where certificates are trusted too, the one that signs must be the one of the assertion', () => {
  const using = holderSettings({ signature: signatureSettings() });
  const assertion = issueAssertion(assertion2({ method: 'holder-of-key', data: holderData(holderCertificate()) }));
  const keyInfo = holderCertificate();
  assert.equal(check(signed(assertion, keyInfo), using).identity.certificate?.subject, pki.signer.certificate.subject);
  const other = signed(assertion, holderCertificate(pki.recipient), '', pki.recipient.key);
  assert.equal(refusal(other, using), 'ERR_WSS_SAML_CONFIRMATION');
});

test('holder of key: a bare public key', () => {
  const { n, e } = pki.signer.certificate.publicKey.export({ format: 'jwk' });
  const b64 = (value = '') => Buffer.from(value, 'base64url').toString('base64');
  const value = `<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>${b64(n)}</ds:Modulus><ds:Exponent>${b64(e)}</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>`;
  const assertion = issueAssertion(assertion2({ method: 'holder-of-key', data: holderData(value) }));
  for (const keyInfo of [samlReference(), value, holderCertificate()]) {
    assert.equal(refusal(signed(assertion, keyInfo), holderSettings()), 'accepted');
  }
});

test('holder of key: a secret that the issuer encrypted for us', () => {
  const secret = randomBytes(32);
  const data = holderData(encryptedKey(secret, { references: [] }));
  const assertion = issueAssertion(assertion2({ method: 'holder-of-key', data }));
  const accept = { ...signatureSettings().accept, algorithms: ['HMAC-SHA256' as const] };
  const using = holderSettings({
    signature: signatureSettings({ trust: undefined, accept }),
    decryption: decryptionSettings(),
  });
  const message = (key: Buffer, keyInfo = samlReference()) =>
    seal(
      carrying(assertion, timestamp(), signature({ keyInfo, algorithm: 'HMAC-SHA256' })),
      createSecretKey(key),
      'HMAC-SHA256',
    );
  assert.equal(check(message(secret), using).identity.saml?.confirmation, 'HolderOfKey');
  assert.equal(refusal(message(randomBytes(32)), using), 'ERR_WSS_SIGNATURE_INVALID');
  assert.equal(refusal(message(secret), { ...using, decryption: undefined }), 'ERR_WSS_KEY_NOT_FOUND');
});

test('sender vouches: a trusted signature over assertion, Body and what is demanded', () => {
  for (const make of [assertion1, assertion2]) {
    const assertion = issueAssertion(make({ method: 'sender-vouches' }));
    const vouched = signed(assertion, holderCertificate(), reference('A-1'));
    const { identity } = check(vouched, voucherSettings());
    assert.equal(identity.saml?.confirmation, 'SenderVouches');
    assert.equal(identity.certificate?.subject, pki.signer.certificate.subject);
    assert.equal(refusal(signed(assertion, holderCertificate()), voucherSettings()), 'ERR_WSS_SAML_CONFIRMATION');
  }
});

test('sender vouches through an STR-Transform', () => {
  const assertion = issueAssertion(assertion2({ method: 'sender-vouches' }));
  const str = samlReference('A-1', '2.0', ' wsu:Id="STR-1"');
  const message = carrying(
    assertion,
    str,
    timestamp(),
    token(pki.signer),
    signature({ references: reference('TS-1') + reference('Body-1') + reference('STR-1', STR) }),
  );
  const index = scan(Buffer.from(message));
  const options = tokenCanonicalization({ mode: 'exclusive', comments: false });
  const octets = canonicalize(index, index.elementsWithId('A-1')[0], options);
  assert.match(octets.toString(), /^<a:Assertion xmlns="" /);
  const digest = createHash('sha256').update(octets).digest('base64');
  const at = message.lastIndexOf('<ds:DigestValue></ds:DigestValue>');
  const filled = message.slice(0, at) + message.slice(at).replace('<ds:DigestValue>', `<ds:DigestValue>${digest}`);
  assert.equal(refusal(seal(filled, pki.signer.key), voucherSettings()), 'accepted');
});

test('an assertion that its issuer has not signed: only if the policy says so, and a trusted sender vouches', () => {
  const parts = { method: 'sender-vouches', signature: '' } as const;
  const vouched = signed(assertion2(parts), holderCertificate(), reference('A-1'));
  assert.equal(refusal(vouched, voucherSettings()), 'ERR_WSS_SAML_ASSERTION_NOT_SIGNED');
  const optional = { signatureRequired: false };
  assert.equal(refusal(vouched, voucherSettings(optional)), 'accepted');
  assert.equal(refusal(vouched, voucherSettings({ ...optional, trust: undefined })), 'accepted');
  assert.equal(
    refusal(signed(assertion2(parts), holderCertificate()), voucherSettings(optional)),
    'ERR_WSS_SAML_CONFIRMATION',
  );
  assert.equal(refusal(bearer({ signature: '' }), bearerSettings(optional)), 'ERR_WSS_SAML_CONFIRMATION');
  const holder = assertion2({ method: 'holder-of-key', data: holderData(holderCertificate()), signature: '' });
  const saml = samlSettings({ ...optional, confirmations: ['HolderOfKey', 'SenderVouches'] });
  assert.equal(refusal(signed(holder, samlReference()), holderSettings({ saml })), 'ERR_WSS_KEY_NOT_FOUND');
});

test('an assertion that is signed must be signed by somebody trusted, whatever the policy says of others', () => {
  const stranger = issueAssertion(assertion2(), pki.signer.key);
  assert.equal(refusal(carrying(stranger), plain), 'ERR_WSS_SIGNATURE_INVALID');
  const untrusted = bearerSettings({ trust: new TrustStore({ anchors: [], pinned: [pki.signer.certificate] }) });
  assert.equal(refusal(bearer(), untrusted), 'ERR_WSS_CERTIFICATE_UNTRUSTED');
  assert.equal(
    refusal(bearer(), bearerSettings({ trust: undefined, signatureRequired: false })),
    'ERR_WSS_KEY_NOT_FOUND',
  );
  assert.equal(issuer.certificate.issuer, pki.signer.certificate.issuer);
});

test('encrypted: an EncryptedAssertion with its key inside or beside, and as an EncryptedData', () => {
  const key = randomBytes(32);
  const assertion = issueAssertion(assertion2());
  const wrapped = (inside: string, beside = '') =>
    `<a:EncryptedAssertion xmlns:a="${SAML2.namespace}">${encryptedData(assertion, key, { type: TYPE_ELEMENT, keyInfo: inside })}${beside}</a:EncryptedAssertion>`;
  const keyInfo = `<ds:KeyInfo xmlns:ds="${DS}">${encryptedKey(key, { references: [] })}</ds:KeyInfo>`;
  const retrieval = `<ds:KeyInfo xmlns:ds="${DS}"><ds:RetrievalMethod URI="#EK-1"/></ds:KeyInfo>`;
  const using = { ...plain, decryption: decryptionSettings() };
  for (const xml of [
    wrapped(keyInfo),
    wrapped('', encryptedKey(key, { references: [] })),
    wrapped(retrieval, encryptedKey(key, { references: [] })),
    encryptedData(assertion, key, { type: TYPE_ELEMENT, keyInfo }),
    encryptedKey(key) + encryptedData(assertion, key, { type: TYPE_ELEMENT }),
  ]) {
    assert.equal(check(carrying(xml), using).identity.saml?.subject, 'alice');
  }
  assert.equal(refusal(carrying(wrapped(keyInfo)), plain), 'ERR_WSS_SAML_ASSERTION_MISSING');
  assert.equal(refusal(carrying(wrapped('')), using), 'ERR_WSS_KEY_NOT_FOUND');
  const bad = carrying(
    wrapped(`<ds:KeyInfo xmlns:ds="${DS}">${encryptedKey(randomBytes(32), { references: [] })}</ds:KeyInfo>`),
  );
  assert.equal(refusal(bad, using), 'ERR_WSS_DECRYPTION_FAILED');
});

test('a signature over what was encrypted covers the assertion that comes out of it', () => {
  const key = randomBytes(32);
  const assertion = issueAssertion(assertion2({ method: 'sender-vouches' }));
  const keyInfo = `<ds:KeyInfo xmlns:ds="${DS}">${encryptedKey(key, { references: [] })}</ds:KeyInfo>`;
  const encrypted = `<a:EncryptedAssertion xmlns:a="${SAML2.namespace}">${encryptedData(assertion, key, { type: TYPE_ELEMENT, keyInfo, id: 'ED-9' })}</a:EncryptedAssertion>`;
  const references = reference('TS-1') + reference('Body-1');
  const message = (more: string) =>
    seal(
      carrying(timestamp(), signature({ references: references + more, keyInfo: holderCertificate() }), encrypted),
      pki.signer.key,
    );
  const using = { ...voucherSettings(), decryption: decryptionSettings() };
  assert.equal(refusal(message(reference('ED-9')), using), 'accepted');
  assert.equal(refusal(message(''), using), 'ERR_WSS_SAML_CONFIRMATION');
});

test('the part Assertion of required parts', () => {
  const assertion = issueAssertion(assertion2());
  const part = { kind: 'Assertion', mode: 'Element', optional: false } as const;
  const using = voucherSettings({ confirmations: ['Bearer'] });
  const demanding = { ...using, signature: signatureSettings({ requiredParts: [BODY, TIMESTAMP, part] }) };
  assert.equal(refusal(signed(assertion, holderCertificate(), reference('A-1')), demanding), 'accepted');
  assert.equal(refusal(signed(assertion, holderCertificate()), demanding), 'ERR_WSS_PART_NOT_SIGNED');
});

test('the assertion is what the caller is known by to a token service', () => {
  const assertion = issueAssertion(assertion2());
  const { caller } = check(carrying(assertion), { ...plain, caller: true });
  assert.equal(Buffer.from(caller?.bytes ?? '').toString(), assertion);
  const other = issueAssertion(assertion2({ name: '<a:NameID>bob</a:NameID>' }));
  assert.notEqual(check(carrying(other), { ...plain, caller: true }).caller?.identity, caller?.identity);
});

test('a policy that verifies no assertions takes no key from one', () => {
  const assertion = issueAssertion(assertion2({ method: 'holder-of-key', data: holderData(holderCertificate()) }));
  const using = holderSettings({ saml: undefined, signature: signatureSettings() });
  assert.equal(refusal(signed(assertion, samlReference()), using), 'ERR_WSS_KEY_NOT_FOUND');
  assert.equal(refusal(honest(), using), 'accepted');
});
