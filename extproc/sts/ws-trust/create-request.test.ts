import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPki } from '../../../test/support/pki.ts';
import { DS, WSU } from '../../wss/namespaces.ts';
import { scan } from '../../xml/scan.ts';
import type { XmlIndex } from '../../xml/xml-index.ts';
import { NoCallerTokenError, NoCredentialError } from '../errors.ts';
import type { WsTrustSettings } from '../settings.ts';
import { createTrustRequest, type TrustRequestOptions } from './create-request.ts';
import { ADDRESSING, CREATED, PROFILE_11, saml2, SAML2, TRUST_13, TRUST_2005 } from './testdata/answers.ts';
import { credentialOf, trustSettings } from './testdata/settings.ts';
import type { Operation } from './versions.ts';

const pki = createPki();
const ADDRESSING_2004 = 'http://schemas.xmlsoap.org/ws/2004/08/addressing';
const POLICY = 'http://schemas.xmlsoap.org/ws/2004/09/policy';
const IDENTITY = 'http://schemas.xmlsoap.org/ws/2005/05/identity';

interface Written {
  readonly index: XmlIndex;
  readonly action: string;
  readonly entropy?: Buffer;
  readonly body: string;
}

function write(
  operation: Operation,
  changes: Partial<WsTrustSettings> = {},
  options: Partial<TrustRequestOptions> = {},
): Written {
  const request = createTrustRequest(operation, trustSettings(changes), { now: CREATED, ...options });
  return { ...request, index: scan(Buffer.from(request.body)) };
}

/** Text of the element at the end of a path of `{namespace}local` below the root; undefined when it is not there. */
function textAt(
  index: XmlIndex,
  ...path: readonly (readonly [namespace: string, local: string])[]
): string | undefined {
  let element = 0;
  for (const [namespace, local] of path) {
    element = index.child(element, namespace, local);
    if (element === -1) return undefined;
  }
  return index.text(element);
}

test('asks for a token with what the settings say and no more', () => {
  const { body, action, entropy } = write('Issue');
  assert.equal(
    body,
    `<wst:RequestSecurityToken xmlns:wst="${TRUST_13}"><wst:RequestType>${TRUST_13}/Issue</wst:RequestType>` +
      `<wst:TokenType>${PROFILE_11}#SAMLV2.0</wst:TokenType><wst:KeyType>${TRUST_13}/Bearer</wst:KeyType>` +
      `</wst:RequestSecurityToken>`,
  );
  assert.equal(action, `${TRUST_13}/RST/Issue`);
  assert.equal(entropy, undefined);
});

test('each version has its own words', () => {
  const old = write('Issue', { version: '2005-02' });
  assert.equal(old.index.namespaceUri(0), TRUST_2005);
  assert.equal(old.action, `${TRUST_2005}/RST/Issue`);
  assert.equal(textAt(old.index, [TRUST_2005, 'RequestType']), `${TRUST_2005}/Issue`);
  assert.equal(textAt(old.index, [TRUST_2005, 'KeyType']), `${IDENTITY}/NoProofKey`);
  assert.equal(write('Issue', { version: '1.4' }).body, write('Issue', { version: '1.3' }).body);
});

test('token types by name or by URI', () => {
  const type = (tokenType: string) => textAt(write('Issue', { tokenType }).index, [TRUST_13, 'TokenType']);
  assert.equal(type('SAML1'), `${PROFILE_11}#SAMLV1.1`);
  assert.equal(type('SAML2'), `${PROFILE_11}#SAMLV2.0`);
  assert.equal(type('urn:x:a&b'), 'urn:x:a&b');
});

test('asks for a secret key with as much entropy as the key has bits', () => {
  for (const keySize of [128, 192, 256, 512]) {
    const { index, entropy } = write('Issue', { keyType: 'Symmetric', keySize });
    assert.equal(textAt(index, [TRUST_13, 'KeyType']), `${TRUST_13}/SymmetricKey`);
    assert.equal(textAt(index, [TRUST_13, 'KeySize']), String(keySize));
    assert.equal(textAt(index, [TRUST_13, 'ComputedKeyAlgorithm']), `${TRUST_13}/CK/PSHA1`);
    const secret = index.child(index.child(0, TRUST_13, 'Entropy'), TRUST_13, 'BinarySecret');
    assert.equal(index.attribute(secret, '', 'Type'), `${TRUST_13}/Nonce`);
    assert.equal(entropy?.length, keySize / 8);
    assert.deepEqual(Buffer.from(index.text(secret), 'base64'), entropy);
  }
  const [first, second] = [write('Issue', { keyType: 'Symmetric' }), write('Issue', { keyType: 'Symmetric' })];
  assert.notDeepEqual(first.entropy, second.entropy);
});

test('sends no entropy where the issuer is to make the key', () => {
  const { index, entropy } = write('Issue', { keyType: 'Symmetric', entropy: 'Issuer' });
  assert.equal(entropy, undefined);
  assert.equal(textAt(index, [TRUST_13, 'Entropy']), undefined);
  assert.equal(textAt(index, [TRUST_13, 'ComputedKeyAlgorithm']), undefined);
});

test('names the certificate that the token is for', () => {
  const { index } = write('Issue', { keyType: 'Public' }, { credential: credentialOf(pki.signer) });
  const path = [
    [TRUST_13, 'UseKey'],
    [DS, 'KeyInfo'],
    [DS, 'X509Data'],
    [DS, 'X509Certificate'],
  ] as const;
  assert.equal(textAt(index, ...path), pki.signer.certificate.base64);
  assert.equal(textAt(index, [TRUST_13, 'KeyType']), `${TRUST_13}/PublicKey`);
  assert.throws(() => write('Issue', { keyType: 'Public' }), NoCredentialError);
});

