import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { DOMParser } from '@xmldom/xmldom';
import fc from 'fast-check';
import { SignedXml } from 'xml-crypto';
import {
  ALICE,
  ASSERTION_SETTINGS,
  assertionFor,
  HOLDERS,
  SIGNERS,
  signHere,
} from '../../../test/support/assertions.ts';
import { NOW, pki, signingKey } from '../../../test/support/securing.ts';
import { canonicalize } from '../../xml/c14n.ts';
import { scan } from '../../xml/scan.ts';
import { InvalidTokenError, KeyNotAcceptedError } from '../errors.ts';
import { DS } from '../namespaces.ts';
import { createAssertion } from './create-assertion.ts';
import type { AssertionSettings } from './create-settings.ts';

const bytesOf = (token: Awaited<ReturnType<typeof assertionFor>>): Buffer => Buffer.from(token.token.bytes);

/** What a DOM says of it: text or attribute of the elements of that name. */
function read(bytes: Buffer, name: string, attribute?: string): string[] {
  const document = new DOMParser().parseFromString(bytes.toString(), 'text/xml');
  const elements = Array.from(document.getElementsByTagName('*')).filter(({ localName }) => localName === name);
  return elements.map((element) =>
    attribute === undefined ? (element.textContent ?? '') : (element.getAttribute(attribute) ?? ''),
  );
}

/** By another implementation, which knows nothing of how it was made. */
function signedReferences(bytes: Buffer): number {
  const text = bytes.toString();
  const document = new DOMParser().parseFromString(text, 'text/xml');
  const signature = Array.from(document.getElementsByTagNameNS(DS, 'Signature')).find(
    ({ parentNode }) => parentNode === document.documentElement,
  );
  if (signature === undefined) return 0;
  // `ID` it knows itself.
  const checker = new SignedXml({ publicCert: pki.signer.certificatePem, idAttribute: 'AssertionID' });
  checker.loadSignature(signature);
  return checker.checkSignature(text) ? checker.getSignedReferences().length : 0;
}

const FORMS: readonly Partial<AssertionSettings>[] = [
  { confirmation: 'SenderVouches' },
  { confirmation: 'Bearer', oneTimeUse: true, audiences: [] },
  ...Object.values(HOLDERS).map((holder) => ({ confirmation: 'HolderOfKey', holder }) as const),
];

for (const version of ['1.1', '2.0'] as const) {
  for (const form of FORMS) {
    const name = `${version} ${form.confirmation} ${form.holder?.form ?? ''}`;
    test(`the text of an assertion is its canonical form: ${name}`, async () => {
      const bytes = bytesOf(await assertionFor({ version, ...form }));
      const canonical = canonicalize(scan(bytes), 0, { mode: 'exclusive', comments: false });
      assert.equal(bytes.toString(), canonical.toString());
    });
    test(`its signature holds, and no longer when it says something else: ${name}`, async () => {
      const bytes = bytesOf(await assertionFor({ version, ...form }));
      assert.equal(signedReferences(bytes), 1);
      const altered = Buffer.from(bytes.toString().replace('>admin<', '>owner<'));
      assert.notDeepEqual(altered, bytes);
      assert.throws(() => assert.equal(signedReferences(altered), 1));
    });
  }
}

describe('what an assertion says', () => {
  for (const version of ['1.1', '2.0'] as const) {
    test(`its subject, times, audience, authentication and attributes, in ${version}`, async () => {
      const bytes = bytesOf(await assertionFor({ version }));
      const [conditions] = [
        [read(bytes, 'Conditions', 'NotBefore'), read(bytes, 'Conditions', 'NotOnOrAfter')].map(([text]) =>
          Date.parse(text),
        ),
      ];
      assert.deepEqual(conditions, [NOW - 60_000, NOW + 300_000]);
      assert.deepEqual(read(bytes, 'Assertion', 'IssueInstant'), [new Date(NOW).toISOString()]);
      assert.deepEqual(read(bytes, 'Audience'), ['urn:backend']);
      const values = read(bytes, 'AttributeValue');
      assert.deepEqual(values, ['clerk & co', 'admin', '']);
      if (version === '2.0') {
        assert.deepEqual(read(bytes, 'Issuer'), ['https://gateway.example']);
        assert.deepEqual(read(bytes, 'NameID'), [ALICE.subject.name]);
        assert.deepEqual(read(bytes, 'Attribute', 'Name'), ['role', 'a<b']);
        assert.deepEqual(read(bytes, 'Attribute', 'NameFormat'), ['urn:example:attributes', 'urn:"x"']);
        assert.deepEqual(read(bytes, 'AuthnContextClassRef'), ['urn:oasis:names:tc:SAML:2.0:ac:classes:Password']);
        assert.deepEqual(read(bytes, 'SubjectConfirmation', 'Method'), [
          'urn:oasis:names:tc:SAML:2.0:cm:sender-vouches',
        ]);
      } else {
        assert.deepEqual(read(bytes, 'Assertion', 'Issuer'), ['https://gateway.example']);
        // Of the authentication and of the attributes.
        assert.deepEqual(read(bytes, 'NameIdentifier'), [ALICE.subject.name, ALICE.subject.name]);
        assert.deepEqual(read(bytes, 'Attribute', 'AttributeName'), ['role', 'a<b']);
        assert.deepEqual(read(bytes, 'Attribute', 'AttributeNamespace'), ['urn:example:attributes', 'urn:"x"']);
        assert.deepEqual(read(bytes, 'AuthenticationStatement', 'AuthenticationMethod'), [
          'urn:oasis:names:tc:SAML:1.0:am:password',
        ]);
      }
    });

    test(`that it is to be taken once, in ${version}`, async () => {
      const condition = version === '2.0' ? 'OneTimeUse' : 'DoNotCacheCondition';
      assert.equal(read(bytesOf(await assertionFor({ version })), condition).length, 0);
      assert.equal(read(bytesOf(await assertionFor({ version, oneTimeUse: true })), condition).length, 1);
    });
  }

  test('a bearer has until the end of the assertion', async () => {
    const bytes = bytesOf(await assertionFor({ confirmation: 'Bearer' }));
    const end = new Date(NOW + 300_000).toISOString();
    assert.deepEqual(read(bytes, 'SubjectConfirmationData', 'NotOnOrAfter'), [end]);
  });

  test('another context of authentication, where the policy gives one', async () => {
    const bytes = bytesOf(await assertionFor({}, { authn: { uri: 'urn:<context>' } }));
    assert.deepEqual(read(bytes, 'AuthnContextClassRef'), ['urn:<context>']);
  });
});

