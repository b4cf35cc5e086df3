/** Keeps the operator's end of the connection to the data plane in valid certificates. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../extproc/observe/log.ts';
import type { TlsMaterial } from '../../proto/roles.ts';
import type { KubernetesObject } from '../../policy/kubernetes.ts';
import type { Cluster } from '../kubernetes/client.ts';
import { NotFoundError } from '../kubernetes/errors.ts';
import { SECRETS } from '../kubernetes/resources.ts';
import {
  certificateSecrets,
  ensureCertificates,
  tlsMaterial,
  type SecretData,
  type SecretStore,
} from './certificates.ts';

export interface CertificateKeeperOptions {
  readonly cluster: Cluster;
  /** Where the Secrets are. */
  readonly namespace: string;
  /** Begins the Secrets' names. */
  readonly release: string;
  /** Whether to make and renew them, when `mayWrite`; otherwise somebody else does. */
  readonly generate: boolean;
  readonly mayWrite: () => boolean;
  /** The operator's certificates are others. @throws TlsMaterialError where they cannot be used */
  readonly renewed: (material: TlsMaterial) => void;
  readonly logger: Logger;
}

/** Milliseconds between looks. */
const WITHOUT = 1000;
const WITH = 30_000;

export class CertificateKeeper {
  readonly #options: CertificateKeeperOptions;
  readonly #store: SecretStore;
  #abort = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #present: TlsMaterial | undefined;
  #trouble = '';
  #stopped = false;

  constructor(options: CertificateKeeperOptions) {
    this.#options = options;
    this.#store = secretStore(options.cluster, options.namespace);
  }

  /** Whether there are certificates: without them no replica can connect. */
  get ready(): boolean {
    return this.#present !== undefined;
  }

  start(): void {
    this.#done = this.#run();
  }

  /** Looks now instead of later. */
  look(): void {
    this.#abort.abort();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.look();
    await this.#done;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#abort = new AbortController();
      try {
        await this.#keep();
        this.#trouble = '';
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        if (reason !== this.#trouble)
          this.#options.logger.warn({ reason }, 'certificates cannot be kept; trying again');
        this.#trouble = reason;
      }
      const { signal } = this.#abort;
      await sleep(this.ready && this.#trouble === '' ? WITH : WITHOUT, undefined, { signal, ref: false }).catch(
        () => undefined,
      );
    }
  }

  async #keep(): Promise<void> {
    const { release, generate, mayWrite, renewed, logger } = this.#options;
    let material: TlsMaterial | undefined;
    if (generate && mayWrite()) {
      const { operator, written } = await ensureCertificates(this.#store, release, Date.now());
      if (written.length > 0) logger.info({ secrets: written }, 'certificates were made');
      material = operator;
    } else {
      const name = certificateSecrets(release).operator;
      const data = await this.#store.getSecret(name);
      material = data && tlsMaterial(data);
      if (material === undefined) throw new Error(`there is no Secret ${name} with tls.crt, tls.key and ca.crt yet`);
    }
    const { certificate, ca } = this.#present ?? {};
    if (material.certificate === certificate && material.ca === ca) return;
    renewed(material);
    this.#present = material;
    logger.info('certificates are in use');
  }
}

/** A Secret that changed since it was read is not overwritten: the next look finds out what it is now. */
function secretStore(cluster: Cluster, namespace: string): SecretStore {
  const read = new Map<string, KubernetesObject>();
  return {
    async getSecret(name) {
      read.delete(name);
      try {
        const secret = await cluster.get<KubernetesObject & { data?: SecretData }>(SECRETS, namespace, name);
        read.set(name, secret);
        return secret.data ?? {};
      } catch (error) {
        if (error instanceof NotFoundError) return undefined;
        throw error;
      }
    },
    async putSecret(name, data, type) {
      const known = read.get(name);
      const metadata = known?.metadata ?? { name, namespace, labels: { 'app.kubernetes.io/managed-by': 'waxseal' } };
      const secret: KubernetesObject = { apiVersion: 'v1', kind: 'Secret', metadata, type: known?.type ?? type, data };
      read.set(name, known === undefined ? await cluster.create(secret) : await cluster.replace(secret));
    },
  };
}
