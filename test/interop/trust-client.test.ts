/** Our client of token services asks Apache CXF's, in every way that it can be asked. */

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { Registry } from 'prom-client';
import { readCertificates } from '../../extproc/keys/secret-keys.ts';
import { buildTrustStore } from '../../extproc/keys/trust-bundle.ts';
import type { TrustStore } from '../../extproc/keys/trust-store.ts';
import { TokenAnswerError, TokenServiceFaultError, TokenServiceStatusError } from '../../extproc/sts/errors.ts';
import type { HeldToken } from '../../extproc/sts/held-token.ts';
import type { TokenCredential, WsTrustSettings } from '../../extproc/sts/settings.ts';
import { TokenClient } from '../../extproc/sts/token-client.ts';
import { TokenMetrics } from '../../extproc/sts/token-metrics.ts';
import { ADDRESSING_DEFAULT } from '../../extproc/wss/settings.ts';
import { createPki, type Identity } from '../support/pki.ts';
import { keyCredential, tokenService, trustSource, userCredential } from '../support/token-services.ts';
import { AUDIENCE, CA_PEM, Cxf, IDENTITIES, USER, type Authentication, type SoapVersion } from './cxf.ts';
import { tokenMessage } from './token-message.ts';

const pki = createPki();
const CHAIN = pki.intermediate.certificatePem;
const USER_CREDENTIAL = userCredential(USER.name, USER.password);
const SIGNER = keyCredential(pki.signer, CHAIN);
const TEXT: Partial<WsTrustSettings> = { usernameToken: { passwordType: 'Text', nonce: false, created: false } };
const TIMESTAMP: Partial<WsTrustSettings> = { timestamp: { ttl: 300_000, precision: 'Milliseconds' } };
const DIGEST: Partial<WsTrustSettings> = {
  ...TIMESTAMP,
  usernameToken: { passwordType: 'Digest', nonce: true, created: true },
};
const X509: Partial<WsTrustSettings> = { ...TIMESTAMP, signature: { keyIdentifier: 'BinarySecurityToken' } };
const ADDRESSING: Partial<WsTrustSettings> = {
  addressing: {
    ...{ version: '1.0', mustUnderstand: true },
    ...{ action: ADDRESSING_DEFAULT, to: ADDRESSING_DEFAULT, messageId: ADDRESSING_DEFAULT },
  },
};

let cxf: Cxf;
before(async () => {
  cxf = await Cxf.start();
});
after(() => cxf.close());
const clients: TokenClient[] = [];
afterEach(async () => {
  await cxf.mend();
  for (const client of clients.splice(0)) await client.close();
});

function clientOf(how: Authentication, settings: Partial<WsTrustSettings>): TokenClient {
  const soapVersion = settings.soapVersion ?? '1.2';
  const source = trustSource({ url: cxf.tokenUrl(how, soapVersion), appliesTo: AUDIENCE, ...settings });
  const service = tokenService(source, { tls: { ca: CA_PEM }, connectionTimeout: 20_000 });
  const client = new TokenClient(service, { now: () => Date.now(), metrics: new TokenMetrics(new Registry()) });
  clients.push(client);
  return client;
}

const textOf = ({ token }: HeldToken): string => Buffer.from(token.bytes).toString();

function trusting(...identities: Identity[]): TrustStore {
  const certificates = identities.flatMap(({ certificatePem }) =>
    readCertificates({ kind: 'ConfigMap', name: 'sts', data: { 'ca.crt': Buffer.from(certificatePem) } }, ['ca.crt']),
  );
  return buildTrustStore([{ certificates, pin: true }]);
}

/** Sends the demanding service a message with the token. */
async function accepted(held: HeldToken, demand: 'bearer' | 'symmetric' | 'public', soap: SoapVersion): Promise<void> {
  const token = textOf(held);
  const issued = { token, id: / ID="([^"]+)"/.exec(token)?.[1] ?? '', secret: Buffer.from(held.token.secret ?? []) };
  const key = demand === 'public' ? pki.signer.key : demand === 'symmetric' ? issued.secret : undefined;
  const message = tokenMessage({ soap, issued, timestamp: demand !== 'bearer', ...(key && { key }) });
  const headers = { 'content-type': soap === '1.1' ? 'text/xml' : 'application/soap+xml' };
  const url = `http://127.0.0.1:${cxf.ports.orders}${cxf.orderPath(demand, soap)}`;
  const answer = await fetch(url, { method: 'POST', headers, body: message });
  assert.equal(answer.status, 200, await answer.text());
}

