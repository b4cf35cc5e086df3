import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPki, revocationListBytes } from '../../../test/support/pki.ts';
import { CertificateRevokedError, RevocationUnknownError } from '../../wss/errors.ts';
import { RevocationList } from '../revocation-list.ts';
import { TrustStore, type TrustStoreOptions } from '../trust-store.ts';
import { questionKey, RevocationNeededError, type OcspSettings, type OcspStatus } from './status.ts';

const pki = createPki();
const now = Date.now();
const chain = [pki.signer.certificate, pki.intermediate.certificate];
const settings: OcspSettings = { responders: [], nonce: false, onUnavailable: 'Refuse', timeout: 1, clockSkew: 0 };
const store = (options: Partial<TrustStoreOptions> = {}): TrustStore =>
  new TrustStore({ anchors: [pki.ca.certificate], ocsp: settings, ...options });
const list = (revoked: readonly string[] = [], nextUpdate?: number): RevocationList[] =>
  [pki.intermediate, pki.ca].map((issuer) =>
    RevocationList.fromDer(revocationListBytes({ issuer, revoked, ...(nextUpdate !== undefined && { nextUpdate }) })),
  );
const SIGNER = questionKey(pki.signer.certificate, pki.intermediate.certificate);
const INTERMEDIATE = questionKey(pki.intermediate.certificate, pki.ca.certificate);
const said = (status: OcspStatus['status'], intermediate: OcspStatus['status'] = 'good'): Map<string, OcspStatus> =>
  new Map([
    [SIGNER, { status, until: now + 1000, reason: 'nobody there' }],
    [INTERMEDIATE, { status: intermediate, until: now + 2000 }],
  ]);

test('every certificate below the anchor is asked about, at once, and only on a path that is good otherwise', () => {
  assert.throws(
    () => store().validate(chain, now),
    (error) => {
      assert.ok(error instanceof RevocationNeededError);
      assert.deepEqual(
        error.questions.map(({ key }) => key),
        [SIGNER, INTERMEDIATE],
      );
      return true;
    },
  );
  assert.throws(
    () => store().validate([pki.untrusted.certificate], now),
    (error) => !(error instanceof RevocationNeededError),
  );
});

test('good is taken until the first answer ends', () => {
  const trust = store();
  trust.validate(chain, now, said('good'));
  trust.validate(chain, now + 999);
  assert.throws(() => trust.validate(chain, now + 1000), RevocationNeededError);
});

test('revoked and unknown are refused, of the signer and of the authority above it', () => {
  assert.throws(() => store().validate(chain, now, said('revoked')), CertificateRevokedError);
  assert.throws(() => store().validate(chain, now, said('good', 'revoked')), CertificateRevokedError);
  assert.throws(() => store().validate(chain, now, said('unknown')), RevocationUnknownError);
  const allowing = store({ ocsp: { ...settings, onUnavailable: 'Allow' } });
  assert.throws(() => allowing.validate(chain, now, said('unknown')), RevocationUnknownError);
  assert.throws(() => allowing.validate(chain, now, said('revoked')), CertificateRevokedError);
});

test('where nobody can be asked, the policy decides', () => {
  assert.throws(() => store().validate(chain, now, said('unavailable')), /not known: nobody there/);
  store({ ocsp: { ...settings, onUnavailable: 'Allow' } }).validate(chain, now, said('unavailable'));
});

test('beside lists: either revokes, the responder goes first, the lists stand in for it', () => {
  const { serialNumber } = pki.signer.certificate;
  assert.throws(() => store({ crls: list([serialNumber]) }).validate(chain, now), CertificateRevokedError);
  assert.throws(
    () => store({ crls: list([serialNumber]) }).validate(chain, now, said('good')),
    CertificateRevokedError,
  );
  assert.throws(() => store({ crls: list() }).validate(chain, now, said('revoked')), CertificateRevokedError);
  assert.throws(() => store({ crls: list() }).validate(chain, now), RevocationNeededError);
  store({ crls: list() }).validate(chain, now, said('unavailable'));
  store({ crls: list([], now - 1) }).validate(chain, now, said('good'));
  assert.throws(
    () => store({ crls: list([], now - 1) }).validate(chain, now, said('unavailable')),
    RevocationUnknownError,
  );
});