test('messages refer to an assertion by its identifier, which is another one each time', async () => {
  const tokens = [await assertionFor(), await assertionFor()];
  const ids = tokens.map((token) => read(bytesOf(token), 'Assertion', 'ID')[0]);
  assert.deepEqual(
    tokens.map(({ token }) => token.reference?.value),
    ids,
  );
  assert.notEqual(ids[0], ids[1]);
});

test("the holder's key goes with the assertion", async () => {
  const bearer = await assertionFor({ confirmation: 'Bearer' });
  assert.equal(bearer.key, undefined);
  const holder = await assertionFor({ confirmation: 'HolderOfKey', holder: HOLDERS.X509 });
  assert.ok(holder.key?.equals(pki.recipient.key));
  assert.equal(holder.token.secret, undefined);
  const secret = await assertionFor({ confirmation: 'HolderOfKey', holder: HOLDERS.EncryptedKey });
  assert.deepEqual(secret.key?.export(), Buffer.from(secret.token.secret ?? []));
  assert.equal(secret.token.secret?.length, 32);
});

for (const [algorithm, identity] of Object.entries(SIGNERS)) {
  test(`${algorithm} signs what it is asked to`, async () => {
    const name = algorithm as keyof typeof SIGNERS;
    const signature = { ...ASSERTION_SETTINGS.signature, key: signingKey(identity), algorithm: name };
    const bytes = bytesOf(await assertionFor({ signature }));
    assert.deepEqual(read(bytes, 'X509Certificate'), [identity.certificate.base64]);
  });
}

test('a key that does not fit the algorithm is refused', async () => {
  const signature = { ...ASSERTION_SETTINGS.signature, key: signingKey(pki.ec256) };
  await assert.rejects(assertionFor({ signature }), KeyNotAcceptedError);
});

test('what XML cannot hold is refused, and everything else comes out as it was', async () => {
  for (const name of ['a\u0000b', 'a\u001fb', '\ufffe', '\ud800']) {
    await assert.rejects(
      assertionFor({}, { subject: { ...ALICE.subject, name } }),
      InvalidTokenError,
      JSON.stringify(name),
    );
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = { ...signingKey(pki.ed25519), key: privateKey };
  const settings = { ...ASSERTION_SETTINGS, signature: { key, algorithm: 'Ed25519', digest: 'SHA256' } } as const;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('1.1' as const, '2.0' as const),
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", '\r', '\n', '\t', ']', 'é', '😀', 'a') })),
      async (version, name, values) => {
        const attributes = [{ name, nameFormat: name, values }];
        let made;
        try {
          made = await createAssertion(
            { ...settings, version },
            { ...ALICE, subject: { name, format: name }, attributes },
            NOW,
            signHere,
          );
        } catch (error) {
          assert.ok(error instanceof InvalidTokenError);
          return;
        }
        const bytes = bytesOf(made.token);
        const index = scan(bytes);
        assert.equal(canonicalize(index, 0, { mode: 'exclusive', comments: false }).toString(), bytes.toString());
        const read = Array.from({ length: index.elementCount }, (_, element) => element)
          .filter((element) => index.localName(element) === 'AttributeValue')
          .map((element) => index.text(element));
        assert.deepEqual(read, values);
      },
    ),
  );
});
