/** What a cluster's components and clients authenticate with. */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface Credentials {
  /** Bearer token of the group system:masters. */
  readonly adminToken: string;
  readonly tokenFile: string;
  /** Signs and verifies the tokens of service accounts. */
  readonly serviceAccountKeyFile: string;
}

/** Makes the administrator's token and the key of the service accounts' tokens, as files in `folder`. */
export async function createCredentials(folder: string): Promise<Credentials> {
  const adminToken = randomBytes(24).toString('base64url');
  const tokenFile = join(folder, 'tokens.csv');
  const serviceAccountKeyFile = join(folder, 'service-accounts.pem');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(tokenFile, `${adminToken},admin,admin,"system:masters"\n`, { mode: 0o600 });
  await writeFile(serviceAccountKeyFile, privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  return { adminToken, tokenFile, serviceAccountKeyFile };
}

/** A kubeconfig with one context, as JSON (which is YAML). The serving certificate is verified against `caFile`. */
export function kubeconfig(options: {
  readonly server: string;
  readonly caFile: string;
  readonly token: string;
  readonly namespace: string;
}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'local', cluster: { server: options.server, 'certificate-authority': options.caFile } }],
    users: [{ name: 'user', user: { token: options.token } }],
    contexts: [{ name: 'local', context: { cluster: 'local', user: 'user', namespace: options.namespace } }],
    'current-context': 'local',
  });
}