interface Way {
  readonly name: string;
  readonly how: Authentication;
  readonly settings: Partial<WsTrustSettings>;
  readonly credential: TokenCredential;
}

const WAYS: readonly Way[] = [
  { name: 'UsernameToken with Text', how: 'username-text', settings: TEXT, credential: USER_CREDENTIAL },
  { name: 'UsernameToken with Digest', how: 'username-digest', settings: DIGEST, credential: USER_CREDENTIAL },
  { name: 'a signature', how: 'x509', settings: X509, credential: SIGNER },
  { name: 'mutual TLS', how: 'mtls', settings: { mutualTls: true }, credential: SIGNER },
];

for (const { name, how, settings, credential } of WAYS) {
  for (const soapVersion of ['1.1', '1.2'] as const) {
    for (const addressed of [false, true]) {
      test(`issued for ${name}, SOAP ${soapVersion}${addressed ? ', with WS-Addressing' : ''}`, async () => {
        const client = clientOf(how, { ...settings, soapVersion, ...(addressed && ADDRESSING) });
        const before = Date.now();
        const held = await client.issue(credential, undefined);
        assert.match(textOf(held), /^<saml2:Assertion /);
        assert.ok(held.obtained >= before && held.obtained <= Date.now());
        const lifetime = held.expires - held.obtained;
        assert.ok(lifetime > 290_000 && lifetime <= 300_000, String(lifetime));
        await accepted(held, 'bearer', soapVersion);
      });
    }
  }
}

test('with a Timestamp of whole seconds', async () => {
  const client = clientOf('x509', { ...X509, timestamp: { ttl: 60_000, precision: 'Seconds' } });
  await client.issue(SIGNER, undefined);
});

test('WS-Trust 1.4', async () => {
  const held = await clientOf('username-text', { ...TEXT, version: '1.4' }).issue(USER_CREDENTIAL, undefined);
  await accepted(held, 'bearer', '1.2');
});

test('WS-Trust 2005-02', async () => {
  const settings = { ...TEXT, version: '2005-02' } as const;
  const bearer = clientOf('username-text-2005', settings);
  await accepted(await bearer.issue(USER_CREDENTIAL, undefined), 'bearer', '1.2');
  const symmetric = clientOf('username-text-2005', { ...settings, keyType: 'Symmetric' });
  await accepted(await symmetric.issue(USER_CREDENTIAL, undefined), 'symmetric', '1.2');
});

for (const entropy of ['Both', 'Requester', 'Issuer'] as const) {
  test(`a secret key, entropy ${entropy}`, async () => {
    const client = clientOf('username-text', { ...TEXT, keyType: 'Symmetric', entropy });
    const held = await client.issue(USER_CREDENTIAL, undefined);
    assert.equal(held.token.secret?.length, 32);
    assert.equal(held.token.reference?.form, 'KeyIdentifier');
    await accepted(held, 'symmetric', '1.2');
  });
}

test('a certificate that the token is for', async () => {
  const client = clientOf('x509', { ...X509, keyType: 'Public' });
  await accepted(await client.issue(SIGNER, undefined), 'public', '1.2');
});

test('a signature whose certificate stands in it', async () => {
  const signature = { keyIdentifier: 'X509Certificate' } as const;
  const client = clientOf('x509-encrypted', { ...TIMESTAMP, signature, trust: trusting(IDENTITIES.sts) });
  await client.issue(SIGNER, undefined);
});

test('a SAML 1.1 assertion', async () => {
  const held = await clientOf('username-text', { ...TEXT, tokenType: 'SAML1' }).issue(USER_CREDENTIAL, undefined);
  assert.match(textOf(held), /^<saml1:Assertion /);
});

