/**
 * A message that gets an issued token on its way is accepted by a service that demands one, Apache CXF's, which would refuse
 * it otherwise (test/interop/cxf.test.ts): for every way to prove who we are to the token service, and every kind of key.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { SOAP11, SOAP12, WSSE } from '../../examples/demo/names.ts';
import { protectMessage } from '../../examples/demo/protect-message.ts';
import { Cxf, USER, type Demand, type SoapVersion } from '../interop/cxf.ts';
import { createPki } from '../support/pki.ts';
import { content, envelope, secret } from './support/fixture.ts';
import { SOAP11_HEADERS, SOAP12_HEADERS, send } from './support/http.ts';
import { OBJECTS, tokenPolicy, tokenService, type KeyType, type ServiceOptions } from './support/token-fixture.ts';
import { TokenFleet } from './support/token-fleet.ts';

const PASSWORD_TEXT = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText';
const BY_KEY = 'CN=signer,O=Waxseal,C=DE';
const TRUST = [{ kind: 'ConfigMap', name: 'sts-ca' }];
const ANSWERS_SIGNED = { verify: { trustRefs: TRUST } };
const VERIFY_CALLER = { usernameToken: { usersRef: { name: 'users' }, passwordTypes: ['Text'] } };

const MESSAGES = { nobody: plain, user: ofUser, certificate: ofCertificate };

interface Case extends Omit<ServiceOptions, 'cxf'> {
  readonly verify?: object;
  /** What the sender of the message proves who he is with. */
  readonly caller?: keyof typeof MESSAGES;
  /** Whom the token names. */
  readonly subject: string;
}

