/** A ticket for a service, from the KDC. */

import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { TokenBudgetError } from '../sts/errors.ts';
import type { HeldToken } from '../sts/held-token.ts';
import { hold, type Question } from '../sts/question.ts';
import { encryptionType } from '../wss/kerberos/encryption-type.ts';
import { formatPrincipal, isSamePrincipal } from '../wss/kerberos/principal.ts';
import { readCredentialCache, writeCredentialCache } from './credential-cache.ts';
import { KerberosTicketError, ticketReasonOf } from './errors.ts';
import type { KerberosSettings } from './settings.ts';

const ASK_KDC = fileURLToPath(new URL('./ask-kdc.ts', import.meta.url));
const MEMORY_FOLDER = '/dev/shm';
const MAX_OUTPUT_BYTES = 65_536;

/**
 * Gets a ticket with the keytab or the credential cache of the settings. Both are on disk only for as long as that takes,
 * in memory where the machine can, and readable for nobody else.
 *
 * @returns a token whose bytes are a credential cache with that ticket alone
 * @throws {KerberosTicketError} when there is none
 * @throws {TokenBudgetError} when the signal aborts
 */
export async function issueTicket(settings: KerberosSettings, question: Question): Promise<HeldToken> {
  const obtained = question.now();
  const folder = await mkdtemp(path.join(await privateFolder(), 'waxseal-krb5-'));
  try {
    await askKdc(settings, question, folder);
    const credentials = readCredentialCache(await readFile(path.join(folder, 'cache')));
    const credential = credentials.find(({ service }) => isSamePrincipal(service, settings.service));
    if (credential === undefined) throw new KerberosTicketError('Other');
    if (encryptionType(credential.sessionKey.encryptionType) === undefined)
      throw new KerberosTicketError('EncryptionType');
    return hold({ bytes: writeCredentialCache(credential) }, obtained, { expires: credential.end }, question);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function privateFolder(): Promise<string> {
  try {
    await access(MEMORY_FOLDER, constants.W_OK);
    return MEMORY_FOLDER;
  } catch {
    return tmpdir();
  }
}

async function askKdc(settings: KerberosSettings, { signal, timeout }: Question, folder: string): Promise<void> {
  const { service, client, keytab, credentialCache } = settings;
  const [name, host] = service.components;
  const file = (name: string) => path.join(folder, name);
  const write = (name: string, octets: Uint8Array | string) => writeFile(file(name), octets, { mode: 0o600 });
  await write('krb5.conf', configuration(settings));
  if (keytab !== undefined) await write('keytab', keytab);
  if (credentialCache !== undefined) await write('cache', credentialCache);
  const env = {
    // The first file that says something counts.
    KRB5_CONFIG: `${file('krb5.conf')}:${process.env.KRB5_CONFIG ?? '/etc/krb5.conf'}`,
    KRB5CCNAME: `FILE:${file('cache')}`,
    KRB5_CLIENT_KTNAME: `FILE:${file('keytab')}`,
    // Where the package and its libraries are.
    ...(process.env.NODE_PATH !== undefined && { NODE_PATH: process.env.NODE_PATH }),
    ...(process.env.LD_LIBRARY_PATH !== undefined && { LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH }),
  };
  const args = [ASK_KDC, `${name}@${host}`, client === undefined ? '' : formatPrincipal(client)];
  const options = { env, signal, timeout, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT_BYTES } as const;
  await new Promise<void>((resolve, reject) => {
    execFile(process.execPath, args, options, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else if (signal.aborted) reject(new TokenBudgetError('nobody waits for the ticket any more'));
      else reject(new KerberosTicketError(error.killed === true ? 'Timeout' : ticketReasonOf(stderr)));
    });
  });
}

/** What must hold whatever the machine's own configuration says: names are as the policy writes them, and no RC4. */
function configuration({ service, client }: KerberosSettings): string {
  const [, host] = service.components;
  const realm = (client ?? service).realm;
  return `[libdefaults]
  default_realm = ${realm}
  dns_canonicalize_hostname = false
  rdns = false
  permitted_enctypes = aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128 aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96
[domain_realm]
  ${host.toLowerCase()} = ${service.realm}
`;
}