test('the lifetime and the claims that were asked for', async () => {
  const claims = [{ type: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/role', optional: false }];
  const client = clientOf('username-text', { ...TEXT, lifetime: 600_000, claims });
  const held = await client.issue(USER_CREDENTIAL, undefined);
  assert.ok(Math.abs(held.expires - held.obtained - 600_000) < 10_000);
  assert.match(textOf(held), />buyer</);
});

for (const delegation of ['OnBehalfOf', 'ActAs'] as const) {
  test(`${delegation} a caller`, async () => {
    const client = clientOf('username-text', { ...TEXT, delegation, version: '1.4' });
    const caller = await clientOf('x509', X509).issue(SIGNER, undefined);
    const held = await client.issue(USER_CREDENTIAL, { bytes: caller.token.bytes, identity: 'caller' });
    assert.match(textOf(held), delegation === 'OnBehalfOf' ? />CN=signer/ : />warehouse-clerk</);
  });
}

test('an answer that is signed', async () => {
  const trusted = clientOf('x509-signed', { ...X509, trust: trusting(IDENTITIES.sts) });
  await accepted(await trusted.issue(SIGNER, undefined), 'bearer', '1.2');
  const other = clientOf('x509-signed', { ...X509, trust: trusting(IDENTITIES.service) });
  await assert.rejects(other.issue(SIGNER, undefined), TokenAnswerError);
  await assert.rejects(
    clientOf('x509-signed', X509).issue(SIGNER, undefined),
    TokenAnswerError,
    'nobody could check it',
  );
});

test('an answer that is not signed though it must be', async () => {
  const client = clientOf('username-text', { ...TEXT, trust: trusting(IDENTITIES.sts) });
  await assert.rejects(client.issue(USER_CREDENTIAL, undefined), TokenAnswerError);
});

test('an answer that is encrypted', async () => {
  const client = clientOf('x509-encrypted', { ...X509, trust: trusting(IDENTITIES.sts) });
  await accepted(await client.issue(SIGNER, undefined), 'bearer', '1.2');
});

for (const soapVersion of ['1.1', '1.2'] as const) {
  test(`Renew, Validate, Cancel, SOAP ${soapVersion}`, async () => {
    const client = clientOf('username-text', { ...TEXT, soapVersion, renew: true, keyType: 'Symmetric' });
    const held = await client.issue(USER_CREDENTIAL, undefined);
    assert.equal(await client.validate(held, USER_CREDENTIAL), true);
    const renewed = await client.renew(held, USER_CREDENTIAL, undefined);
    assert.notEqual(textOf(renewed), textOf(held));
    assert.ok(renewed.expires > Date.now() + 200_000);
    await accepted(renewed, 'symmetric', soapVersion);
    await client.cancel(renewed, USER_CREDENTIAL);
    assert.equal(await client.validate(renewed, USER_CREDENTIAL), false);
  });
}

for (const soapVersion of ['1.1', '1.2'] as const) {
  test(`Faults, SOAP ${soapVersion}`, async () => {
    const client = clientOf('username-text', { ...TEXT, soapVersion });
    const faultOf = async (credential: TokenCredential): Promise<string> => {
      const error: unknown = await client.issue(credential, undefined).catch((error: unknown) => error);
      assert.ok(error instanceof TokenServiceFaultError, String(error));
      assert.doesNotMatch(error.message, /warehouse|sesame|127\.0\.0\.1/);
      return error.fault;
    };
    const wrong = await faultOf(userCredential(USER.name, 'sesame'));
    assert.ok(['FailedAuthentication', 'Other'].includes(wrong), wrong);
    await cxf.failWith('Issue', 'RequestFailed');
    assert.equal(await faultOf(USER_CREDENTIAL), 'RequestFailed');
    await cxf.failWithStatus(503);
    await assert.rejects(client.issue(USER_CREDENTIAL, undefined), TokenServiceStatusError);
  });
}

test('a certificate that TLS does not show', async () => {
  await assert.rejects(clientOf('mtls', {}).issue(SIGNER, undefined), TokenServiceFaultError);
});
