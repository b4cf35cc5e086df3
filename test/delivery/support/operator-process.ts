/** An operator that serves what a file says, in a process of its own: `operator-process.ts FILE PORT`. */

import { readFileSync } from 'node:fs';
import { Registry } from 'prom-client';
import { createLogger } from '../../../extproc/observe/log.ts';
import { BundleServer } from '../../../operator/delivery/bundle-server.ts';
import type { ResolvedPolicy } from '../../../policy/bundle.ts';
import type { Role } from '../../../proto/bundle-service.ts';
import type { TlsMaterial } from '../../../proto/roles.ts';

export interface OperatorFile {
  readonly certificates: TlsMaterial;
  readonly role: Role;
  readonly policies: readonly (readonly [string, ResolvedPolicy])[];
}

const [file = '', port = ''] = process.argv.slice(2);
const { certificates, role, policies } = JSON.parse(readFileSync(file, 'utf8')) as OperatorFile;
const server = new BundleServer({
  ...{ listen: `127.0.0.1:${port}`, certificates, logger: createLogger('info'), registry: new Registry() },
});
server.setRole(role);
server.publish(new Map(policies));
console.log(await server.start());
