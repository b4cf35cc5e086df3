/** Messages that carry an issued SAML assertion and are signed with its key are accepted by Apache WSS4J. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SignedXml } from 'xml-crypto';
import { DS, SOAP11, SOAP12, WSU } from '../../extproc/wss/namespaces.ts';
import { secure } from '../../extproc/wss/secure.ts';
import type { SecureSettings } from '../../extproc/wss/settings.ts';
import { BY_ID, BY_KEY_IDENTIFIER, SAML2, TOKEN_ID, tokenInUse } from '../support/issued-tokens.ts';
import {
  BODY,
  encryptionSettings,
  NOW,
  order,
  readMessage,
  secureContext,
  secureSettings,
  signatureSettings,
  TIMESTAMP,
  TIMESTAMP_SETTINGS,
  TOKEN,
} from '../support/securing.ts';
import { pki } from './keys.ts';
import { Wss4j, Wss4jError } from './wss4j.ts';

/** Signed by `recipient`, whom WSS4J trusts like all others, for the holder of `signer`'s key. */
function assertion(): string {
  const instant = new Date(NOW - 5_000).toISOString();
  const xml =
    `<saml2:Assertion xmlns:saml2="${SAML2}" ID="${TOKEN_ID}" IssueInstant="${instant}" Version="2.0"><saml2:Issuer>sts</saml2:Issuer>` +
    '<saml2:Subject><saml2:NameID>alice</saml2:NameID>' +
    '<saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"><saml2:SubjectConfirmationData>' +
    `<ds:KeyInfo xmlns:ds="${DS}"><ds:X509Data><ds:X509Certificate>${pki.signer.certificate.base64}</ds:X509Certificate>` +
    '</ds:X509Data></ds:KeyInfo></saml2:SubjectConfirmationData></saml2:SubjectConfirmation></saml2:Subject>' +
    `<saml2:Conditions NotBefore="${instant}" NotOnOrAfter="${new Date(NOW + 300_000).toISOString()}"/>` +
    '</saml2:Assertion>';
  const signer = new SignedXml({
    privateKey: pki.recipient.privateKeyPem,
    signatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    canonicalizationAlgorithm: 'http://www.w3.org/2001/10/xml-exc-c14n#',
    getKeyInfoContent: () =>
      `<ds:X509Data><ds:X509Certificate>${pki.recipient.certificate.base64}</ds:X509Certificate></ds:X509Data>`,
  });
  signer.addReference({
    xpath: `//*[local-name(.)='Assertion']`,
    transforms: ['http://www.w3.org/2000/09/xmldsig#enveloped-signature', 'http://www.w3.org/2001/10/xml-exc-c14n#'],
    digestAlgorithm: 'http://www.w3.org/2001/04/xmlenc#sha256',
  });
  const location = { reference: `//*[local-name(.)='Issuer']`, action: 'after' } as const;
  signer.computeSignature(xml, { prefix: 'ds', location });
  return signer.getSignedXml();
}

let wss4j: Wss4j;
before(async () => {
  wss4j = await Wss4j.start(pki);
});
after(() => wss4j.close());

async function secured(reference: typeof BY_ID, changes: Partial<SecureSettings>, soap = SOAP11): Promise<Buffer> {
  const settings = secureSettings({
    timestamp: TIMESTAMP_SETTINGS,
    securityToken: true,
    signature: signatureSettings({
      key: undefined,
      algorithm: undefined,
      keyIdentifier: 'SAMLAssertion',
      parts: [BODY, TIMESTAMP, TOKEN],
    }),
    ...changes,
  });
  const token = tokenInUse(pki.signer.key, assertion(), reference);
  return (await secure(readMessage(order(soap)), settings, { ...secureContext(), token })).bytes;
}

const encryption = encryptionSettings({ recipient: { certificate: pki.recipient.certificate, name: 'recipient' } });
for (const soap of [SOAP11, SOAP12]) {
  for (const reference of [BY_KEY_IDENTIFIER, BY_ID]) {
    for (const changes of [
      {},
      { encryption },
      { encryption, order: 'EncryptThenSign' },
    ] as const satisfies Partial<SecureSettings>[]) {
      const name = `${soap === SOAP11 ? '1.1' : '1.2'}, ${reference.form}, ${JSON.stringify(Object.keys(changes))}`;
      test(`Body, Timestamp and token are signed: SOAP ${name}`, async () => {
        const message = await secured(reference, changes, soap);
        const { fields } = await wss4j.call('verify', { engine: 'dom' }, message);
        assert.deepEqual(
          fields['signed'].split(';').sort(),
          [`{${WSU}}Timestamp`, `{${soap}}Body`, `{${SAML2}}Assertion`].sort(),
        );
        assert.ok(message.includes('>alice<'));
        const altered = Buffer.from(message.toString().replace('>alice<', '>malice<'));
        await assert.rejects(wss4j.call('verify', { engine: 'dom' }, altered), Wss4jError);
      });
    }
  }
}