test('says where and how long the token is to be good', () => {
  const wanted = { appliesTo: 'https://backend/?a=1&b=<2>', lifetime: 90_500 };
  const scope = (index: XmlIndex, addressing: string) => [
    textAt(index, [POLICY, 'AppliesTo'], [addressing, 'EndpointReference'], [addressing, 'Address']),
    textAt(index, [TRUST_13, 'Lifetime'], [WSU, 'Created']),
    textAt(index, [TRUST_13, 'Lifetime'], [WSU, 'Expires']),
  ];
  const expected = ['https://backend/?a=1&b=<2>', '2026-11-21T10:00:00.123Z', '2026-11-21T10:01:30.623Z'];
  assert.deepEqual(scope(write('Issue', wanted).index, ADDRESSING), expected);
  assert.deepEqual(scope(write('Renew', wanted, { target: Buffer.from('<t/>') }).index, ADDRESSING), expected);
  const older = { ...wanted, addressing: { version: '2004/08', mustUnderstand: false } } as const;
  assert.deepEqual(scope(write('Issue', older).index, ADDRESSING_2004), expected);
});

test('asks for claims', () => {
  const claims = [
    { type: 'urn:a"&<', optional: true },
    { type: 'urn:b', optional: false, value: '<x> & "y"' },
  ];
  const { index } = write('Issue', { claims });
  const element = index.child(0, TRUST_13, 'Claims');
  assert.equal(index.attribute(element, '', 'Dialect'), IDENTITY);
  const [type, value] = index.children(element);
  assert.ok(index.is(type, IDENTITY, 'ClaimType') && index.is(value, IDENTITY, 'ClaimValue'));
  assert.equal(index.attribute(type, '', 'Uri'), 'urn:a"&<');
  assert.deepEqual(
    [type, value].map((claim) => index.attribute(claim, '', 'Optional')),
    ['true', 'false'],
  );
  assert.equal(index.text(index.child(value, IDENTITY, 'Value')), '<x> & "y"');
});

test('hands on the token of the caller, byte for byte', () => {
  const caller = Buffer.from(saml2());
  const behalf = write('Issue', { delegation: 'OnBehalfOf' }, { caller });
  assert.ok(behalf.body.includes(`<wst:OnBehalfOf>${saml2()}</wst:OnBehalfOf>`));
  const { index } = write('Issue', { version: '1.4', delegation: 'ActAs' }, { caller });
  const actAs = index.child(0, 'http://docs.oasis-open.org/ws-sx/ws-trust/200802', 'ActAs');
  assert.ok(index.is(index.firstChild(actAs), SAML2, 'Assertion'));
  assert.throws(() => write('Issue', { delegation: 'OnBehalfOf' }), NoCallerTokenError);
});

test('names the token to renew, validate or cancel', () => {
  const target = Buffer.from(saml2());
  for (const [operation, name] of [
    ['Renew', 'RenewTarget'],
    ['Validate', 'ValidateTarget'],
    ['Cancel', 'CancelTarget'],
  ] as const) {
    const { body, action, index, entropy } = write(
      operation,
      { keyType: 'Symmetric', delegation: 'ActAs' },
      { target },
    );
    assert.equal(action, `${TRUST_13}/RST/${operation}`);
    assert.equal(textAt(index, [TRUST_13, 'RequestType']), `${TRUST_13}/${operation}`);
    assert.ok(body.includes(`<wst:${name}>${saml2()}</wst:${name}>`));
    assert.equal(entropy, undefined);
    assert.throws(() => write(operation), TypeError);
  }
  const type = (operation: Operation) => textAt(write(operation, {}, { target }).index, [TRUST_13, 'TokenType']);
  assert.equal(type('Validate'), `${TRUST_13}/RSTR/Status`);
  assert.equal(type('Renew'), `${PROFILE_11}#SAMLV2.0`);
  assert.equal(type('Cancel'), undefined);
});

test('asks for a token that can be renewed, until it ends', () => {
  const renewing = ({ index }: Written) => {
    const element = index.child(0, TRUST_13, 'Renewing');
    return element === -1 ? [] : ['Allow', 'OK'].map((name) => index.attribute(element, '', name));
  };
  assert.deepEqual(renewing(write('Issue')), []);
  assert.deepEqual(renewing(write('Issue', { renew: true })), ['true', 'false']);
  assert.deepEqual(renewing(write('Renew', { renew: true }, { target: Buffer.from('<t/>') })), ['true', 'false']);
});

test('whatever the settings say stays text', () => {
  const text = fc.string({
    unit: fc.constantFrom('<', '>', '&', '"', "'", 'a', 'ü', ' ', ']]>', '\r', '\n'),
    maxLength: 20,
  });
  fc.assert(
    fc.property(text, text, text, (appliesTo, type, value) => {
      const claims = [{ type, optional: false, value }];
      const { index } = write('Issue', { appliesTo, tokenType: `urn:${value}`, claims });
      const claim = index.firstChild(index.child(0, TRUST_13, 'Claims'));
      assert.equal(index.attribute(claim, '', 'Uri'), type);
      assert.equal(index.text(index.firstChild(claim)), value);
      assert.equal(textAt(index, [TRUST_13, 'TokenType']), `urn:${value}`);
      const address = [POLICY, ADDRESSING, ADDRESSING].map(
        (namespace, depth) => [namespace, ['AppliesTo', 'EndpointReference', 'Address'][depth]] as const,
      );
      assert.equal(textAt(index, ...address), appliesTo);
    }),
  );
});
