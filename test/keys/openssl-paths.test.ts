/**
 * Certification paths, decided by OpenSSL's verifier and by ours: on generated chains, most of them with a fault, both
 * must come to the same verdict.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { TrustStore } from '../../extproc/keys/trust-store.ts';
import { WssError } from '../../extproc/wss/errors.ts';
import * as der from '../support/der-writer.ts';
import { extension, issue, type CertificateOptions, type Identity, type KeyUsageName } from '../support/pki.ts';
import { testKey } from '../support/test-keys.ts';

const DAY = 24 * 3600 * 1000;
const now = Date.now();
const directory = mkdtempSync(join(tmpdir(), 'waxseal-paths-'));
after(() => rmSync(directory, { recursive: true }));

type Fault = Partial<CertificateOptions>;

const sometimes = (weight: number, ...faults: readonly Fault[]): fc.Arbitrary<Fault> =>
  fc.oneof({ weight, arbitrary: fc.constant<Fault>({}) }, { weight: 1, arbitrary: fc.constantFrom(...faults) });

const merge = (faults: readonly Fault[]): Fault => faults.reduce((all, fault) => ({ ...all, ...fault }), {});
const usage = (...names: KeyUsageName[]): Fault => ({ keyUsage: names });
const common = fc
  .tuple(
    sometimes(12, { notAfter: now - DAY }, { notBefore: now + DAY }),
    sometimes(12, { extensions: [extension('1.2.3.4', der.nullValue(), true)] }),
    sometimes(5, { extensions: [extension('1.2.3.4', der.nullValue())] }, { subjectKeyIdentifier: false }),
    sometimes(15, { signingKey: testKey('ec256', 'forger') }, { signature: 'sha1' }),
  )
  .map((faults): Fault => merge(faults));
const authority = fc
  .tuple(
    common,
    fc.constantFrom(usage('keyCertSign', 'cRLSign'), usage('keyCertSign'), {}, usage('digitalSignature')),
    // OpenSSL takes a certificate without basicConstraints for an authority if its key usage says so; we do not.
    fc.constantFrom<Fault>(
      { ca: true },
      { ca: true },
      { ca: true },
      { ca: 0 },
      { ca: 1 },
      { ca: false, keyUsage: undefined },
    ),
  )
  .map((faults): Fault => merge(faults));
const leaf = common.map((faults): Fault => ({ keyUsage: ['digitalSignature'], ...faults }));

/** Signer first, root last. */
function build(faults: readonly Fault[]): Identity[] {
  const chain: Identity[] = [];
  for (const [depth, fault] of faults.entries()) {
    const issuer = chain[0];
    chain.unshift(
      issue({
        subject: `CN=depth ${depth}`,
        key: testKey('ec256', `depth-${depth}`),
        ...fault,
        ...(issuer === undefined ? { signature: 'sha256', signingKey: testKey('ec256', 'depth-0') } : { issuer }),
      }),
    );
  }
  return chain;
}

function ourVerdict(chain: readonly Identity[]): string {
  const certificates = chain.map(({ certificate }) => certificate);
  try {
    new TrustStore({ anchors: certificates.slice(-1) }).validate(certificates.slice(0, -1), now);
    return 'trusted';
  } catch (error) {
    assert.ok(error instanceof WssError, String(error));
    return error.message;
  }
}

function theirVerdict(chain: readonly Identity[]): string {
  const file = (name: string, identities: readonly Identity[]): string => {
    const path = join(directory, name);
    writeFileSync(path, identities.map(({ certificatePem }) => certificatePem).join(''));
    return path;
  };
  const between = chain.slice(1, -1);
  // Level 1 refuses SHA-1 and MD5, as we do.
  const args = ['verify', '-auth_level', '1', '-CAfile', file('root.pem', chain.slice(-1))];
  if (between.length > 0) args.push('-untrusted', file('between.pem', between));
  const { status, stderr } = spawnSync('openssl', [...args, file('signer.pem', chain.slice(0, 1))], {
    encoding: 'utf8',
  });
  return status === 0 ? 'trusted' : stderr;
}

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test('OpenSSL and we trust the same paths', { skip: hasOpenssl ? false : 'openssl is not installed' }, () => {
  const verdicts = { trusted: 0, refused: 0 };
  fc.assert(
    fc.property(fc.array(authority, { minLength: 1, maxLength: 3 }), leaf, (authorities, signer) => {
      const chain = build([...authorities, signer]);
      const [ours, theirs] = [ourVerdict(chain), theirVerdict(chain)];
      assert.equal(ours === 'trusted', theirs === 'trusted', `ours: ${ours}\ntheirs: ${theirs}`);
      verdicts[ours === 'trusted' ? 'trusted' : 'refused']++;
    }),
    { numRuns: 70 },
  );
  assert.ok(verdicts.trusted > 0 && verdicts.refused > 0, JSON.stringify(verdicts));
});
