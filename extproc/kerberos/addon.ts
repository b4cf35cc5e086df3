/** The npm package `kerberos`, which not everyone has: it brings GSS-API of the machine to Node. */

import { createRequire } from 'node:module';

/** As much of the package as is used. */
export interface KerberosAddon {
  readonly GSS_MECH_OID_KRB5: number;
  initializeClient(
    service: string,
    options: { readonly principal?: string; readonly mechOID: number; readonly gssFlag: number },
  ): Promise<{ step(challenge: string): Promise<string> }>;
}

const require = createRequire(import.meta.url);

/** @throws Error when it is not installed, or libraries of Kerberos are missing */
export function loadKerberosAddon(): KerberosAddon {
  return require('kerberos') as KerberosAddon;
}

const HOW_TO_MEND =
  'run "npm install --no-save kerberos@7", and install libkrb5 (Debian: libkrb5-dev to build it, libgssapi-krb5-2 to run it)';

let problem: { readonly text: string | undefined } | undefined;

/** Why no tickets can be asked for here, and how to mend it; undefined when they can. */
export function kerberosAddonProblem(): string | undefined {
  problem ??= { text: findProblem() };
  return problem.text;
}

function findProblem(): string | undefined {
  try {
    loadKerberosAddon();
    return undefined;
  } catch {
    const what = isThere() ? 'cannot be loaded, because it was not built or libkrb5 is missing' : 'is not installed';
    return `needs the optional npm package kerberos, which ${what}; ${HOW_TO_MEND}`;
  }
}

function isThere(): boolean {
  try {
    require.resolve('kerberos');
    return true;
  } catch {
    return false;
  }
}
