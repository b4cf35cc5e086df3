/** Certificates between operator and data plane, for tests: one authority for all of a file. */

import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { issueAuthority, issueLeaf, type KeyPair, type Role } from '../../../operator/delivery/issue.ts';
import type { TlsMaterial } from '../../../proto/roles.ts';

const DAY = 86_400_000;

export const newAuthority = (): Promise<KeyPair> => issueAuthority(Date.now());

/** @param age days since it was issued; it is valid for 90 */
export async function material(authority: KeyPair, role: Role, age = 0, trusted = [authority]): Promise<TlsMaterial> {
  const { certificate, key } = await issueLeaf(authority, role, Date.now() - age * DAY);
  return { certificate, key, ca: trusted.map(({ certificate }) => certificate).join('') };
}

export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
  readonly ca: string;
}

/** Files as a mounted Secret has them. */
export async function tlsFiles(t: TestContext, first: TlsMaterial) {
  const folder = await mkdtemp(path.join(tmpdir(), 'tls-'));
  t.after(() => rm(folder, { recursive: true }));
  const files: TlsFiles = {
    certificate: path.join(folder, 'tls.crt'),
    key: path.join(folder, 'tls.key'),
    ca: path.join(folder, 'ca.crt'),
  };
  const write = async (next: TlsMaterial): Promise<void> => {
    for (const name of ['certificate', 'key', 'ca'] as const) {
      await writeFile(`${files[name]}.next`, next[name], { mode: 0o600 });
      await rename(`${files[name]}.next`, files[name]);
    }
  };
  await write(first);
  return { files, write };
}
