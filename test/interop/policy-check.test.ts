/** WSS4J's own model of WS-SecurityPolicy understands what `waxseal convert --to ws-securitypolicy` prints. */

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { printSecurityPolicy } from '../../policy/convert/partner/print.ts';
import { parseManifests } from '../../policy/load.ts';

const root = path.join(import.meta.dirname, '../..');
const testdata = path.join(root, 'policy/convert/testdata');
const run = promisify(execFile);
let folder: string;
before(async () => void (folder = await mkdtemp(path.join(tmpdir(), 'waxseal-policies-'))));
after(() => rm(folder, { recursive: true }));

/** By file of testdata: what the binding must be to WSS4J, to whom the suites of CXF are no concern. */
const POLICIES: Readonly<Record<string, readonly [name: string, side: 'client' | 'service', binding: string]>> = {
  'cxf-asymmetric.client': [
    'cxf-asymmetric',
    'client',
    'AsymmetricBinding[-,Strict,timestamp,SignBeforeEncrypting,EncryptSignature,ProtectTokens,X509Token:INCLUDE_TOKEN_ALWAYS_TO_RECIPIENT,X509Token:INCLUDE_TOKEN_NEVER]',
  ],
  'cxf-asymmetric.service': [
    'cxf-asymmetric',
    'service',
    'AsymmetricBinding[-,Strict,timestamp,SignBeforeEncrypting,EncryptSignature,ProtectTokens,X509Token:INCLUDE_TOKEN_ALWAYS_TO_RECIPIENT,X509Token:INCLUDE_TOKEN_NEVER]',
  ],
  'rampart-alternatives.client': [
    'rampart-alternatives',
    'client',
    'AsymmetricBinding[Basic256Rsa15,LaxTsFirst,timestamp,SignBeforeEncrypting,X509Token:INCLUDE_TOKEN_ALWAYS_TO_RECIPIENT,X509Token:INCLUDE_TOKEN_NEVER]',
  ],
  'owsm-operations.service': [
    'owsm-operations-transfer-money',
    'service',
    'AsymmetricBinding[Basic128,Lax,timestamp,EncryptBeforeSigning,X509Token:INCLUDE_TOKEN_ALWAYS_TO_RECIPIENT,X509Token:INCLUDE_TOKEN_ALWAYS_TO_INITIATOR]',
  ],
  'metro-issued-token.client': [
    'metro-issued-token',
    'client',
    'AsymmetricBinding[Basic256Sha256,Lax,timestamp,SignBeforeEncrypting,IssuedToken:INCLUDE_TOKEN_ALWAYS_TO_RECIPIENT,X509Token:INCLUDE_TOKEN_NEVER]',
  ],
  'wcf-transport-credential.client': [
    'wcf-transport-credential',
    'client',
    'TransportBinding[Basic256,Strict,timestamp]',
  ],
};

test('every assertion is one that WSS4J knows, and means what the policy says', async () => {
  for (const [file, [name, side]] of Object.entries(POLICIES)) {
    const { manifests } = parseManifests(await readFile(path.join(testdata, `${file}.yaml`), 'utf8'));
    await writeFile(path.join(folder, `${file}.wsdl`), printSecurityPolicy(manifests, `shop/${name}`, side).xml);
  }
  const { stdout } = await run(path.join(root, 'scripts/setup-java'));
  const files = Object.keys(POLICIES).map((file) => path.join(folder, `${file}.wsdl`));
  const result = await run('java', ['-cp', stdout.trim().split('\n').at(-1) ?? '', 'PolicyCheck', ...files]);
  const lines = new Map(
    result.stdout
      .trim()
      .split('\n')
      .map((line) => [line.split(' ', 2).join(' '), line.split(' ').slice(2).join(' ')]),
  );
  const known =
    /^(\w+Binding|Wss11|Trust13|SignedParts|EncryptedParts|ContentEncryptedElements|RequiredParts|\w*SupportingTokens)(\[|$)/;
  for (const [place, line] of lines) {
    // WS-Addressing has a model of its own.
    const unknown = line
      .split(' ')
      .filter((each) => !known.test(each) && each !== 'PolicyContainingPrimitiveAssertion');
    assert.deepEqual(unknown, [], place);
    assert.ok(
      line.split(' ').filter((each) => each === 'PolicyContainingPrimitiveAssertion').length <=
        (place.endsWith(' binding') ? 1 : 0),
      place,
    );
  }
  for (const [file, [, , binding]] of Object.entries(POLICIES)) {
    assert.equal(
      lines
        .get(`${file}.wsdl binding`)
        ?.split(' ')
        .find((each) => each.includes('Binding[')),
      binding,
    );
  }
});
