/** Assertions whose holder has not signed the message, but the signature of it (WS-SecurityPolicy 1.3 §8.3). */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  check,
  envelope,
  pki,
  reference,
  refusal,
  seal,
  security,
  signature,
  signatureSettings,
  timestamp,
  token,
} from '../../../test/attacks/forge.ts';
import {
  assertion2,
  holderCertificate,
  holderData,
  holderSettings,
  issueAssertion,
  samlReference,
} from '../../../test/attacks/forge-saml.ts';

/** Sent by `signer`, for the holder of the key of `recipient`. */
const ASSERTION = issueAssertion(
  assertion2({ method: 'holder-of-key', data: holderData(holderCertificate(pki.recipient)) }),
);
const endorsing = { ...signatureSettings({ trust: undefined, requiredParts: [] }), signed: false };
const using = holderSettings({ signature: signatureSettings(), endorsing });

/** A message that `signer` has signed, and over `target` another signature. */
function endorsed(target: string, key = pki.recipient.key, keyInfo = samlReference()): string {
  const signed = seal(envelope(security(ASSERTION + token(pki.signer) + timestamp() + signature())), pki.signer.key);
  const over = signature({ references: reference(target), keyInfo }).replace('"SIG-1"', '"SIG-2"');
  return seal(
    signed.replace('</wsse:Security>', () => `${over}</wsse:Security>`),
    key,
  );
}

test('the holder of the key has signed the signature of the message', () => {
  const { identity } = check(endorsed('SIG-1'), using);
  assert.equal(identity.saml?.confirmation, 'HolderOfKey');
  assert.equal(identity.certificate?.subject, pki.signer.certificate.subject);
});

test('nobody has signed the signature, or not it', () => {
  const alone = seal(envelope(security(ASSERTION + token(pki.signer) + timestamp() + signature())), pki.signer.key);
  assert.equal(refusal(alone, using), 'ERR_WSS_ENDORSEMENT_MISSING');
  assert.equal(refusal(alone, { ...using, endorsing: undefined }), 'ERR_WSS_SAML_CONFIRMATION');
  assert.equal(refusal(endorsed('TS-1'), using), 'ERR_WSS_ENDORSEMENT_MISSING');
});

test('the holder of the key has signed something else, and somebody else the signature', () => {
  assert.equal(refusal(endorsed('SIG-1', pki.signer.key), using), 'ERR_WSS_SIGNATURE_INVALID');
  const trusting = { ...using, endorsing: { ...signatureSettings({ requiredParts: [] }), signed: false } };
  assert.equal(refusal(endorsed('SIG-1'), trusting), 'accepted');
  const other = endorsed('SIG-1', pki.signer.key, holderCertificate(pki.signer));
  assert.equal(refusal(other, trusting), 'ERR_WSS_SAML_CONFIRMATION');
  // Without endorsing, a signature over another one is one of the message like any other.
  assert.equal(refusal(endorsed('SIG-1'), { ...using, endorsing: undefined }), 'accepted');
  assert.equal(refusal(endorsed('TS-1'), { ...using, endorsing: undefined }), 'ERR_WSS_SAML_CONFIRMATION');
});