const CASES: Readonly<Record<string, Case>> = {
  'username-text': { subject: USER.name },
  'username-text-soap11': { soap: '1.1', subject: USER.name },
  'username-digest': { authentication: 'username-digest', subject: USER.name },
  'username-digest-soap11': { authentication: 'username-digest', soap: '1.1', subject: USER.name },
  x509: { authentication: 'x509', subject: BY_KEY },
  'x509-signed': { authentication: 'x509-signed', wsTrust: ANSWERS_SIGNED, subject: BY_KEY },
  'x509-encrypted': { authentication: 'x509-encrypted', wsTrust: ANSWERS_SIGNED, subject: BY_KEY },
  'x509-encrypted-soap11': {
    ...{ authentication: 'x509-encrypted', soap: '1.1', wsTrust: ANSWERS_SIGNED, subject: BY_KEY },
  },
  mtls: { authentication: 'mtls', subject: BY_KEY },
  'trust-2005': { authentication: 'username-text-2005', wsTrust: { version: '2005-02' }, subject: USER.name },
  'trust-14': { wsTrust: { version: '1.4' }, subject: USER.name },
  saml1: { wsTrust: { tokenType: 'SAML1' }, subject: USER.name },
  claims: {
    wsTrust: { claims: [{ type: 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/role' }] },
    subject: USER.name,
  },
  addressing: {
    wsTrust: { addressing: { action: 'Default', to: 'Default', messageId: 'Default', mustUnderstand: true } },
    subject: USER.name,
  },
  'addressing-2004': {
    wsTrust: { addressing: { version: '2004/08', action: 'Default', to: 'Default', messageId: 'Default' } },
    subject: USER.name,
  },
  'on-behalf-of': {
    ...{ authentication: 'x509', wsTrust: { onBehalfOf: 'VerifiedToken' }, verify: VERIFY_CALLER },
    ...{ caller: 'user', subject: USER.name },
  },
  'on-behalf-of-certificate': {
    ...{ wsTrust: { onBehalfOf: 'VerifiedToken' }, verify: { signature: { trustRefs: TRUST }, timestamp: {} } },
    ...{ caller: 'certificate', subject: 'CN=recipient,O=Waxseal,C=DE' },
  },
  'act-as': {
    ...{ authentication: 'x509', wsTrust: { version: '1.4', actAs: 'VerifiedToken' }, verify: VERIFY_CALLER },
    ...{ caller: 'user', subject: BY_KEY },
  },
  symmetric: { keyType: 'Symmetric', subject: USER.name },
  'symmetric-digest': { authentication: 'username-digest', keyType: 'Symmetric', subject: USER.name },
  'symmetric-requester': { keyType: 'Symmetric', wsTrust: { entropy: 'Requester' }, subject: USER.name },
  'symmetric-issuer': { keyType: 'Symmetric', wsTrust: { entropy: 'Issuer' }, subject: USER.name },
  'symmetric-2005': {
    ...{ authentication: 'username-text-2005', keyType: 'Symmetric', wsTrust: { version: '2005-02' } },
    subject: USER.name,
  },
  'symmetric-saml1': { keyType: 'Symmetric', wsTrust: { tokenType: 'SAML1' }, subject: USER.name },
  'symmetric-x509-encrypted': {
    ...{ authentication: 'x509-encrypted', keyType: 'Symmetric', wsTrust: ANSWERS_SIGNED, subject: BY_KEY },
  },
  public: { keyType: 'Public', subject: USER.name },
  'public-x509': { authentication: 'x509', keyType: 'Public', subject: BY_KEY },
  'public-mtls': { authentication: 'mtls', keyType: 'Public', subject: BY_KEY },
};
const DEMANDS: Readonly<Record<KeyType, Demand>> = { Bearer: 'bearer', Symmetric: 'symmetric', Public: 'public' };

describe('tokens are accepted', () => {
  let cxf: Cxf;
  let fleet: TokenFleet;
  before(async () => {
    cxf = await Cxf.start({ debug: process.env['CXFDEBUG'] === '1' });
    const entries = Object.entries(CASES);
    fleet = await TokenFleet.start({ policies: Object.keys(CASES), backendPort: cxf.ports.orders }, () => [
      ...OBJECTS,
      secret('users', { [USER.name]: USER.password }),
      ...entries.map(([name, options]) => tokenService(name, { cxf, ...options })),
      ...entries.map(([name, { keyType, verify }]) => tokenPolicy(name, keyType, { ...(verify && { verify }) })),
    ]);
  });
  after(async () => {
    await fleet.stop();
    await cxf.close();
  });

  for (const [name, { keyType = 'Bearer', caller = 'nobody', subject }] of Object.entries(CASES)) {
    for (const soap of ['1.1', '1.2'] as const) {
      test(`${name}: a SOAP ${soap} message`, async () => {
        const url = fleet.url(name, cxf.orderPath(DEMANDS[keyType], soap));
        const headers = soap === '1.1' ? SOAP11_HEADERS : SOAP12_HEADERS;
        const answer = await send(url, await MESSAGES[caller](soap), { headers });
        assert.equal(answer.status, 200, `${answer.text}\n${fleet.log()}`);
        assert.match(answer.text, new RegExp(`Receipt[^>]*>${subject}<`));
      });
    }
  }

  test('each token was asked for once, and the token service was content each time', async () => {
    const { asked, Issue } = await cxf.counts();
    assert.deepEqual({ asked, Issue }, { asked: Object.keys(CASES).length, Issue: Object.keys(CASES).length });
  });
});

function plain(soap: SoapVersion): string {
  return envelope(content(300), soap === '1.1' ? SOAP11 : SOAP12);
}

function ofUser(soap: SoapVersion): string {
  const password = USER.password.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
  const token =
    `<w:UsernameToken><w:Username>${USER.name}</w:Username>` +
    `<w:Password Type="${PASSWORD_TEXT}">${password}</w:Password></w:UsernameToken>`;
  const header = `<soap:Header><w:Security xmlns:w="${WSSE}">${token}</w:Security></soap:Header>`;
  return plain(soap).replace('<soap:Body>', `${header}<soap:Body>`);
}

function ofCertificate(soap: SoapVersion): Promise<string> {
  const { certificatePem, privateKeyPem } = createPki().recipient;
  return protectMessage(soap === '1.1' ? SOAP11 : SOAP12, content(300), {
    certificate: certificatePem,
    key: privateKeyPem,
  });
}
