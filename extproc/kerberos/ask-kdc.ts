/**
 * A process of its own that has GSS-API get one ticket: libkrb5 takes its settings from the environment, and blocks. Its
 * arguments are `service@host` and the client's principal, which may be empty; its environment names credential cache, keytab
 * and configuration. The ticket is left in the cache. What the library says is written to stderr.
 */

import { loadKerberosAddon } from './addon.ts';

const [service, principal = ''] = process.argv.slice(2);
try {
  const addon = loadKerberosAddon();
  const options = { mechOID: addon.GSS_MECH_OID_KRB5, gssFlag: 0, ...(principal !== '' && { principal }) };
  const client = await addon.initializeClient(service, options);
  await client.step('');
} catch (error) {
  process.stderr.write(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
