/** What happens without the optional package, which the resolver of this process looks for in folders of the tests. */

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { binarySecret, Gateway, kerberosPolicies } from '../../test/support/kerberos-exchange.ts';
import { soapMessage } from '../../test/support/policies.ts';
import type * as Addon from './addon.ts';
import { writeCredentialCache } from './credential-cache.ts';

const installed = path.dirname(createRequire(import.meta.url).resolve('kerberos/package.json'));
const folder = mkdtempSync(path.join(tmpdir(), 'waxseal-addon-'));
let found = path.join(folder, 'nothing');
const hooks = registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'kerberos' ? found : specifier, context),
});
after(() => {
  hooks.deregister();
  rmSync(folder, { recursive: true });
});

const SERVICE = 'HTTP/backend.waxseal.test@WAXSEAL.TEST';
const CACHE = writeCredentialCache({
  client: { realm: 'WAXSEAL.TEST', components: ['gateway'] },
  service: { realm: 'WAXSEAL.TEST', components: ['krbtgt', 'WAXSEAL.TEST'] },
  sessionKey: { encryptionType: 18, octets: Buffer.alloc(32, 1) },
  end: Date.now() + 3_600_000,
  ticket: Buffer.alloc(100, 2),
});

test('without the package a policy that sends tickets says what to install, and refuses its messages', async () => {
  const kerberos = { servicePrincipal: SERVICE, credentialCacheRef: { name: 'cache' } };
  const { policies, problems } = kerberosPolicies(
    {
      send: { request: { secure: { timestamp: {}, kerberos, signature: { keyIdentifier: 'KerberosSHA1' } } } },
      other: { request: { secure: { timestamp: {} } } },
    },
    [binarySecret('cache', { ccache: CACHE })],
  );
  const errors = problems.filter(({ severity }) => severity === 'error');
  assert.deepEqual(
    errors.map(({ field }) => field),
    ['spec.request.secure.kerberos'],
  );
  assert.match(errors[0].message, /optional npm package kerberos, which is not installed; run "npm install .*libkrb5/);
  const gateway = new Gateway(policies);
  for (let message = 0; message < 2; message++) {
    const outcome = await gateway.request('send', soapMessage());
    assert.ok(outcome.kind === 'refuse' && outcome.code === 'ERR_POLICY_BROKEN', JSON.stringify(outcome));
  }
  await gateway.send('other', soapMessage());
});

test('a package that was not built is told from one that is not there', async () => {
  found = path.join(folder, 'kerberos');
  for (const part of ['package.json', 'lib'])
    cpSync(path.join(installed, part), path.join(found, part), { recursive: true });
  const again = './addon.ts?unbuilt';
  const { kerberosAddonProblem } = (await import(again)) as typeof Addon;
  assert.match(kerberosAddonProblem() ?? '', /cannot be loaded, because it was not built or libkrb5 is missing; run/);
});
